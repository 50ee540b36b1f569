"""What every entry point shares: UTF-8 streams, one-line errors, and options that check their values."""

from __future__ import annotations

import argparse
import math
import sys
from typing import NoReturn

from corelab.errors import UserError


def use_utf8() -> None:
    """Let stdout and stderr take any character: a cp950 console must not end a script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def say_error(program: str, error: UserError) -> None:
    """The one line that bad input gets."""
    print(f"{program}: {' '.join(str(error).split())}", file=sys.stderr)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are UserErrors, without the usage in front of them."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see --help)")


def at_least_one(text: str) -> int:
    """An option's value: a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, got {text!r}")
    return int(text)


def seed(text: str) -> int:
    """An option's value: a whole number that every random generator takes."""
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 to {2**63 - 1}, got {text!r}")
    return int(text)


def learning_rate(text: str) -> float:
    """An option's value: a finite learning rate that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(f"must be a finite number of at least 0, got {text!r}")
    return value

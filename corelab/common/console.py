"""What every entry point shares: UTF-8 streams, one-line errors, and options that check their values."""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import NoReturn

from corelab.common.errors import UserError
from corelab.common.i18n import N_, _

argparse._ = _  # type: ignore[attr-defined]  # it asks gettext for its own words: these, from our catalogue
ARGPARSE = (
    N_("usage: "),
    N_("options"),
    N_("positional arguments"),
    N_("show this help message and exit"),
    N_("show program's version number and exit"),
    N_("argument %(argument_name)s: %(message)s"),
    N_("expected one argument"),
    N_("expected at least one argument"),
    N_("invalid choice: %(value)r (choose from %(choices)s)"),
    N_("the following arguments are required: %s"),
    N_("unrecognized arguments: %s"),
    N_("ambiguous option: %(option)s could match %(matches)s"),
    N_("ignored explicit argument %r"),
)


def use_utf8() -> None:
    """Let stdout and stderr take any character: a cp950 console or pipe must not end a script.

    UTF-8 whatever the locale or PYTHONIOENCODING says: what reads a pipe or a file reads UTF-8,
    cp950 has no θ₁ or ŷ, and a Windows console is written to in Unicode anyway.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")


def read_no_more() -> int:
    """Go on for a reader who went away (`| head`): nothing more is written. Returns the exit
    code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def say_error(program: str, error: UserError) -> None:
    """The one line that bad input gets."""
    print(f"{program}: {' '.join(str(error).split())}", file=sys.stderr)


class OneLineParser(argparse.ArgumentParser):
    """An argument parser whose errors are UserErrors, without the usage in front of them."""

    def error(self, message: str) -> NoReturn:
        if message.startswith("argument "):  # which Python 3.10 does not ask gettext for
            name, _colon, told = message.removeprefix("argument ").partition(": ")
            message = _("argument %(argument_name)s: %(message)s") % {
                "argument_name": name,
                "message": told,
            }
        raise UserError(_("{message} (see --help)").format(message=message))


def at_least_one(text: str) -> int:
    """An option's value: a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(
            _("must be a whole number of at least 1, got {text!r}").format(text=text)
        )
    return int(text)


def seed(text: str) -> int:
    """An option's value: a whole number that every random generator takes."""
    if not text.isdecimal() or int(text) >= 2**63:
        wrong = _("must be a whole number from 0 to {largest}, got {text!r}")
        raise argparse.ArgumentTypeError(wrong.format(largest=2**63 - 1, text=text))
    return int(text)


def learning_rate(text: str) -> float:
    """An option's value: a finite learning rate that is not negative."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        raise argparse.ArgumentTypeError(
            _("must be a finite number of at least 0, got {text!r}").format(text=text)
        )
    return value

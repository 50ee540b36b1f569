"""What every entry point shares: UTF-8 streams, one-line errors, and options that are checked."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from corelab.common.errors import UserError
from corelab.common.i18n import N_, _

# argparse's own words, which our parser looks up in our catalogue
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


def discard_stdout() -> int:
    """Send the rest of stdout to /dev/null: its reader has closed the pipe (`| head`).

    Returns the exit code.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1


def print_error(program: str, error: UserError) -> None:
    """Print the one line that bad input gets."""
    print(f"{program}: {' '.join(str(error).split())}", file=sys.stderr)


class OneLineParser(argparse.ArgumentParser):
    """Parse arguments in the language in use; errors are UserErrors, without the usage."""

    def __init__(self, *arguments: Any, **settings: Any):
        with _in_our_words():
            super().__init__(*arguments, **settings)

    def parse_args(self, *arguments: Any, **settings: Any) -> Any:
        """Parse as argparse does. Raises UserError for bad input, SystemExit after --help."""
        with _in_our_words():
            return super().parse_args(*arguments, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise a UserError."""
        if message.startswith("argument "):  # which Python 3.10 does not ask gettext for
            name, _colon, rest = message.removeprefix("argument ").partition(": ")
            told = _("argument %(argument_name)s: %(message)s")
            message = told % {"argument_name": name, "message": rest}
        raise UserError(_("{message} (see --help)"), message=message)


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Let argparse ask our catalogue for its words; a parser of somebody else's keeps its own."""
    module: Any = argparse
    before, module._ = module._, _
    try:
        yield
    finally:
        module._ = before


def positive_int(text: str) -> int:
    """Read an option's value: a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        wrong = _("must be a whole number of at least 1, got {text!r}")
        raise argparse.ArgumentTypeError(wrong.format(text=text))
    return int(text)


def seed_int(text: str) -> int:
    """Read an option's value: a whole number that every random generator takes."""
    if not text.isdecimal() or int(text) >= 2**63:
        wrong = _("must be a whole number from 0 to {largest}, got {text!r}")
        raise argparse.ArgumentTypeError(wrong.format(largest=2**63 - 1, text=text))
    return int(text)


def non_negative_float(text: str) -> float:
    """Read an option's value: a finite number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value >= 0):
        wrong = _("must be a finite number of at least 0, got {text!r}")
        raise argparse.ArgumentTypeError(wrong.format(text=text))
    return value

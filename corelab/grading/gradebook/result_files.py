"""The files that a grader leaves behind, each written whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.files import PARTIAL, write_atomically
from corelab.common.i18n import _


def write(path: Path, text: Iterable[str]) -> None:
    """Write the chunks as a whole file, or leave the old one. Raises UserError if that fails."""
    try:
        write_atomically(path, (chunk.encode("utf-8", "replace") for chunk in text))
    except OSError as error:
        message = _(
            "{path}: cannot be written ({error}); every verdict is kept in the ledger: make room, "
            "or close the program that has it open, then give the same command again"
        )
        raise UserError(message, path=path, error=error.strerror) from None


def remove_partial(folder: Path) -> None:
    """Remove what a killed grader left half written; nobody else may be writing here."""
    for left in folder.glob(f".*{PARTIAL}"):
        left.unlink(missing_ok=True)

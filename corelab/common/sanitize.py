"""Untrusted text (of an answer, a file name, an archive) made harmless to print or to show."""

from __future__ import annotations

import re
import sys
from typing import TextIO

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)?|[@-Z\\^_])"
)
# Control characters (but tab and line break), marks that turn the direction of writing or cannot be
# seen, and surrogates, which no file can hold.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def sanitize(text: str, limit: int = 10_000) -> str:
    """Return printable text of at most `limit` characters, and a mark where it was cut."""
    kept = _ESCAPE_SEQUENCE.sub("", text[: 4 * limit]).replace("\r\n", "\n")
    # A carriage return writes over its line: of a progress bar only the last state is seen.
    kept = "\n".join(line[line.rstrip("\r").rfind("\r") + 1 :] for line in kept.split("\n"))
    kept = _UNSEEN.sub("", kept)
    return kept if len(kept) <= limit and len(text) <= 4 * limit else f"{kept[:limit]}…"


def one_line(text: str, limit: int = 200) -> str:
    """Return the same on one line: for names, titles and messages."""
    return sanitize(" ".join(text[: 4 * limit].split()), limit)


def print_safely(text: str = "", stream: TextIO | None = None) -> None:
    """Print, also where the stream's encoding lacks some of the characters (cp950, ASCII)."""
    stream = stream or sys.stdout
    encoding = getattr(stream, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding), file=stream, flush=True)

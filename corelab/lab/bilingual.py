"""Texts of labs that are written in both languages: docstrings, and what a student is to write."""

from __future__ import annotations

import re

from corelab.common import i18n

_CHINESE = re.compile("[\u4e00-\u9fff]")


def in_one_language(text: str) -> str:
    """Return the part of a bilingual text that is in the language in use.

    A line is "中文 / English", or in one of the two, or both where it is indented, as a command is.
    """
    chinese, lines = i18n.current() == "zh-TW", []
    if not _CHINESE.search(text):
        return text
    for line in text.splitlines():
        zh, slash, en = line.partition(" / ")
        if slash:
            lines.append(zh if chinese else en)
        elif not line.strip() or line.startswith(" ") or bool(_CHINESE.search(line)) is chinese:
            lines.append(line)
    return "\n".join(lines)

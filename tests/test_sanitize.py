"""Hostile text is harmless wherever it is shown."""

import io

import pytest

from corelab.common.sanitize import one_line, print_safely, sanitize


@pytest.mark.parametrize(
    ("hostile", "harmless"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("a\x00b\x08c\x7f", "abc"),
        ("txt\u202egpj.exe", "txtgpj.exe"),
        ("lone \ud800 surrogate", "lone  surrogate"),
        ("10%\r50%\r100%\r\ndone", "100%\ndone"),
        ("中文\u3000字\tx", "中文\u3000字\tx"),
    ],
)
def test_plain(hostile, harmless):
    assert sanitize(hostile) == harmless


def test_plain_is_bounded_and_says_so():
    assert sanitize("a" * 50, 10) == "a" * 10 + "…"
    assert sanitize("a" * 10, 10) == "a" * 10
    assert len(sanitize("\x1b]" * 10**6, 1000)) <= 1001


def test_one_line():
    assert one_line("a\n\n b\tc") == "a b c"


@pytest.mark.parametrize("encoding", ["ascii", "cp950", "utf-8"])
def test_say_never_fails(encoding):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    print_safely("✓ 批次 ≤ \U0001f600", stream)
    assert stream.buffer.getvalue()

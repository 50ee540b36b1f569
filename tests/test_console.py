"""Streams, one-line errors and options that check their values."""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corelab.common import i18n
from corelab.common.console import (
    OneLineParser,
    non_negative_float,
    positive_int,
    print_error,
    seed_int,
    use_utf8,
)
from corelab.common.errors import UserError

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize("encoding", ["cp950", "ascii", "utf-8"])
def test_any_character_can_be_printed_whatever_the_stream_was(monkeypatch, encoding):
    streams = {
        name: io.TextIOWrapper(io.BytesIO(), encoding=encoding) for name in ("stdout", "stderr")
    }
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    use_utf8()
    print("✓ ✗ ⚠ ≤ ≥ θ₁ 批次 學習率")
    print("η = 0.1 ✓", file=sys.stderr)
    for stream in streams.values():
        stream.flush()
    assert streams["stdout"].buffer.getvalue().decode("utf-8").strip() == "✓ ✗ ⚠ ≤ ≥ θ₁ 批次 學習率"
    assert streams["stderr"].buffer.getvalue().decode("utf-8").strip() == "η = 0.1 ✓"


def test_a_lone_surrogate_does_not_end_a_script(monkeypatch):
    """As in a file name that is no UTF-8."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="cp950")
    monkeypatch.setattr(sys, "stdout", stream)
    use_utf8()
    print("folder \udce9")
    stream.flush()
    assert stream.buffer.getvalue() == b"folder ?\n"


def test_streams_that_cannot_be_changed_are_left_alone(monkeypatch):
    """In a notebook, and without a console on Windows."""
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setattr(sys, "stderr", None)
    use_utf8()


def test_an_error_is_one_line(capsys):
    print_error("corelab", UserError("first\n  second\nthird"))
    assert capsys.readouterr() == ("", "corelab: first second third\n")


def test_a_parser_raises_instead_of_exiting():
    parser = OneLineParser("lab")
    parser.add_argument("--epochs", type=positive_int)
    with pytest.raises(UserError) as caught:
        parser.parse_args(["--epochs", "0"])
    assert (
        str(caught.value)
        == "argument --epochs: must be a whole number of at least 1, got '0' (see --help)"
    )
    with pytest.raises(UserError, match="unrecognized arguments: --colour"):
        parser.parse_args(["--colour", "red"])


def test_another_parser_keeps_its_own_words(capsys):
    i18n.use("zh-TW")
    for parser, words in (
        (OneLineParser("ours"), "用法"),
        (argparse.ArgumentParser("x"), "usage:"),
    ):
        with pytest.raises(SystemExit):
            parser.parse_args(["--help"])
        assert capsys.readouterr().out.startswith(words)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (positive_int, "1", 1),
        (positive_int, "60000", 60000),
        (non_negative_float, "0.02", 0.02),
        (non_negative_float, "1e-3", 0.001),
        (non_negative_float, "0", 0.0),
        (seed_int, "0", 0),
        (seed_int, "9223372036854775807", 2**63 - 1),
    ],
)
def test_values_that_make_sense(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [(positive_int, text) for text in ("0", "-1", "1.5", "1e3", "ten", "", "nan", "²")]
    + [(non_negative_float, text) for text in ("-0.1", "nan", "inf", "-inf", "0,02", "", "fast")]
    + [(seed_int, text) for text in ("-1", "x", "1.0", "9223372036854775808", "9" * 30)],
)
def test_values_that_do_not(kind, text):
    with pytest.raises(argparse.ArgumentTypeError, match="must be a") as caught:
        kind(text)
    assert repr(text) in str(caught.value)


# Every entry point in one process, each with streams of the encoding anew, as a pipe gives it
EVERYTHING = """
import json, os, runpy, sys
codes = {}
for arguments in json.loads(sys.argv[1]):
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        stream.reconfigure(encoding=os.environ["PYTHONIOENCODING"], errors="strict")
    sys.argv = arguments
    try:
        if arguments[0] == "corelab":
            from corelab.cli import main
            codes[" ".join(arguments)] = main(arguments[1:])
        else:
            runpy.run_path(arguments[0], run_name="__main__")
            codes[arguments[0]] = 0
    except SystemExit as end:
        codes[" ".join(arguments)] = end.code
print(json.dumps(codes))
"""


@pytest.fixture(scope="module")
def consoles(tmp_path_factory):
    """The two processes at once: their output, decoded as what it should be, and what it told of
    errors."""
    solutions = sorted(path for path in (PROJECT / "solutions").glob("*.py"))
    assert len(solutions) == 6
    children = {}
    checked = ["corelab", "check", str(solutions[0]), "--seed", "1"]
    for encoding, language, command in (
        ("cp950", "zh-TW", checked),
        ("ascii", "en", ["corelab", "parity"]),
    ):
        out = tmp_path_factory.mktemp(encoding)
        commands = [
            [str(path), "--limit", "60", "--out", str(out / path.stem)] for path in solutions
        ]
        for arguments in commands[1:]:  # the first exercise has no epochs
            arguments += ["--epochs", "1"]
        commands += [["corelab", "--help"], [str(solutions[0]), "--help"], command]
        children[encoding] = subprocess.Popen(
            [sys.executable, "-c", EVERYTHING, json.dumps(commands)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"PYTHONIOENCODING": encoding, "CORELAB_LANG": language},
        )
    return {encoding: child.communicate() for encoding, child in children.items()}


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("cp950", ("訓練交叉熵", "30 / 30 分")), ("ascii", ("training cross-entropy", "from g⁰²"))],
)
def test_nothing_ends_for_want_of_a_character(consoles, encoding, said):
    out, err = consoles[encoding]
    *shown, codes = out.splitlines()
    assert err == ""
    codes = json.loads(codes)
    assert len(codes) == 9
    assert codes == dict.fromkeys(codes, 0)
    text = "\n".join(shown)
    for expected in (*said, "θ₁", "[OK]"):
        assert expected in text
    assert "\ufffd" not in text

"""The command `corelab`: it answers at once, and says what is wrong in one line."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import corelab
from corelab import cli
from corelab.common.errors import UserError


@pytest.fixture(scope="module")
def without_torch():
    """In one fresh process: what --version, --help and each command's --help print, and what they
    import."""
    code = """
import contextlib, io, json, re, sys
from corelab.cli import main

def ask(*arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = end.code or 0
    heavy = sorted({"torch", "numpy", "matplotlib"} & {*sys.modules})
    return {"code": code, "out": out.getvalue(), "heavy": heavy}

answers = {"--version": ask("--version"), "--help": ask("--help")}
listed = answers["--help"]["out"].split("commands:")[1]
for command in re.findall(r"^    (\\w+)", listed, re.MULTILINE):
    answers[command] = ask(command, "--help")
print(json.dumps(answers))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert ran.stderr == ""
    return json.loads(ran.stdout)


def test_help_of_everything_comes_without_torch(without_torch):
    assert {"--version", "--help", "handout"} <= set(without_torch)
    for question, answer in without_torch.items():
        assert answer["code"] == 0, question
        assert answer["heavy"] == [], question
        assert answer["out"].strip(), question


def test_help_says_what_a_command_does(without_torch):
    assert re.search(r"handout +write what students get", without_torch["--help"]["out"])
    assert "--out DIR" in without_torch["handout"]["out"]


def test_version_is_the_installed_one(without_torch):
    assert without_torch["--version"]["out"] == f"corelab {corelab.__version__}\n"
    assert importlib.metadata.version("corelab-kit") == corelab.__version__


def test_the_command_is_installed():
    command = Path(sys.executable).with_name("corelab")
    ran = subprocess.run([command, "nonsense"], capture_output=True, encoding="utf-8", check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("corelab: ")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "invalid choice: 'nonsense'"),
        ([], "required: COMMAND"),
        (["handout", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["handout", "--out"], "expected one argument"),
        (["--nonsense"], ""),
    ],
)
def test_bad_input_is_one_line_and_code_2(capsys, arguments, said):
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("corelab: ")
    assert said in err
    assert err.count("\n") == 1


WORDS = re.compile(r"(?<!-)\b[a-z]{2,} [a-z]{2,}\b")


def help_of(capsys, *arguments: str) -> str:
    with pytest.raises(SystemExit):
        cli.main([*arguments, "--help"])
    return capsys.readouterr().out


def commands(help_: str) -> list[str]:
    return re.findall(r"^    ([a-z]+)", help_, re.MULTILINE)


def test_every_word_of_every_help_can_be_translated(capsys, untranslated):
    for command in ([], *([name] for name in commands(help_of(capsys)))):
        usage, _, rest = help_of(capsys, *command).partition("\n\n")
        of_the_program = {*untranslated(usage), *commands(rest), "help"}
        assert "lang" in of_the_program, command  # every command can be asked in either language
        assert {*untranslated(rest)} <= of_the_program, command


@pytest.mark.parametrize(
    "arguments", [["--lang", "zh-TW"], ["--lang", "en", "grade", "--lang=zh-TW"]]
)
def test_help_in_chinese(capsys, arguments):
    told = help_of(capsys, *arguments)
    assert "顯示的語言" in told
    assert not WORDS.search(told.partition("\n\n")[2]), told


def test_the_language_of_the_environment_and_of_an_abbreviated_option(capsys, monkeypatch):
    monkeypatch.setenv("CORELAB_LANG", "zh-TW")
    assert "顯示的語言" in help_of(capsys, "handout")
    assert cli.main(["handout", "--out", "/dev/null/nowhere", "--la", "en"]) == 2
    assert not re.search("[\u4e00-\u9fff]", capsys.readouterr().err)


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], [], ["check", "--nonsense", "x"], ["check", "x", "--jobs"],
     ["check", "x", "--seed", "-1"], ["grade", "--out"], ["--lang", "fr"],
     ["check", "nowhere.py"], ["grade", "nowhere", "--out", "x"]],
)  # fmt: skip
def test_bad_input_is_one_line_in_chinese(capsys, arguments, monkeypatch):
    monkeypatch.setenv("CORELAB_LANG", "zh-TW")
    assert cli.main(arguments) == 2
    err = capsys.readouterr().err
    assert err.startswith("corelab: ")
    assert err.count("\n") == 1
    assert re.search("[\u4e00-\u9fff]", err)
    assert not WORDS.search(err), err


def test_a_language_that_there_is_not(capsys):
    assert cli.main(["check", "x.py", "--lang", "fr"]) == 2
    err = capsys.readouterr().err
    assert re.fullmatch(
        r"corelab: .*--lang: invalid choice: 'fr' \(choose from '?zh-TW'?, '?en'?\).*\n", err
    )


def test_handout_writes_labs_from_solutions_or_a_folder(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr("corelab.handout.strip.project", lambda: tmp_path)
    monkeypatch.setattr(
        "corelab.handout.strip.write_labs",
        lambda *given: asked.append(given) or [tmp_path / "a.py"],
    )
    monkeypatch.setattr(
        "corelab.handout.strip.write_handout", lambda out: asked.append(out) or [out / "labs"]
    )
    assert cli.main(["handout"]) == 0
    assert cli.main(["handout", "--out", str(tmp_path / "out")]) == 0
    assert asked == [(tmp_path / "solutions", tmp_path / "labs"), tmp_path / "out"]
    assert capsys.readouterr().out.split() == [
        str(tmp_path / "a.py"),
        str(tmp_path / "out" / "labs"),
    ]


@pytest.mark.parametrize(
    ("error", "code"), [(UserError("no\nsuch folder"), 2), (KeyboardInterrupt(), 130)]
)
def test_how_a_command_ends(monkeypatch, capsys, error, code):
    def stop(_):
        raise error

    monkeypatch.setattr("corelab.handout.strip.write_handout", stop)
    assert cli.main(["handout", "--out", "somewhere"]) == code
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert err == ("corelab: no such folder\n" if code == 2 else "")


def test_a_reader_who_goes_away_is_no_error(tmp_path: Path):
    reading, writing = os.pipe()
    os.close(reading)  # as `| head` does
    command = [sys.executable, "-m", "corelab.cli", "handout", "--out", str(tmp_path / "handout")]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, "")

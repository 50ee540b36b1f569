"""What holds for every exercise, also for one that is yet to be written."""

from __future__ import annotations

import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from answers import judge, run, solution

from corelab.common.errors import UserError
from corelab.common.i18n import translations
from corelab.grading import exercises
from corelab.handout.strip import strip

NAMES = exercises.names()


def test_there_are_three():
    assert NAMES == ["corelab1", "corelab2", "corelab3"]
    assert [exercises.load(name).POINTS for name in NAMES] == [30, 30, 40]
    with pytest.raises(
        UserError, match="must be one of corelab1, corelab2, corelab3, got 'corelab4'"
    ):
        exercises.load("corelab4")


def test_loading_and_judging_need_no_torch():
    code = (
        "import sys; from corelab.grading import exercises; from corelab.grading.verdicts import Outcome\n"
        "for e in map(exercises.load, exercises.names()):\n"
        "    sent, kept = e.draw(1); e.judge(sent, kept, Outcome('finished', 'limits only'))\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", NAMES)
def test_it_says_what_it_asks_in_both_languages(name: str):
    exercise = exercises.load(name)
    assert solution(name).startswith('"""Corelab 題目')
    checks = exercise.CHECKS
    assert sum(ask.points for ask in checks.values()) == exercise.POINTS
    for text in [exercise.TITLE, *(t for ask in checks.values() for t in (ask.title, ask.help))]:
        assert re.search(r"[\u4e00-\u9fff]", translations("zh-TW").gettext(text))
        assert re.search(r"[A-Za-z]{3}", text)
        assert not re.search(r"[\u4e00-\u9fff]", text)


@pytest.mark.parametrize("name", NAMES)
def test_hidden_data_are_drawn_from_the_seed(name: str):
    exercise = exercises.load(name)
    (sent, _), (again, _), (other, _) = (exercise.draw(seed) for seed in (5, 5, 6))
    assert all(np.array_equal(sent[key], again[key]) for key in sent)
    assert any(
        sent[key].shape != other[key].shape or (sent[key] != other[key]).any() for key in sent
    )
    # What the sandbox carries: plain arrays of numbers, no more of them than it takes.
    assert all(type(array) is np.ndarray and array.dtype.kind in "fiu" for array in sent.values())
    assert sum(array.nbytes for array in sent.values()) < 10_000_000


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_verdict(name: str):
    first, second = (judge(name, solution(name), seed=7) for _ in range(2))
    assert first == second


def test_sizes_are_not_divided_by_the_batch_size():
    for seed in range(40):
        sent, _ = exercises.load("corelab1").draw(seed)
        assert len(sent["ragged.targets"]) % int(sent["ragged.batch_size"])
        assert len(sent["default.targets"]) % 100
        for name, part in (
            ("corelab2", "observed"),
            ("corelab3", "learner"),
            ("corelab3", "default"),
        ):
            sent, _ = exercises.load(name).draw(seed)
            assert len(sent[f"{part}.targets"]) % int(sent[f"{part}.batch_size"])


SMALL = ["--limit", "300", "--no-progress", "--device", "cpu", "--lang", "en"]


def run_as_script(
    name: str, source: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str
) -> None:
    script = folder / exercises.load(name).FILE
    script.write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", [str(script), "--out", str(folder / "out"), *SMALL, *more])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    runpy.run_path(str(script), run_name="__main__")


@pytest.mark.parametrize("name", NAMES)
def test_a_complete_answer_does_the_exercise(name: str, tmp_path, monkeypatch, capsys):
    more = [] if name == "corelab1" else ["--epochs", "2"]
    run_as_script(name, solution(name), tmp_path, monkeypatch, *more)
    said = capsys.readouterr().out
    assert "cross-entropy" in said
    assert len(re.findall(r"\b\d\.\d{3}", said)) >= 3
    if name == "corelab3":
        assert (tmp_path / "out" / "loss.png").stat().st_size > 10_000


@pytest.mark.parametrize("name", NAMES)
def test_the_hand_out_says_in_one_line_what_to_write(name: str, tmp_path, run_script):
    script = tmp_path / exercises.load(name).FILE
    script.write_text(strip(solution(name)), encoding="utf-8")
    ran = run_script(script, "--out", tmp_path / "out", "--lang", "en", *SMALL)
    assert ran.code == 1
    assert re.fullmatch(r"not written yet: .*write \w+\n", ran.err)


def test_the_observation_is_read_and_bounded():
    exercise = exercises.load("corelab3")
    sent, _ = exercise.draw(0)
    said = solution("corelab3").replace('OBSERVATION = ""', "OBSERVATION = '愈來愈慢' * 9000")
    text = exercise.observation(run("corelab3", said, sent))
    assert text.startswith("愈來愈慢愈來愈慢")
    assert len(text.encode()) <= 4000 + 3
    silent = solution("corelab3").replace('OBSERVATION = ""', "")
    assert exercise.observation(run("corelab3", silent, sent)) == ""

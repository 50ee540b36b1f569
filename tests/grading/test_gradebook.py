"""gradebook.csv and Gradescope's results.json."""

import csv
import errno
import io
import json
import os
from pathlib import Path

import pytest
from books import NASTY, exercises, graded, students, unsettled, verdict

from corelab.common.errors import UserError
from corelab.grading.exercises.evidence.feedback import HELP
from corelab.grading.gradebook.class_csv import cell_text, class_csv
from corelab.grading.gradebook.gradescope_json import gradescope_json
from corelab.grading.gradebook.result_files import write
from corelab.grading.verdicts import Verdict


def table() -> list[dict[str, str]]:
    text = class_csv(students(), exercises())
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_header_and_the_mark_for_excel():
    assert class_csv(students(), exercises()).startswith(
        "\ufeffstudent,corelab1,corelab2,corelab3,total,status\nalice,30,30,40,100,graded\n"
    )


def test_every_status_is_visible():
    statuses = {line["student"]: line["status"] for line in table()}
    assert statuses == {
        "alice": "graded",
        "bob": "corelab2: missing",
        "carol": "corelab2: could not check (20 of 30 points)",
        "dave": "corelab1: unreadable",
        "eve": "corelab3: crashed",
    }
    nothing = [
        Verdict(name, "missing", points=exercise.POINTS) for name, exercise in exercises().items()
    ]
    assert graded("zoe", *nothing).status == "missing"
    assert graded("zoe", *nothing).total == 0


def test_points_that_could_not_be_checked_are_pending_not_lost():
    carol = next(line for line in table() if line["student"] == "carol")
    assert (carol["corelab1"], carol["corelab2"], carol["total"]) == ("30", "", "")
    whole = graded("x", Verdict("corelab1", "could not check", points=30.0))
    assert whole.status == "corelab1: could not check (30 of 30 points)"
    assert whole.total is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_is_a_formula(text):
    assert cell_text(text) == f"'{text}"
    assert class_csv([graded(text)], exercises()).split("\n")[1].lstrip('"').startswith("'")


def test_gradescopes_form_to_the_letter():
    for one in students():
        results = json.loads(gradescope_json(one, exercises()), parse_constant=pytest.fail)
        assert isinstance(results["score"], float)
        assert isinstance(results["execution_time"], float)
        assert isinstance(results["output"], str)
        assert results["output_format"] == "text"
        assert (
            results["visibility"]
            == results["stdout_visibility"].replace("hidden", "visible")
            == "visible"
        )
        assert results["score"] == sum(test["score"] for test in results["tests"])
        assert sum(test["max_score"] for test in results["tests"]) == 100
        for test in results["tests"]:
            assert set(test) - {"status"} == {
                *("score", "max_score", "name", "number", "output", "output_format", "tags"),
                *("visibility", "extra_data"),
            }
            assert test["visibility"] == "visible"
            assert test.get("status") in ("passed", "failed", None)
            assert all(isinstance(tag, str) for tag in test["tags"])
        assert len({test["number"] for test in results["tests"]}) == len(results["tests"])


def test_a_failed_check_says_why_and_names_the_mistake():
    results = json.loads(gradescope_json(graded("bob", verdict(passed=False)), exercises()))
    failed = next(test for test in results["tests"] if test.get("status") == "failed")
    assert failed["tags"] == ["sum-instead-of-mean"]
    assert failed["number"] == "1.2"
    assert failed["output"] == f"expected: 1.5\ngot: 150\ntry: {HELP['sum-instead-of-mean']}"


def test_what_could_not_be_checked_has_neither_status_and_says_so():
    results = json.loads(gradescope_json(graded("carol", unsettled()), exercises()))
    (test,) = (test for test in results["tests"] if "status" not in test)
    assert test["output"].startswith("could not check")
    assert results["extra_data"]["exercises"]["corelab2"]["points_pending"] == 20


def test_hostile_text_stays_text():
    results = json.loads(gradescope_json(students()[-1], exercises()))
    assert results["tests"][-1]["name"] == NASTY
    assert results["tests"][-1]["output_format"] == "text"


@pytest.mark.parametrize(
    ("owner", "call", "error"),
    [
        (os, "fsync", OSError(errno.ENOSPC, "No space left on device")),
        (Path, "replace", PermissionError(errno.EACCES, "open in another program")),
    ],
)
def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch, owner, call, error):
    path = tmp_path / "results" / "a.json"
    write(path, ["old"])

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(owner, call, fail)
    with pytest.raises(UserError, match=f"{error.strerror}.*every verdict is kept"):
        write(path, ["new"])
    assert path.read_text(encoding="utf-8") == "old"
    assert list(path.parent.iterdir()) == [path]

"""`corelab check`: a student's own answers, every check with its reason."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

from wcwidth import wcswidth

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.common.sanitize import one_line, print_safely
from corelab.grading import judge
from corelab.grading.exercises.evidence.feedback import CheckText, check_texts
from corelab.grading.gradebook.graded import format_points
from corelab.grading.sandbox.sandbox import Limits, Sandbox
from corelab.grading.submissions.archives import FileRef
from corelab.grading.submissions.find import Answer, exercise_of
from corelab.grading.submissions.source import SUFFIXES
from corelab.grading.verdicts import Check, Isolation, Verdict

MARK = {
    "passed": "[OK]",
    "failed": "[X] ",
    "could not check": "[?] ",
}  # every console has these letters
_LINES = 20


def check(
    files: Sequence[Path],
    *,
    seed: int | None = None,
    isolation: Isolation | None = None,
    limits: Limits | None = None,
) -> int:
    """Judge each file as the grader would, and print what holds and what does not.

    Returns 0, or 1 where something does not hold.

    Raises UserError for a file that answers no exercise.
    """
    exercises = judge.load_exercises()
    asked = [(path, _exercise(path, judge.stems(exercises))) for path in files]
    seed = secrets.randbelow(2**63) if seed is None else seed
    passed = True
    with Sandbox(limits, isolation, preload=("torch",)) as sandbox:
        for path, name in asked:
            exercise = exercises[name]
            verdict = judge.judge_file(sandbox, exercise, Answer(path.name, FileRef(path)), seed)
            print_safely(f"{_(exercise.TITLE)}\n{one_line(str(path))}")
            print_safely("\n".join(_lines(exercise, verdict)))
            passed &= verdict.status == "graded" and all(
                check.outcome == "passed" for check in verdict.checks
            )
    print_safely(_("To repeat this with the same hidden data: --seed {seed}").format(seed=seed))
    return 0 if passed else 1


def _exercise(path: Path, stems: dict[str, str]) -> str:
    name = exercise_of(path.name, stems)
    names = _(" or ").join(stems.values())
    if not path.is_file():
        message = _("{path}: no such file; expected one named after {names}")
        raise UserError(message, path=path, names=names)
    if not name or path.suffix.lower() not in SUFFIXES:
        message = _("{path}: expected a .py or .ipynb named after {names}")
        raise UserError(message, path=path, names=names)
    return name


def _lines(exercise: ModuleType, verdict: Verdict) -> Iterable[str]:
    width = max((len(_points(check)) for check in verdict.checks), default=0)
    for check, text in zip(verdict.checks, check_texts(exercise, verdict), strict=True):
        yield f"{MARK[check.outcome]} {_points(check):>{width}}  {text.title}"
        yield from _explanation(check, text)
    if verdict.message and all(verdict.message != check.got for check in verdict.checks):
        unsettled = verdict.status == "could not check"
        yield f"{MARK['could not check' if unsettled else 'failed']} {verdict.message}"
    if verdict.status != "graded" and verdict.output:
        yield _("what it printed, at the end:")
        yield from (f"    {line}" for line in verdict.output.rstrip().split("\n")[-_LINES:])
    score, points = format_points(verdict.score), format_points(verdict.points)
    graded = verdict.status == "graded"
    told = _("{score} / {points} points") if graded else _("{score} / {points} points, {status}")
    yield told.format(score=score, points=points, status=_(verdict.status)) + "\n"


def _points(check: Check) -> str:
    return f"{format_points(check.score)}/{format_points(check.points)}"


def _explanation(check: Check, text: CheckText) -> Iterable[str]:
    parts = {_("codes"): ", ".join(check.codes)}
    if check.outcome == "passed":
        parts = {_("advice"): text.help} | parts
    else:
        parts = {_("expected"): text.expected, _("got"): text.got, _("try"): text.help} | parts
    labelled = [(_("{word}:").format(word=word), text) for word, text in parts.items()]
    width = (
        max(wcswidth(label) for label, _told in labelled) + 1
    )  # columns: 中文 takes two a character
    for label, told in labelled:
        for line in told.splitlines():
            yield f"     {label}{' ' * (width - wcswidth(label))}{one_line(line, 500)}"
            label = ""

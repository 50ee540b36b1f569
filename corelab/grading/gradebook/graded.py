"""The books: what a student earned, as Gradescope's results.json and as a line of gradebook.csv.

Points that could not be checked are nobody's loss: they are pending. The cell of such an exercise and the
total stay empty, and `status` tells what is pending, so that no grade is taken for final that is not.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from corelab.common.errors import UserError
from corelab.common.i18n import N_, _
from corelab.grading.gradebook.ledger import Row
from corelab.grading.submissions.find import Student
from corelab.grading.verdicts import Check, Verdict

Exercises = Mapping[str, ModuleType]  # by short name, `corelab1`


@dataclass(frozen=True)
class Graded:
    """One student with a row of the ledger for every exercise."""

    student: Student
    rows: Mapping[str, Row]

    def score(self, exercise: str) -> float | None:
        """The points earned; None while some could not be checked."""
        verdict = self.rows[exercise].verdict
        return None if pending(verdict) else round(verdict.score, 2)

    @property
    def total(self) -> float | None:
        scores = [self.score(exercise) for exercise in self.rows]
        return (
            None
            if None in scores
            else round(sum(score for score in scores if score is not None), 2)
        )

    @property
    def status(self) -> str:
        """`graded`, or what else is to be told of each exercise: for scripts, in no language but
        English."""
        return self.told(str)

    def told(self, translate: Callable[[str], str] = _) -> str:
        """The same for a person to read."""
        by_exercise = {
            exercise: told(row.verdict, translate) for exercise, row in self.rows.items()
        }
        if len(set(by_exercise.values())) == 1:
            return next(iter(by_exercise.values()))
        graded = translate("graded")
        parts = (
            translate(N_("{name}: {told}")).format(name=exercise, told=text)
            for exercise, text in by_exercise.items()
            if text != graded
        )
        return translate(N_("; ")).join(parts)


def pending(verdict: Verdict) -> float:
    """The points that could not be checked."""
    if verdict.status == "could not check" and not verdict.checks:
        return verdict.points
    return sum(check.points for check in verdict.checks if check.outcome == "could not check")


def told(verdict: Verdict, translate: Callable[[str], str] = _) -> str:
    """A verdict's status, and the points that are pending."""
    status = translate(verdict.status)
    if not (points := pending(verdict)):
        return status
    message = translate(N_("{status} ({pending} of {points} points)"))
    return message.format(status=status, pending=number(points), points=number(verdict.points))


def ran(verdict: Verdict) -> bool:
    """Whether there was an answer to run: else its seed and isolation say nothing."""
    return verdict.status not in ("missing", "unreadable")


def number(value: float) -> str:
    return f"{round(value, 2):g}"


# ---- gradebook.csv -------------------------------------------------------------------------------


def gradebook_csv(class_: Iterable[Graded], exercises: Exercises) -> str:
    """The class, a line a student; begins with the mark that makes Excel read UTF-8."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["student", *exercises, "total", "status"])
    for graded in class_:
        points = [*map(graded.score, exercises), graded.total]
        cells = ["" if value is None else number(value) for value in points]
        writer.writerow([cell_text(graded.student.id), *cells, cell_text(graded.status)])
    return "\ufeff" + table.getvalue()


def cell_text(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r＝＋－＠") else text


# ---- results/<student>.json ----------------------------------------------------------------------


def gradescope_json(graded: Graded, exercises: Exercises) -> str:
    """One student's results in the form that Gradescope reads: strict JSON, nothing in it
    hidden."""
    rows = graded.rows
    results = {
        "score": round(sum(row.verdict.score for row in rows.values()), 2),
        "execution_time": round(sum(row.verdict.seconds for row in rows.values()), 3),
        "output": "\n".join(_summary(name, row) for name, row in rows.items()),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "student": graded.student.id,
            "name": graded.student.name,
            "status": graded.status,
            "exercises": {name: _about(row) for name, row in rows.items()},
        },
        "tests": [
            test
            for n, (name, exercise) in enumerate(exercises.items(), 1)
            for test in _tests(n, name, exercise, rows[name].verdict)
        ],
    }
    return json.dumps(results, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _summary(name: str, row: Row) -> str:
    verdict = row.verdict
    lines = [f"{name}: {number(verdict.score)} / {number(verdict.points)} ({told(verdict)})"]
    lines += [text for text in (verdict.message, row.note) if text]
    return "\n  ".join(lines)


def _about(row: Row) -> dict[str, object]:
    verdict = row.verdict
    return {
        "status": verdict.status,
        "score": round(verdict.score, 2),
        "points": verdict.points,
        "points_pending": pending(verdict),
        "message": verdict.message,
        "note": row.note,
        "observation": verdict.observation,
        "output": verdict.output,
        "seed": verdict.seed if ran(verdict) else None,
        "isolation": verdict.isolation if ran(verdict) else None,
        "seconds": round(verdict.seconds, 3),
    }


def _tests(n: int, name: str, exercise: ModuleType, verdict: Verdict) -> list[dict[str, object]]:
    """An exercise's checks as tests; one test for all of an exercise that has none, as it did not
    run."""
    if not verdict.checks:
        unsettled = verdict.status == "could not check"
        whole = Check(
            name, _(exercise.TITLE), verdict.points, "could not check" if unsettled else "failed"
        )
        return [_test(f"{n}.1", name, whole, verdict.message or _(verdict.status))]
    return [
        _test(f"{n}.{k}", name, check, explained(check))
        for k, check in enumerate(verdict.checks, 1)
    ]


def _test(number_: str, exercise: str, check: Check, output: str) -> dict[str, object]:
    # A check that could not be made has neither of Gradescope's two statuses.
    status = {} if check.outcome == "could not check" else {"status": check.outcome}
    return {
        "score": round(check.score, 2),
        "max_score": check.points,
        **status,
        "name": check.title,
        "number": number_,
        "output": output,
        "output_format": "text",
        "tags": list(check.tags),
        "visibility": "visible",
        "extra_data": {"exercise": exercise, "check": check.name, "outcome": check.outcome},
    }


def explained(check: Check) -> str:
    """What a check found, in a few lines."""
    lines: list[str] = [_(check.outcome)] if check.outcome == "could not check" else []
    parts = {
        _("expected"): check.expected,
        _("got"): check.got,
        _("advice") if check.outcome == "passed" else _("try"): check.help,
    }
    lines += [
        _("{name}: {told}").format(name=word, told=text) for word, text in parts.items() if text
    ]
    return "\n".join(lines)


# ---- files ---------------------------------------------------------------------------------------


def write(path: Path, text: Iterable[str]) -> None:
    """Writes a whole file or leaves the old one. Raises UserError where that cannot be done."""
    part = path.with_name(
        f"{path.name}.part"
    )  # one name, so that what a killed grader left is written over
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", errors="replace", newline="") as file:
            file.writelines(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        message = _(
            "{path}: cannot be written ({error}); every verdict is kept in the ledger: make room, or close "
            "the program that has it open, then give the same command again"
        )
        raise UserError(message.format(path=path, error=error.strerror)) from None

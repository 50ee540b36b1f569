"""One student with all verdicts: the points earned, those that are pending, and a status.

Points that could not be checked are nobody's loss: they are pending. Such an exercise and the total
have no points yet, and the status says what is pending, so that no grade is taken for final that is
not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

from corelab.common.i18n import N_, _
from corelab.grading.gradebook.ledger import Row
from corelab.grading.submissions.find import Student
from corelab.grading.verdicts import Verdict

Exercises = Mapping[str, ModuleType]  # by short name, `corelab1`


@dataclass(frozen=True)
class Graded:
    """One student with a row of the ledger for every exercise."""

    student: Student
    rows: Mapping[str, Row]

    def score(self, exercise: str) -> float | None:
        """Return the points earned; None while some could not be checked."""
        verdict = self.rows[exercise].verdict
        return None if pending(verdict) else round(verdict.score, 2)

    @property
    def total(self) -> float | None:
        """The points of all exercises; None while some could not be checked."""
        scores = [self.score(exercise) for exercise in self.rows]
        known = [score for score in scores if score is not None]
        return round(sum(known), 2) if len(known) == len(scores) else None

    @property
    def status(self) -> str:
        """`graded`, or what else there is to say of each exercise: for scripts, in English."""
        return self.status_text(str)

    def status_text(self, translate: Callable[[str], str] = _) -> str:
        """Return the status for a person to read."""
        by_exercise = {name: status_text(row.verdict, translate) for name, row in self.rows.items()}
        if len(set(by_exercise.values())) == 1:
            return next(iter(by_exercise.values()))
        graded, pair = translate("graded"), translate(N_("{name}: {told}"))
        parts = (
            pair.format(name=exercise, told=text)
            for exercise, text in by_exercise.items()
            if text != graded
        )
        return translate(N_("; ")).join(parts)


def pending(verdict: Verdict) -> float:
    """Return the points that could not be checked."""
    if verdict.status == "could not check" and not verdict.checks:
        return verdict.points
    return sum(check.points for check in verdict.checks if check.outcome == "could not check")


def status_text(verdict: Verdict, translate: Callable[[str], str] = _) -> str:
    """Return a verdict's status, and the points that are pending."""
    status = translate(verdict.status)
    if not (points := pending(verdict)):
        return status
    message = translate(N_("{status} ({pending} of {points} points)"))
    whole = format_points(verdict.points)
    return message.format(status=status, pending=format_points(points), points=whole)


def ran(verdict: Verdict) -> bool:
    """Return whether there was an answer to run: else its seed and isolation say nothing."""
    return verdict.status not in ("missing", "unreadable")


def format_points(value: float) -> str:
    """Return points with at most two decimals."""
    return f"{round(value, 2):g}"

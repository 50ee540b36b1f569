"""The records that pass through the grader: what ran, what was checked, what it earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from corelab.common.i18n import N_, Text
from corelab.grading.sandbox.outcome import Arrays, Isolation, Outcome, RunStatus

__all__ = [
    "WORDS",
    "Arrays",
    "Check",
    "CheckOutcome",
    "Isolation",
    "Outcome",
    "RunStatus",
    "Verdict",
    "VerdictStatus",
]

CheckOutcome = Literal["passed", "failed", "could not check"]
VerdictStatus = Literal[
    "graded", "missing", "unreadable", "timed out", "crashed", "could not check"
]

# Kept as they are, and read by scripts; translated where a person reads them.
WORDS = (
    *(N_("passed"), N_("failed"), N_("graded"), N_("missing"), N_("unreadable"), N_("timed out")),
    *(N_("crashed"), N_("could not check")),
    *(N_("namespaces"), N_("separate user"), N_("limits only")),
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what it earned."""

    name: str
    """Stable and short, unique in its exercise: `batch-means`. Title and help are the exercise's
    own, and found by it."""
    points: float
    outcome: CheckOutcome
    expected: Text = ""
    got: Text = ""
    codes: tuple[str, ...] = ()
    """Of mistakes, such as `sum-instead-of-mean`; none where the evidence names none. Where it
    passed, of advice, which costs nothing."""
    earned: float | None = None
    """Points earned; all of them when passed and none when failed, unless said otherwise."""

    @property
    def score(self) -> float:
        if self.earned is not None:
            return self.earned
        return self.points if self.outcome == "passed" else 0.0


@dataclass(frozen=True)
class Verdict:
    """The judgement of one answer to one exercise."""

    exercise: str
    status: VerdictStatus
    checks: tuple[Check, ...] = ()
    points: float = 0.0
    """The most that this exercise gives."""
    message: Text = ""
    ended: RunStatus = "finished"
    """How its run ended."""
    seed: int = 0
    """The seed that the hidden data were drawn from: the same seed gives the same verdict."""
    isolation: Isolation = "limits only"
    seconds: float = 0.0
    output: str = ""
    """What the answer printed, cut to a bound: untrusted text, for display only."""
    observation: str = ""
    remarks: tuple[str, ...] = ()
    """Names in the answer that an instructor should look at. They cost nothing."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """Of the kit and of torch, by their names."""

    @property
    def score(self) -> float:
        return sum(check.score for check in self.checks)

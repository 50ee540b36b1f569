"""The records that pass through the grader: what ran, what was checked, what it earned."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from corelab.common.i18n import N_, shown
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

# These words are kept as they are, and read by scripts; where a person reads them they are
# translated.
WORDS = (
    *(N_("passed"), N_("failed"), N_("graded"), N_("missing"), N_("unreadable"), N_("timed out")),
    *(
        N_("crashed"),
        N_("could not check"),
        N_("namespaces"),
        N_("separate user"),
        N_("limits only"),
    ),
)


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, and what it earned."""

    name: str
    """Stable and short, unique in its exercise: `batch-means`."""
    title: str
    points: float
    outcome: CheckOutcome
    expected: str = ""
    got: str = ""
    help: str = ""
    """The next thing to try, or where it passed, advice; a line for each mistake."""
    tags: tuple[str, ...] = ()
    """Mistake codes, such as `sum-instead-of-mean`; none where the evidence names none. Where it
    passed, of what costs nothing."""
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
    message: str = ""
    seed: int = 0
    """The seed that the hidden data were drawn from: the same seed gives the same verdict."""
    isolation: Isolation = "limits only"
    seconds: float = 0.0
    output: str = ""
    """What the answer printed, cut to a bound: to be shown, and to be trusted in nothing."""
    observation: str = ""

    @property
    def score(self) -> float:
        return sum(check.score for check in self.checks)

    def shown(self) -> Verdict:
        """The same with its texts, which may be in every language, in the one in use."""
        checks = tuple(
            replace(
                check,
                title=shown(check.title),
                expected=shown(check.expected),
                got=shown(check.got),
                help=shown(check.help),
            )
            for check in self.checks
        )
        return replace(self, checks=checks, message=shown(self.message), output=shown(self.output))

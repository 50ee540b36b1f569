"""report.html: the class at a glance, and every student's checks, as one page that needs nothing else.

What it shows came from answers and file names. The template engine escapes it, and the page's own policy lets
a browser run no script, load nothing, and use no style but the one in its head.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from corelab.common import html
from corelab.common.i18n import _
from corelab.common.sanitize import plain
from corelab.grading.gradebook.graded import Exercises, Graded, number, pending, ran
from corelab.grading.verdicts import CheckOutcome

OUTPUT = 4000  # characters of an answer's output that the page shows; the results.json has more
MISTAKES = 12


@dataclass
class CheckTally:
    """How a class fared in one check."""

    title: str
    points: float
    outcomes: Counter[CheckOutcome] = field(default_factory=Counter)

    @property
    def asked(self) -> int:
        return self.outcomes.total()

    def share(self, outcome: CheckOutcome) -> float:
        return 100 * self.outcomes[outcome] / self.asked


@dataclass
class Overview:
    """The class at a glance."""

    points: float
    students: int = 0
    totals: list[float] = field(default_factory=list)
    pending: int = 0
    statuses: dict[str, Counter[str]] = field(default_factory=dict)
    checks: dict[str, dict[str, CheckTally]] = field(default_factory=dict)
    mistakes: Counter[str] = field(default_factory=Counter)
    attention: list[tuple[int, str, str]] = field(default_factory=list)
    isolations: Counter[str] = field(default_factory=Counter)
    seeds: Counter[int] = field(default_factory=Counter)

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.totals) if self.totals else None

    @property
    def median(self) -> float | None:
        return statistics.median(self.totals) if self.totals else None

    @property
    def distribution(self) -> list[tuple[str, int]]:
        """How many totals fall in each tenth of the points, by its lower edge; the best total in
        the last."""
        counts = Counter(min(9, int(10 * total / self.points)) for total in self.totals)
        return [(number(self.points * n / 10), counts[n]) for n in range(10)]


def overview(class_: Iterable[Graded], exercises: Exercises) -> Overview:
    """Counts the class in one pass."""
    seen = Overview(points=sum(exercise.POINTS for exercise in exercises.values()))
    for name in exercises:
        seen.statuses[name], seen.checks[name] = Counter(), {}
    for n, graded in enumerate(class_, 1):
        seen.students = n
        if graded.total is None:
            seen.pending += 1
        else:
            seen.totals.append(graded.total)
        if reasons := _reasons(graded):
            seen.attention.append((n, graded.student.id, reasons))
        codes: set[str] = set()
        for name, row in graded.rows.items():
            seen.statuses[name][row.verdict.status] += 1
            if ran(row.verdict):
                seen.isolations[row.verdict.isolation] += 1
                seen.seeds[row.verdict.seed] += 1
            for check in row.verdict.checks:
                tally = seen.checks[name].setdefault(
                    check.name, CheckTally(check.title, check.points)
                )
                tally.outcomes[check.outcome] += 1
                if check.outcome != "passed":  # the tags of a passed check are advice
                    codes.update(check.tags)
        seen.mistakes.update(sorted(codes))  # sorted, so that equal counts have one order
    return seen


def _reasons(graded: Graded) -> str:
    """Why an instructor should look at this student; nothing, if only the answers are wrong or
    missing."""
    reasons = [
        _("{name}: {told}").format(name=name, told=_(", ").join(filter(None, (told, row.note))))
        for name, row in graded.rows.items()
        if (told := "" if row.verdict.status in ("graded", "missing") else _(row.verdict.status))
        or row.note
    ]
    return _("; ").join(reasons)


def report_html(class_: Callable[[], Iterable[Graded]], exercises: Exercises) -> Iterator[str]:
    """The page, piece by piece, so that it is never whole in memory. `class_` is gone through
    twice."""
    return html.pieces(
        "corelab.grading.gradebook",
        "report",
        filters={
            "number": number,
            "pending": pending,
            "ran": ran,
            "shown": lambda text: plain(text, OUTPUT),
        },
        exercises=exercises,
        seen=overview(class_(), exercises),
        class_=class_(),
        most_mistakes=MISTAKES,
    )

"""report.html: the class at a glance, and every student's checks, as one page.

What it shows came from answers and file names. The template engine escapes it, and the page's own
policy lets a browser run no script, load nothing, and use no style but the one in its head.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType

from corelab.common import html
from corelab.common.i18n import _
from corelab.common.sanitize import sanitize
from corelab.grading.exercises.evidence.feedback import CheckText, check_texts, title
from corelab.grading.gradebook.graded import Exercises, Graded, format_points, pending, ran
from corelab.grading.verdicts import Check, CheckOutcome, Verdict

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
        return [(format_points(self.points * n / 10), counts[n]) for n in range(10)]


def overview(students: Iterable[Graded], exercises: Exercises) -> Overview:
    """Count the class in one pass."""
    seen = Overview(points=sum(exercise.POINTS for exercise in exercises.values()))
    for name in exercises:
        seen.statuses[name], seen.checks[name] = Counter(), {}
    for n, graded in enumerate(students, 1):
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
                    check.name, CheckTally(title(exercises[name], check), check.points)
                )
                tally.outcomes[check.outcome] += 1
                if check.outcome != "passed":  # the codes of a passed check are advice
                    codes.update(check.codes)
        seen.mistakes.update(sorted(codes))  # sorted, so that equal counts have one order
    return seen


def _reasons(graded: Graded) -> str:
    """Return why an instructor should look at this student; empty if answers are only wrong or
    missing."""
    reasons = []
    for name, row in graded.rows.items():
        status = row.verdict.status
        told = ["" if status in ("graded", "missing") else _(status), row.note, remark(row.verdict)]
        if any(told):
            told_of = _(", ").join(filter(None, told))
            reasons.append(_("{name}: {told}").format(name=name, told=told_of))
    return _("; ").join(reasons)


def remark(verdict: Verdict) -> str:
    """Return what an instructor should look at in the answer; empty where that is nothing."""
    if not verdict.remarks:
        return ""
    names = _(", ").join(verdict.remarks)
    return _("the answer names the grader's own or what leads to it: {names}").format(names=names)


def _with_texts(verdict: Verdict, exercise: ModuleType) -> list[tuple[Check, CheckText]]:
    return list(zip(verdict.checks, check_texts(exercise, verdict), strict=True))


def report_html(students: Callable[[], Iterable[Graded]], exercises: Exercises) -> Iterator[str]:
    """Yield the page in chunks, so that it is never whole in memory; `students` is called twice."""
    return html.render(
        "corelab.grading.gradebook",
        "report",
        filters={
            "points": format_points,
            "pending": pending,
            "ran": ran,
            "remark": remark,
            "short": lambda text: sanitize(text, OUTPUT),
            "with_texts": _with_texts,
        },
        exercises=exercises,
        seen=overview(students(), exercises),
        students=students(),
        most_mistakes=MISTAKES,
    )

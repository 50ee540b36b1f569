"""What `corelab grade` says in the terminal: how far it is, and at the end the class in two tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from tabulate import tabulate
from tqdm import tqdm

from corelab.grading.gradebook import Exercises, number
from corelab.grading.report import Overview
from corelab.grading.text import one_line

_LISTED = 20


def progress(total: int) -> tqdm:
    """A bar on a terminal; nothing in a pipe or a file."""
    return tqdm(total=total, unit="answer", disable=not sys.stderr.isatty(), ascii=True, leave=False)


def summary(seen: Overview, exercises: Exercises) -> str:
    """The class: how each exercise went, and which students an instructor should look at."""
    statuses = list(dict.fromkeys(status for counts in seen.statuses.values() for status in sorted(counts)))
    table = [
        [name, number(exercise.POINTS), *(seen.statuses[name][status] for status in statuses)]
        for name, exercise in exercises.items()
    ]
    parts = [tabulate(table, headers=["exercise", "points", *statuses]), _totals(seen)]
    if seen.mistakes:
        common = (f"{code} ({count})" for code, count in seen.mistakes.most_common(5))
        parts.append(f"commonest mistakes: {', '.join(common)}")
    if seen.attention:
        listed = [[student, one_line(reasons, 90)] for _, student, reasons in seen.attention[:_LISTED]]
        parts.append(tabulate(listed, headers=["to look at", "why"], disable_numparse=True))
        if len(seen.attention) > _LISTED:
            parts.append(f"and {len(seen.attention) - _LISTED} more: see report.html")
    return "\n\n".join(parts)


def _totals(seen: Overview) -> str:
    pending = f", {seen.pending} with points pending" if seen.pending else ""
    if seen.mean is None or seen.median is None:
        return f"{seen.students} students{pending}"
    mean, median = f"{seen.mean:.1f}", f"{seen.median:.1f}"
    return f"{seen.students} students: mean {mean}, median {median} of {number(seen.points)}{pending}"


def listed(title: str, lines: Iterable[str]) -> str:
    """Remarks under their title; nothing where there are none."""
    lines = list(lines)
    more = [f"  and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else []
    return "\n".join([title, *(f"  {one_line(line)}" for line in lines[:_LISTED]), *more]) if lines else ""

"""What `corelab grade` prints: how far it is, and at the end the class in two tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NoReturn

from tabulate import tabulate
from tqdm import tqdm

from corelab.common.i18n import _
from corelab.common.sanitize import one_line
from corelab.grading.gradebook.graded import Exercises, format_points
from corelab.grading.gradebook.report import Overview

_LISTED = 20


def progress(total: int) -> tqdm[NoReturn]:
    """A bar on a terminal; nothing in a pipe or a file."""
    return tqdm(
        total=total, unit=_("answer"), disable=not sys.stderr.isatty(), ascii=True, leave=False
    )


def summary(seen: Overview, exercises: Exercises) -> str:
    """The class: how each exercise went, and which students an instructor should look at."""
    statuses = list(
        dict.fromkeys(status for counts in seen.statuses.values() for status in sorted(counts))
    )
    table = [
        [
            name,
            format_points(exercise.POINTS),
            *(seen.statuses[name][status] for status in statuses),
        ]
        for name, exercise in exercises.items()
    ]
    headers = [_("exercise"), _("points"), *map(_, statuses)]
    parts = [tabulate(table, headers=headers), _totals(seen)]
    if seen.mistakes:
        common = (f"{code} ({count})" for code, count in seen.mistakes.most_common(5))
        parts.append(_("commonest mistakes: {codes}").format(codes=", ".join(common)))
    if seen.attention:
        listed = [
            [student, one_line(reasons, 90)] for n, student, reasons in seen.attention[:_LISTED]
        ]
        parts.append(tabulate(listed, headers=[_("to look at"), _("why")], disable_numparse=True))
        if len(seen.attention) > _LISTED:
            more = len(seen.attention) - _LISTED
            parts.append(_("and {count} more: see report.html").format(count=more))
    return "\n\n".join(parts)


def _totals(seen: Overview) -> str:
    if seen.mean is None or seen.median is None:
        told = _("{count} students").format(count=seen.students)
    else:
        told = _("{count} students: mean {mean:.1f}, median {median:.1f} of {points}").format(
            count=seen.students,
            mean=seen.mean,
            median=seen.median,
            points=format_points(seen.points),
        )
    pending = _("{count} with points pending").format(count=seen.pending)
    return told + _(", ") + pending if seen.pending else told


def listed(title: str, lines: Iterable[str]) -> str:
    """Remarks under their title; nothing where there are none."""
    lines = list(lines)
    more = (
        ["  " + _("and {count} more").format(count=len(lines) - _LISTED)]
        if len(lines) > _LISTED
        else []
    )
    return (
        "\n".join([title, *(f"  {one_line(line)}" for line in lines[:_LISTED]), *more])
        if lines
        else ""
    )

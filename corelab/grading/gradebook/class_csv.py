"""gradebook.csv: the class, a line a student."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from corelab.grading.gradebook.graded import Exercises, Graded, format_points


def class_csv(students: Iterable[Graded], exercises: Exercises) -> str:
    """Return the table; it begins with the mark that makes Excel read UTF-8."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["student", *exercises, "total", "status"])
    for graded in students:
        points = [*map(graded.score, exercises), graded.total]
        cells = ["" if value is None else format_points(value) for value in points]
        writer.writerow([cell_text(graded.student.id), *cells, cell_text(graded.status)])
    return "\ufeff" + table.getvalue()


def cell_text(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in tuple("=+-@\t\r＝＋－＠") else text

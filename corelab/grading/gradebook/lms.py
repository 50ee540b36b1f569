"""Grades in the instructor's own export from Canvas or Moodle: a filled copy, everything else as it was.

Of a student with points pending, and of a row that nobody's work belongs to, nothing is written.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.grading.gradebook.graded import format_points
from corelab.grading.submissions.find import Student

_GRADE_HEADERS = {"grade", "成績", "分數", "評分", "成绩", "分数", "评分"}


@dataclass(frozen=True)
class Grade:
    student: Student
    scores: Mapping[str, float | None]
    """Points earned by exercise, and under "" in all; None while some are pending."""


@dataclass(frozen=True)
class Filled:
    text: str
    remarks: list[str]
    """What the instructor should know: who was not found, who is pending, what was scaled."""


@dataclass
class _Table:
    header: list[str]
    rows: list[list[str]]
    dialect: type[csv.Dialect]
    mark: str


def fill_canvas(export: Path, grades: Sequence[Grade], points: Mapping[str, float]) -> Filled:
    """The gradebook that Canvas exported, filled in; a column of our own where none is for Corelab.

    points: the most that each exercise gives, and under "" all of them. A column titled `Corelab 1
    (4711)` takes that exercise's points, one titled `Corelab (4711)` the total.
    """
    table = _read(export)
    if not {"Student", "ID"} <= set(table.header):
        message = _(
            "{path}: expected a gradebook exported from Canvas, with columns Student and ID"
        )
        raise UserError(message.format(path=export))
    id_column = table.header.index("ID")
    columns = {
        n: exercise
        for n, title in enumerate(table.header)
        if (exercise := _titled(title, points)) is not None
    }
    about_columns = [
        row for row in table.rows if not row[id_column].strip()
    ]  # Points Possible stands there
    if not columns:
        columns = {len(table.header): ""}
        table.header.append("Corelab")
        for row in table.rows:
            row.append(
                format_points(points[""]) if about_columns and row is about_columns[-1] else ""
            )
    last = table.header.index("Section") if "Section" in table.header else 5
    row_of = _finder(
        table, [n for n in range(last) if n != id_column], id_column, lambda student: student.canvas
    )
    most = {
        n: next((_value(row[n]) for row in about_columns if _value(row[n])), None) for n in columns
    }
    return _fill(table, grades, points, columns, row_of, most)


def fill_moodle(worksheet: Path, grades: Sequence[Grade], points: Mapping[str, float]) -> Filled:
    """The grading worksheet that Moodle exported, in any of its languages, filled in."""
    table = _read(worksheet)
    grade = _moodle_grade_column(table)
    if grade is None:
        message = _(
            "{path}: expected a grading worksheet downloaded from Moodle, with a column for the "
            "grade; got the columns {columns}"
        )
        raise UserError(message.format(path=worksheet, columns=", ".join(table.header)))
    row_of = _finder(table, list(range(grade)), 0, lambda student: student.moodle)
    most = (
        _value(table.rows[0][grade + 1]) if table.rows and grade + 1 < len(table.header) else None
    )
    return _fill(table, grades, points, {grade: ""}, row_of, {grade: most})


def _moodle_grade_column(table: _Table) -> int | None:
    for n, title in enumerate(table.header):
        if title.strip().casefold() in _GRADE_HEADERS:
            return n
    # In another language: the column before that of the best possible grade, the same number in
    # every row.
    for n in range(2, len(table.header)):
        values = {row[n] for row in table.rows}
        if len(values) == 1 and re.fullmatch(r"\d+[.,]\d\d", values.pop()):
            return n - 1
    return None


def _titled(title: str, points: Mapping[str, float]) -> str | None:
    """The exercise that a column's title names, "" for all of them, None for neither."""
    words = re.sub(r"\(\d+\)\s*$", "", title).casefold()
    squeezed = re.sub(r"[\W_]", "", words)
    named = next((exercise for exercise in points if exercise and exercise in squeezed), None)
    return named or ("" if re.search(r"corelab(?!\d)", squeezed) else None)


def _finder(
    table: _Table, columns: list[int], number_column: int, number_of: Callable[[Student], str]
) -> Callable[[Student], list[str] | None]:
    """How to find a student's row: by the number in the export's file names; else by a name or
    login."""
    by_number: dict[str, list[str]] = {}
    by_name: dict[str, list[list[str]]] = {}
    for row in table.rows:
        if found := re.search(
            r"(\d+)\s*$", row[number_column]
        ):  # `4711`, `Participant 4711`, `參與者4711`
            by_number[found[1]] = row
        cells = [row[n].strip().casefold() for n in (*columns, number_column)]
        for name in {*cells, *(cell.partition("@")[0] for cell in cells)}:
            by_name.setdefault(name, []).append(row)

    def find(student: Student) -> list[str] | None:
        if number_of(student):
            return by_number.get(number_of(student))
        named = [by_name.get(name.casefold(), []) for name in (student.id, student.name)]
        return next((rows[0] for rows in named if len(rows) == 1), None)

    return find


def _fill(
    table: _Table,
    grades: Sequence[Grade],
    points: Mapping[str, float],
    columns: Mapping[int, str],
    row_of: Callable[[Student], list[str] | None],
    most: Mapping[int, float | None],
) -> Filled:
    scaled = _("{column}: out of {best}, so points were scaled from {points}")
    remarks = [
        scaled.format(
            column=table.header[n], best=format_points(best), points=format_points(points[exercise])
        )
        for n, exercise in columns.items()
        if (best := most[n]) and best != points[exercise]
    ]
    comma = any("," in row[n] for row in table.rows for n in columns if _value(row[n]))
    for grade in grades:
        row = row_of(grade.student)
        if row is None:
            remarks.append(_("{student}: not found in the export").format(student=grade.student.id))
            continue
        for n, exercise in columns.items():
            score = grade.scores[exercise]
            if score is None:
                pending = _("{student}: points pending, left as it was")
                remarks.append(pending.format(student=grade.student.id))
                continue
            text = format_points(score * (most[n] or points[exercise]) / points[exercise])
            row[n] = text.replace(".", ",") if comma else text
    out = io.StringIO()
    csv.writer(out, table.dialect).writerows([table.header, *table.rows])
    return Filled(table.mark + out.getvalue(), remarks)


def _value(text: str) -> float | None:
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return None


def _read(path: Path) -> _Table:
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        message = _("{path}: cannot be read ({error}); expected a CSV exported by the LMS")
        raise UserError(message.format(path=path, error=error.strerror)) from None
    except UnicodeDecodeError:
        message = _("{path}: expected UTF-8, as the LMS exports it; export it again")
        raise UserError(message.format(path=path)) from None
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    first = text.partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=first.count)
        lineterminator = "\r\n" if first.endswith("\r") else "\n"

    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), Dialect) if row]
    except csv.Error as error:
        message = _("{path}: expected a CSV exported by the LMS, got: {error}")
        raise UserError(message.format(path=path, error=error)) from None
    if not rows:
        raise UserError(
            _("{path}: expected a CSV exported by the LMS, got an empty file").format(path=path)
        )
    header, *rest = rows
    return _Table(header, [row + [""] * (len(header) - len(row)) for row in rest], Dialect, mark)

"""Grades in the instructor's own export from Canvas or Moodle: a filled copy, all else as it was.

Rows of students with pending points, rows that match no student or several, and rows that are no
student's are left unchanged.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.grading.gradebook.graded import format_points
from corelab.grading.submissions.find import Student

_GRADE_HEADERS = {"grade", "成績", "分數", "評分", "成绩", "分数", "评分"}
# Canvas puts these among the students.
_NO_STUDENTS = {"points possible", "student, test", "test student"}


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
    name_column = table.header.index("Student")
    rows = {
        n: row
        for n, row in enumerate(table.rows)
        if row[id_column].strip() and _folded(row[name_column]) not in _NO_STUDENTS
    }
    columns_of_names = [n for n in range(last) if n != id_column]
    rows_of = _finder(rows, columns_of_names, id_column, lambda student: student.canvas)
    most = {
        n: next((_value(row[n]) for row in about_columns if _value(row[n])), None) for n in columns
    }
    return _fill(table, grades, points, columns, rows_of, most)


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
    rows = dict(enumerate(table.rows))
    rows_of = _finder(rows, list(range(grade)), 0, lambda student: student.moodle)
    most = (
        _value(table.rows[0][grade + 1]) if table.rows and grade + 1 < len(table.header) else None
    )
    return _fill(table, grades, points, {grade: ""}, rows_of, {grade: most})


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
    rows: Mapping[int, list[str]],
    columns: list[int],
    number_column: int,
    number_of: Callable[[Student], str],
) -> Callable[[Student], set[int]]:
    """How to find the rows that a student matches: by the number in the export's file names; where
    those told none, by a name or login."""
    by_number: dict[str, set[int]] = {}
    by_name: dict[str, set[int]] = {}
    for n, row in rows.items():
        # `4711`, `Participant 4711`, `參與者4711`
        if found := re.search(r"(\d+)\s*$", row[number_column]):
            by_number.setdefault(found[1], set()).add(n)
        for name in _names(row[column] for column in (*columns, number_column)):
            by_name.setdefault(name, set()).add(n)

    def find(student: Student) -> set[int]:
        if number := number_of(student):
            return by_number.get(number, set())
        return set().union(*(by_name.get(n, set()) for n in _names((student.id, student.name))))

    return find


def _names(cells: Iterable[str]) -> set[str]:
    """Each name as it stands, `Lovelace, Ada` also as `Ada Lovelace`, and a mail's also without its
    domain."""
    names = {_folded(cell) for cell in cells}
    turned = {
        f"{first} {last}" for last, comma, first in (n.partition(", ") for n in names) if comma
    }
    return names | turned | {name.partition("@")[0] for name in names}


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def _fill(
    table: _Table,
    grades: Sequence[Grade],
    points: Mapping[str, float],
    columns: Mapping[int, str],
    rows_of: Callable[[Student], set[int]],
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
    owned, left = _one_row_each(grades, rows_of)
    remarks += left
    for at, grade in owned:
        row = table.rows[at]
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


def _one_row_each(
    grades: Sequence[Grade], rows_of: Callable[[Student], set[int]]
) -> tuple[list[tuple[int, Grade]], list[str]]:
    """The row of each student who matches one that nobody else does; a remark on all others."""
    remarks = []
    claims: dict[int, list[Grade]] = {}
    for grade in grades:
        rows = set(rows_of(grade.student))
        if not rows:
            message = _("{student}: not found in the export")
            remarks.append(message.format(student=_called(grade.student)))
        elif len(rows) > 1:
            message = _("{student}: matches {count} rows of the export, left as they were")
            remarks.append(message.format(student=_called(grade.student), count=len(rows)))
        else:
            claims.setdefault(rows.pop(), []).append(grade)
    message = _("{students}: all match one row of the export, left as it was")
    for rivals in claims.values():
        if len(rivals) > 1:
            named = ", ".join(_called(grade.student) for grade in rivals)
            remarks.append(message.format(students=named))
    return [(row, rivals[0]) for row, rivals in claims.items() if len(rivals) == 1], remarks


def _called(student: Student) -> str:
    """The id, by which a student is found in the other files; and the name, where it differs."""
    return student.id if student.name in student.id else f"{student.name} ({student.id})"


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

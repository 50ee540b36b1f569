"""Filling in the instructor's own exports."""

import pytest

from corelab.common.errors import UserError
from corelab.grading.gradebook.lms import Grade, fill_canvas, fill_moodle
from corelab.grading.submissions.find import Student

POINTS = {"corelab1": 30.0, "corelab2": 30.0, "corelab3": 40.0, "": 100.0}


def grade(student: Student, *scores: float | None) -> Grade:
    total = None if None in scores else sum(score or 0 for score in scores)
    return Grade(student, {**dict(zip(POINTS, scores, strict=False)), "": total})


DOE = grade(Student("doejane_11", "doejane", canvas="11", moodle="501"), 30, 24.5, 40)
WANG = grade(Student("B109", "B109"), 30, 30, 0)
NOBODY = grade(Student("ghost", "ghost"), 1, 2, 3)
PENDING = grade(Student("lee", "lee"), 30, None, 40)
CLASS = [DOE, WANG, NOBODY, PENDING]

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Corelab 1 (71),Corelab (72),Final Score\r\n"
    "    Points Possible,,,,,30,100,(read only)\r\n"
    '"Doe, Jane",11,s11,jane@x.edu,A,,,9\r\n'
    '"王, 小明",12,B109,wang@x.edu,A,3,3,9\r\n'
    '"Lee, A",13,s13,lee@x.edu,A,,,9\r\n'
)


def put(tmp_path, text: str, mark: str = ""):
    path = tmp_path / "export.csv"
    path.write_bytes((mark + text).encode())
    return path


def test_canvas_is_filled_in_and_all_else_is_as_it_was(tmp_path):
    filled = fill_canvas(put(tmp_path, CANVAS, mark="\ufeff"), CLASS, POINTS)
    assert filled.text == "\ufeff" + CANVAS.replace("A,,,9", "A,30,94.5,9", 1).replace(
        "A,3,3,9", "A,30,60,9"
    ).replace("lee@x.edu,A,,,9", "lee@x.edu,A,30,,9")
    assert filled.remarks == [
        "ghost: not found in the export",
        "lee: points pending, left as it was",
    ]


def test_canvas_without_a_column_gets_one(tmp_path):
    export = put(
        tmp_path, "Student;ID;SIS User ID;SIS Login ID;Section\nPoints Possible;;;;\nJane;11;;;A\n"
    )
    assert fill_canvas(export, [DOE], POINTS).text == (
        "Student;ID;SIS User ID;SIS Login ID;Section;Corelab\n"
        "Points Possible;;;;;100\nJane;11;;;A;94.5\n"
    )


def test_another_maximum_is_scaled_to_and_said(tmp_path):
    export = put(tmp_path, "Student,ID,Section,Corelab (1)\nPoints Possible,,,10\nJane,11,A,\n")
    filled = fill_canvas(export, [DOE], POINTS)
    assert "Jane,11,A,9.45" in filled.text
    assert filled.remarks == ["Corelab (1): out of 10, so points were scaled from 100"]


@pytest.mark.parametrize(
    "header",
    [
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Can be changed,Feedback",
        "識別碼,姓名,電子郵件信箱,狀態,成績,最高分,成績可以更改,回饋評語",
        "Tunniste,Nimi,Sähköposti,Tila,Arvosana,Enimmäisarvosana,Muutettavissa,Palaute",
    ],
)
@pytest.mark.parametrize("number", ["Participant 501", "參與者501", "Osallistuja 501"])
def test_moodle_in_any_language(tmp_path, header, number):
    rows = f"{number},Jane Doe,jane@x.edu,Submitted,{{}},100.00,Yes,\n"
    rows += "Participant 502,王小明,b109@x.edu,,{},100.00,Yes,\n"
    filled = fill_moodle(put(tmp_path, f"{header}\n{rows.format('', '')}"), CLASS, POINTS)
    assert filled.text == f"{header}\n{rows.format('94.5', '60')}"
    assert filled.remarks[0] == "ghost: not found in the export"


def test_two_of_one_name_are_left_to_the_instructor(tmp_path):
    export = put(tmp_path, "Student,ID,Section,Corelab (1)\nB109,1,A,\nb109,2,A,\n")
    assert fill_canvas(export, [WANG], POINTS).remarks == [
        "B109: matches 2 rows of the export, left as they were"
    ]


def names(*ids: str, canvas: str = "", moodle: str = "") -> list[Grade]:
    """The grades of students who are called so; the first one with these numbers."""
    first, *others = ids
    students = [Student(first, first, canvas, moodle), *(Student(other, other) for other in others)]
    return [grade(student, 30, 30, 40) for student in students]


LEE = (
    'Student,ID,SIS User ID,SIS Login ID,Section,Corelab (1)\n{}"Lee, Ann",11,s11,u11@x.edu,A,88\n'
)


@pytest.mark.parametrize(
    "claims",
    [
        [*names("leeann_11", canvas="11"), *names("mallory_11", canvas="11")],
        names("leeann_11", "11", canvas="11"),
        names("leeann_11", "u11", canvas="11"),
        names("Lee, Ann", "Ann Lee"),
        names("ANN  LEE", "s11"),
    ],
)
def test_two_claims_on_one_row_are_refused_and_listed(tmp_path, claims):
    other = "B109,12,,,A,5\n"
    filled = fill_canvas(put(tmp_path, LEE.format("") + other), [*claims, WANG], POINTS)
    assert filled.text == LEE.format("") + other.replace("5", "60")
    (remark,) = filled.remarks
    assert all(claim.student.id in remark for claim in claims)
    assert "match one row" in remark


def test_two_claims_on_one_participant_and_two_rows_of_one(tmp_path):
    header = "Identifier,Full name,Grade,Maximum Grade\n"
    numbered = ("111,Ann,7.00", "222,Bob,", "222,Rob,")
    rows = "".join(f"Participant {row},100.00\n" for row in numbered)
    claims = [
        *names("Ann_111", moodle="111"),
        *names("Mal_111", moodle="111"),
        *names("Bob_222", moodle="222"),
    ]
    filled = fill_moodle(put(tmp_path, header + rows), claims, POINTS)
    assert filled.text == header + rows
    assert filled.remarks == [
        "Bob_222: matches 2 rows of the export, left as they were",
        "Ann_111, Mal_111: all match one row of the export, left as it was",
    ]


@pytest.mark.parametrize(
    "name", ["Points Possible", "    points possible", "Average", "Student, Test", "99"]
)
def test_a_row_that_is_no_students_is_never_filled(tmp_path, name):
    special = 'Average,,,,,\n    Points Possible,,,,,100\n"Student, Test",99,,,A,\n'
    export = put(tmp_path, LEE.format(special))
    filled = fill_canvas(export, [*names(name), *names("test_99", canvas="99")], POINTS)
    assert filled.text == LEE.format(special)
    assert len(filled.remarks) == 2


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "hello"])
def test_what_is_no_export_is_said(tmp_path, text):
    with pytest.raises(UserError, match="expected a"):
        fill_canvas(put(tmp_path, text), CLASS, POINTS)
    with pytest.raises(UserError, match="expected a"):
        fill_moodle(put(tmp_path, text), CLASS, POINTS)
    with pytest.raises(UserError, match="cannot be read"):
        fill_canvas(tmp_path / "nowhere.csv", CLASS, POINTS)

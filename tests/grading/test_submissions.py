"""What students hand in, in every form, hostile ones too: found, told apart, never unpacked."""

import codecs
import io
import os
import stat
import struct
import subprocess
import tempfile
import time
import tracemalloc
import unicodedata
import zipfile
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corelab.common.errors import UserError
from corelab.grading.submissions import archives
from corelab.grading.submissions.archives import UnreadableError
from corelab.grading.submissions.find import Student, find
from corelab.grading.submissions.source import MAX_NOTEBOOK, MAX_SOURCE, read_source

STEMS = {
    "corelab1": "corelab1_batch_input",
    "corelab2": "corelab2_epochs",
    "corelab3": "corelab3_gradient_descent",
}
ONE, TWO, THREE = (f"{stem}.py" for stem in STEMS.values())


def put(folder: Path, *names: str, content: str = "x = 1\n") -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


def zipped(*names: str, content: bytes = b"x = 1\n") -> bytes:
    """A zip whose entries have exactly these names."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def holding(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of these members."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method, compresslevel=9) as archive:
        for name, inside in members.items():
            archive.writestr(name, inside)
    return data.getvalue()


def problems(student: Student) -> set[str]:
    """Why each exercise cannot be read; "" where one can."""
    told = set()
    for exercise in STEMS:
        answer = student.answers.get(exercise)
        try:
            problem = answer.problem if answer else ""
            if answer and not problem:
                archives.read(answer.ref, MAX_SOURCE)
        except UnreadableError as error:
            problem = str(error)
        told.add(problem)
    return told


def who(*paths: Path, **options: Path) -> dict[str, list[str]]:
    return {student.id: sorted(student.answers) for student in find(paths, STEMS, **options)}


def only(*paths: Path) -> Student:
    (student,) = find(paths, STEMS)
    return student


def content(student: Student, exercise: str = "corelab1") -> bytes:
    return archives.read(student.answers[exercise].ref, MAX_SOURCE)


# ---- the forms ----


def test_a_folder_a_student(tmp_path):
    put(
        tmp_path,
        f"alice/{ONE}",
        f"alice/{TWO}",
        f"bob/lab1/{ONE}",
        f"bob/lab2/{TWO}",
        "bob/notes.txt",
    )
    (tmp_path / "carol").mkdir()
    assert who(tmp_path) == {
        "alice": ["corelab1", "corelab2"],
        "bob": ["corelab1", "corelab2"],
        "carol": [],
    }


def test_a_zip_a_student_and_all_of_them_in_a_zip(tmp_path):
    alice, bob = zipped(ONE, THREE), zipped(f"homework/{ONE}", "__MACOSX/homework/._" + ONE)
    (tmp_path / "class").mkdir()
    (tmp_path / "class/alice.zip").write_bytes(alice)
    (tmp_path / "class/bob.zip").write_bytes(bob)
    expected = {"alice": ["corelab1", "corelab3"], "bob": ["corelab1"]}
    assert who(tmp_path / "class") == expected
    assert who(tmp_path / "class/alice.zip", tmp_path / "class/bob.zip") == expected
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("class/alice.zip", alice)
        archive.writestr("class/bob.zip", bob)
    assert who(tmp_path / "all.zip") == expected
    assert content(find([tmp_path / "all.zip"], STEMS)[1]) == b"x = 1\n"


def test_a_wrapper_around_the_class_is_not_a_student(tmp_path):
    put(tmp_path, f"export/alice/{ONE}", f"export/bob/{ONE}")
    assert who(tmp_path) == {"alice": ["corelab1"], "bob": ["corelab1"]}


def test_one_students_own_folder(tmp_path):
    put(tmp_path / "alice", ONE, f"more/{TWO}", "corelab1_batch_input_old.py")
    student = only(tmp_path / "alice")
    assert (student.id, sorted(student.answers)) == ("alice", ["corelab1", "corelab2"])
    assert student.answers["corelab1"].shown == ONE


def test_loose_files(tmp_path):
    put(tmp_path / "dave", ONE, "erin_corelab2_epochs.ipynb", "corelab1_batch_input-frank (1).py")
    assert who(*sorted((tmp_path / "dave").iterdir())) == {
        "dave": ["corelab1"],
        "erin": ["corelab2"],
        "frank": ["corelab1"],
    }


def test_canvas_export(tmp_path):
    put(
        tmp_path,
        f"doejane_12345_67890_{ONE}",
        f"doejane_12345_67899_{TWO}",
        "doejane_12345_67999_corelab2_epochs-1.py",
        f"wang_LATE_222_333_{ONE}",
        "chen_777_888_essay.pdf",
    )
    (tmp_path / "lee_444_555_homework.zip").write_bytes(zipped(ONE, f"wang_222_999_{TWO}"))
    students = {student.id: student for student in find([tmp_path], STEMS)}
    assert sorted(students) == ["chen_777", "doejane_12345", "lee_444", "wang_222"]
    assert students["doejane_12345"].canvas == "12345"
    assert students["doejane_12345"].name == "doejane"
    assert (
        students["doejane_12345"].answers["corelab2"].shown
        == "doejane_12345_67999_corelab2_epochs-1.py"
    )
    assert "2 files" in students["doejane_12345"].answers["corelab2"].note
    assert "late" in students["wang_222"].answers["corelab1"].note
    # A name inside a student's zip makes nobody else's hand-in.
    assert sorted(students["wang_222"].answers) == ["corelab1"]
    assert sorted(students["lee_444"].answers) == ["corelab1", "corelab2"]
    assert students["chen_777"].answers == {}


def test_names_of_digits_alone(tmp_path):
    put(
        tmp_path,
        f"110550001_12345_67890_{ONE}",
        f"110550001_12345_67891_{TWO}",
        f"2026_11_05_{ONE}",
    )
    assert who(tmp_path) == {
        "110550001_12345": ["corelab1", "corelab2"],
        "2026_11_05": ["corelab1"],
    }


def test_a_folder_or_zip_an_exercise(tmp_path):
    put(tmp_path / "class", f"corelab1/doe_12345_678_{ONE}", f"corelab2/doe_12345_679_{TWO}")
    (tmp_path / "class/corelab3.zip").write_bytes(zipped(f"doe_12345_680_{THREE}"))
    assert who(tmp_path / "class") == {"doe_12345": ["corelab1", "corelab2", "corelab3"]}
    put(tmp_path / "alice", f"corelab1/{ONE}", f"corelab2_epochs/{TWO}")
    assert who(tmp_path / "alice") == {"alice": ["corelab1", "corelab2"]}


def test_a_long_path_keeps_the_end_that_tells_a_notebook(tmp_path):
    put(tmp_path, f"bob/{ONE}", f"alice/{'x' * 200}/corelab1.ipynb")
    shown = find([tmp_path], STEMS)[0].answers["corelab1"].shown
    assert len(shown) <= 160
    assert shown.endswith("/corelab1.ipynb")


def test_moodle_export_with_and_without_folders(tmp_path):
    put(tmp_path / "a", f"王小明_12345_assignsubmission_file_/{ONE}")
    put(tmp_path / "a", f"Jane Doe_99_assignsubmission_file/{ONE}")
    put(
        tmp_path / "b",
        f"Jane Doe_99_assignsubmission_file_{ONE}",
        f"Li_100_assignsubmission_file_{TWO}",
    )
    students = find([tmp_path / "a"], STEMS)
    assert [(s.id, s.name, s.moodle) for s in students] == [
        ("Jane Doe_99", "Jane Doe", "99"),
        ("王小明_12345", "王小明", "12345"),
    ]
    assert who(tmp_path / "b") == {"Jane Doe_99": ["corelab1"], "Li_100": ["corelab2"]}


@pytest.mark.parametrize(
    ("name", "exercise"),
    [
        ("Corelab1-Batch Input.py", "corelab1"),
        ("corelab3.ipynb", "corelab3"),
        ("my corelab2_epochs final.PY", "corelab2"),
        ("corelab12.py", ""),
    ],
)
def test_the_name_tells_the_exercise(tmp_path, name, exercise):
    put(tmp_path, f"alice/{name}", f"bob/{ONE}")
    assert who(tmp_path)["alice"] == ([exercise] if exercise else [])


def test_of_several_files_the_rule_takes_one_and_says_so(tmp_path):
    stem = STEMS["corelab1"]
    put(tmp_path / "alice", ONE, f"{stem}.ipynb", f"{stem}.png", f"utils/test_{ONE}")
    answer = only(tmp_path / "alice").answers["corelab1"]
    assert answer.shown == ONE
    assert "3 files" in answer.note
    put(tmp_path / "alice", "corelab1_batch_input (2).py")
    assert only(tmp_path / "alice").answers["corelab1"].shown == "corelab1_batch_input (2).py"


def test_the_folder_of_results_is_not_a_student(tmp_path):
    put(tmp_path, f"alice/{ONE}", f"bob/{ONE}", f"out/{ONE}")
    assert sorted(who(tmp_path, leave_out=tmp_path / "out")) == ["alice", "bob"]


def test_what_cannot_be_graded_is_one_line(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        find([tmp_path / "nowhere"], STEMS)
    with pytest.raises(UserError, match="no answers found"):
        find([put(tmp_path, "alice/essay.txt")], STEMS)
    with pytest.raises(UserError, match="expected a folder"):
        find([tmp_path / "alice/essay.txt"], STEMS)


# ---- whose ----

FLAT = "_assignsubmission_file_"


@pytest.mark.parametrize(
    ("names", "owners"),
    [
        pytest.param(
            [f"Vic_222{FLAT}{ONE}", f"Mal_111{FLAT}Vic_222{FLAT}{TWO}"],
            {"Vic_222": ["corelab1"], "Mal_111": ["corelab2"]},
            id="a Moodle name in a Moodle name",
        ),
        pytest.param(
            [f"Vic_222{FLAT}{ONE}", f"Mal_111_assignsubmission_onlinetext_Vic_222{FLAT}{TWO}"],
            {"Vic_222": ["corelab1"], "Mal_111": ["corelab2"]},
            id="after an online text",
        ),
        pytest.param(
            [f"vic_33_44_{ONE}", f"mal_11_22_vic_33_45_{TWO}"],
            {"vic_33": ["corelab1"], "mal_11": ["corelab2"]},
            id="a Canvas name in a Canvas name",
        ),
        pytest.param(
            [f"vic_33_44_{ONE}", f"mal_11_22_Ghost_333{FLAT}{TWO}"],
            {"vic_33": ["corelab1"], "mal_11": ["corelab2"]},
            id="a Moodle name in a Canvas name",
        ),
        pytest.param(
            [f"Vic_222{FLAT}{ONE}", f"Mal_111{FLAT}vic_33_45_{TWO}"],
            {"Vic_222": ["corelab1"], "Mal_111": ["corelab2"]},
            id="a Canvas name in a Moodle name",
        ),
        pytest.param(
            [f"Vic_222{FLAT}{ONE}", f"Bea_223{FLAT}{ONE}", f"A_1_2_B_7{FLAT}{TWO}"],
            {"Vic_222": ["corelab1"], "Bea_223": ["corelab1"], "A_1_2_B_7": ["corelab2"]},
            id="a Moodle user's name that looks like Canvas's",
        ),
        pytest.param(
            [f"Ann/{ONE}", f"Mal/Ann/{TWO}", f"Mal/Bob_222{FLAT}/{THREE}", f"Mal/x_1_2_{ONE}"],
            {"Ann": ["corelab1"], "Mal": ["corelab1", "corelab2", "corelab3"]},
            id="names inside a folder",
        ),
    ],
)
def test_a_student_cannot_choose_whose_file_it_is(tmp_path, names, owners):
    assert who(put(tmp_path / "class", *names)) == owners
    (tmp_path / "class.zip").write_bytes(zipped(*names))
    assert who(tmp_path / "class.zip") == owners


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lms=st.sampled_from(["{name}_{user}_{attempt}_{file}", "{name}_{user}" + FLAT + "{file}"]),
    pieces=st.lists(
        st.sampled_from(
            [
                "vic",
                "_",
                "33",
                "44",
                "LATE",
                FLAT,
                "_assignsubmission_onlinetext_",
                ".zip",
                " ",
                "-1",
            ]
        ),
        max_size=12,
    ),
)
def test_whatever_a_file_is_called_it_is_its_uploaders(tmp_path, lms, pieces):
    chosen = "".join(pieces) + ONE
    names = [
        lms.format(name=name, user=user, attempt=99, file=file)
        for name, user, file in (("vic", 33, TWO), ("bea", 34, TWO), ("mal", 11, chosen))
    ]
    (tmp_path / "class.zip").write_bytes(zipped(*names))
    owners = who(tmp_path / "class.zip")
    assert {**owners, "mal_11": []} == {
        "vic_33": ["corelab2"],
        "bea_34": ["corelab2"],
        "mal_11": [],
    }


@pytest.mark.parametrize(
    "names",
    [
        ("ann lee", "Ann Lee"),
        (unicodedata.normalize("NFC", "José"), unicodedata.normalize("NFD", "José")),
    ],
)
def test_names_too_alike_are_refused_not_merged(tmp_path, names):
    one, other = names
    (tmp_path / "a.zip").write_bytes(zipped(f"{one}/{ONE}", f"{other}/{ONE}", f"bob/{ONE}"))
    students = {student.id: student for student in find([tmp_path / "a.zip"], STEMS)}
    assert len(students) == 2
    assert students.pop("bob").answers["corelab1"].problem == ""
    (alike,) = students.values()
    assert "too alike" in alike.answers["corelab1"].problem


def test_a_path_that_was_given_by_name_comes_before_a_name_inside_another(tmp_path):
    put(tmp_path / "alice", ONE, content="mine\n")
    inside = {f"alice/{ONE}": b"not hers\n", f"bob/{ONE}": b"x\n"}
    (tmp_path / "mallory.zip").write_bytes(holding(inside))
    for paths in ([tmp_path / "alice", tmp_path / "mallory.zip"],) * 2:
        students = {student.id: student for student in find(paths, STEMS)}
        assert content(students["alice"]) == b"mine\n"
        assert "2 files" in students["alice"].answers["corelab1"].note
        paths.reverse()


# ---- names ----


def test_ids_are_bounded_in_bytes_and_stay_apart(tmp_path):
    names = ["\U00020000" * 62 + last for last in "ab"]
    (tmp_path / "a.zip").write_bytes(zipped(*(f"{name}/{ONE}" for name in [*names, "王" * 60])))
    ids = list(who(tmp_path / "a.zip"))
    assert len(ids) == 3
    assert "王" * 60 in ids  # as before
    assert all(len(student_id.encode()) <= 200 for student_id in ids)
    assert set(who(tmp_path / "a.zip")) == set(ids)


@pytest.mark.parametrize(
    "name",
    [
        "CON",
        "nul.txt",
        "COM1",
        "-rf",
        "=1+1",
        "a:b",
        "\x1b[31mred",
        "<b>",
        "x" * 250,
        "rtl\u202egnp",
        "'; --",
    ],
)
def test_a_students_id_is_a_safe_file_name(tmp_path, name):
    (tmp_path / "a.zip").write_bytes(zipped(f"{name}/{ONE}", f"bob/{ONE}"))
    ids = [student.id for student in find([tmp_path / "a.zip"], STEMS)]
    assert len(ids) == 2
    (student_id,) = set(ids) - {"bob"}
    assert len(student_id.encode()) < 240
    assert not set(student_id) & set('<>:"/\\|?*\x1b\u202e=')
    assert student_id[0] not in "-=+@. "
    assert student_id.split(".")[0].casefold() not in {"con", "nul", "com1"}


def test_ids_stay_apart_and_do_not_depend_on_the_others(tmp_path):
    (tmp_path / "a.zip").write_bytes(zipped(f"a:b/{ONE}", f"a?b/{ONE}", f"a_b/{ONE}", f"A_B/{TWO}"))
    (tmp_path / "b.zip").write_bytes(zipped(f"a?b/{ONE}", f"zoe/{ONE}"))
    ids = who(tmp_path / "a.zip")
    assert len(ids) == 3  # names that differ only in case are one student
    assert ids["a_b"] == ["corelab1", "corelab2"]
    assert set(who(tmp_path / "b.zip")) - {"zoe"} < set(ids)


def test_names_from_windows_in_big5(tmp_path):
    # As Windows writes it: the bytes of cp950, and no mark that would say so.
    data = zipped(f"AAAAAA/{ONE}", f"BBBBBB/{ONE}")
    (tmp_path / "a.zip").write_bytes(
        data.replace(b"AAAAAA", "許功蓋".encode("cp950")).replace(
            b"BBBBBB", "王小明".encode("cp950")
        )
    )
    assert who(tmp_path / "a.zip") == {"王小明": ["corelab1"], "許功蓋": ["corelab1"]}


# ---- hostile zips ----


def test_zip_slip_reaches_nothing(tmp_path):
    (tmp_path / "class").mkdir()
    names = [f"../../evil/{ONE}", f"/etc/{TWO}", f"C:\\Windows\\{THREE}"]
    (tmp_path / "class/alice.zip").write_bytes(zipped(*names))
    before = sorted(tmp_path.rglob("*"))
    student = only(tmp_path / "class")
    assert (student.id, sorted(student.answers)) == ("alice", list(STEMS))
    assert content(student) == b"x = 1\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_bomb_goes_off_only_as_far_as_the_bound(tmp_path):
    (tmp_path / "alice.zip").write_bytes(zipped(ONE, content=bytes(300 << 20)))
    assert (tmp_path / "alice.zip").stat().st_size < 1 << 20
    with pytest.raises(UnreadableError, match="larger than 1 MB"):
        content(only(tmp_path / "alice.zip"))


def test_zips_within_zips_are_bounded(tmp_path):
    data = zipped(ONE)
    for _ in range(6):
        inner, data = data, io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            for n in range(3):
                archive.writestr(f"{n}.zip", inner)
        data = data.getvalue()
    put(tmp_path, f"class/bob/{ONE}")
    (tmp_path / "class/alice.zip").write_bytes(data)
    alice, bob = find([tmp_path / "class"], STEMS)
    assert "zips inside zips" in alice.answers["corelab1"].problem
    assert not bob.answers["corelab1"].problem


def entries(count: int) -> bytes:
    """A zip that lists one name so many times, and holds nothing."""
    one = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *[0] * 7, 1, *[0] * 6) + b"a"
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *[count & 0xFFFF] * 2, len(one) * count, 0, 0)
    return one * count + end


def millions_of_entries() -> bytes:
    """20 zips in each of 20 zips, each of them a list of 89,000 entries: 36 million."""
    data = entries(89_000)
    for _ in range(2):
        data = holding({f"{n}.zip": data for n in range(20)})
    return data


def many_small_zips() -> bytes:
    return holding({f"{n}.zip": zipped("a.txt") for n in range(2_000)}, zipfile.ZIP_STORED)


def many_large_zips() -> bytes:
    zeros = holding({"zeros.zip": bytes(30 << 20)})
    return holding({f"{n}.zip": zeros for n in range(90)})


def a_thousand_levels() -> bytes:
    data = zipped(ONE)
    for _ in range(1000):
        data = holding({"n.zip": data})
    return data


@pytest.mark.parametrize(
    ("hostile", "told"),
    [
        (millions_of_entries, "too much in it"),
        (lambda: entries(1_000_000), "too many files"),
        (lambda: entries(60_000), "too much in it"),
        (many_small_zips, "too many zips"),
        (many_large_zips, "too much in it"),
        (a_thousand_levels, "zips inside zips"),
    ],
    ids=["nested lists", "one long list", "a list", "small zips", "large zips", "levels"],
)
@pytest.mark.parametrize("place", ["class/alice.zip", "class/alice/a.zip", "alone/alice.zip"])
def test_a_student_over_budget_costs_little_and_harms_nobody(
    tmp_path, hostile: Callable[[], bytes], told, place
):
    data = hostile()
    put(tmp_path, f"class/bob/{ONE}", f"{place}.txt")
    (tmp_path / place).write_bytes(data)
    (tmp_path / f"{place}.txt").unlink()
    began = time.process_time()
    tracemalloc.start()
    try:
        students = find([(tmp_path / place).parents[place.count("/") - 1]], STEMS)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 20  # processor time, under tracemalloc
    assert peak < 150 << 20
    alice, *others = students
    assert alice.id == "alice"
    (problem,) = problems(alice)
    assert told in problem
    assert "\n" not in problem
    assert [content(other) for other in others] == [b"x = 1\n"] * place.startswith("class")


def test_the_budget_is_one_for_all_of_a_students_files(tmp_path):
    half = holding({f"{n}.zip": zipped("a.txt") for n in range(60)})
    put(tmp_path, f"bob_22_33_{ONE}", f"mal_11_20_{ONE}")
    (tmp_path / "mal_11_21_a.zip").write_bytes(half)
    assert who(tmp_path)["mal_11"] == ["corelab1"]
    assert not problems(find([tmp_path], STEMS)[1]) - {""}
    (tmp_path / "mal_11_22_b.zip").write_bytes(half)
    bob, mal = find([tmp_path], STEMS)
    assert "too many zips" in problems(mal).pop()
    assert problems(bob) == {""}


def test_what_does_not_matter_is_not_kept(tmp_path):
    junk = {f"{n}/notes.txt": b"" for n in range(800)}
    copies = {f"{n}/{ONE}": b"" for n in range(80)}
    for n in range(5):
        path = tmp_path / f"class/student{n}.zip"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(holding({**junk, **copies}))
    tracemalloc.start()
    try:
        students = find([tmp_path / "class"], STEMS)
        kept = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(students) == 5
    assert "80 files" in students[0].answers["corelab1"].note
    assert kept < 200 << 10  # five students' files listed are ten times as much


def test_a_zip_in_a_zip_that_packs_to_many_megabytes(tmp_path):
    inner = holding({ONE: b"x = 1\n", "data.bin": os.urandom(20 << 20)})
    put(tmp_path, f"class/bob/{ONE}")
    (tmp_path / "class/alice.zip").write_bytes(holding({"homework.zip": inner}))
    assert content(find([tmp_path / "class"], STEMS)[0]) == b"x = 1\n"


def test_a_link_in_a_zip_is_not_followed(tmp_path):
    link = zipfile.ZipInfo(ONE)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "alice.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "link" in only(tmp_path / "alice.zip").answers["corelab1"].problem


def test_an_encrypted_zip_and_an_unusual_one(tmp_path):
    data = bytearray(zipped(ONE))
    at = data.index(b"PK\x01\x02")
    flags = struct.unpack_from("<H", data, at + 8)[0]
    struct.pack_into("<H", data, at + 8, flags | 1)
    (tmp_path / "alice.zip").write_bytes(data)
    assert "password" in only(tmp_path / "alice.zip").answers["corelab1"].problem
    with zipfile.ZipFile(tmp_path / "alice.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(ONE, "x = 1")
    assert "unusual" in only(tmp_path / "alice.zip").answers["corelab1"].problem


@pytest.mark.parametrize("damage", ["not a zip", "cut", "flipped"])
def test_a_damaged_zip_is_its_own_students_problem(tmp_path, damage):
    data = zipped(ONE, content=os.urandom(2000))
    bad = {
        "not a zip": b"hello",
        "cut": data[:900],
        "flipped": data[:500] + bytes([data[500] ^ 1]) + data[501:],
    }[damage]
    put(tmp_path, f"class/bob/{ONE}")
    (tmp_path / "class/alice.zip").write_bytes(bad)
    alice, bob = find([tmp_path / "class"], STEMS)
    problem = alice.answers["corelab1"].problem
    if not problem:  # known only when it is read
        with pytest.raises(UnreadableError) as caught:
            content(alice)
        problem = str(caught.value)
    assert "damaged" in problem
    assert content(bob) == b"x = 1\n"


# ---- hostile files ----


@pytest.fixture(params=["by descriptor", "by path"])
def opened(request, monkeypatch):
    """Both ways of opening files: Windows has no descriptors of folders."""
    if request.param == "by path":
        monkeypatch.setattr(archives, "_BY_DESCRIPTOR", False)
    elif not archives._BY_DESCRIPTOR:
        pytest.skip("this platform opens files by path only")
    return request.param


def link(at: Path, to: Path) -> None:
    try:
        at.symlink_to(to, target_is_directory=to.is_dir())
    except OSError:
        pytest.skip("this platform makes no links here")


@pytest.mark.usefixtures("opened")
def test_links_out_of_a_folder_are_not_followed(tmp_path):
    put(tmp_path, f"secret/{ONE}", f"class/bob/{ONE}", "class/alice/x.txt", "class/eve/x.txt")
    link(tmp_path / f"class/alice/{ONE}", tmp_path / f"secret/{ONE}")
    link(tmp_path / "class/eve/more", tmp_path / "secret")
    link(tmp_path / "class/zoe", tmp_path / "class/bob")
    alice, bob, eve, zoe = find([tmp_path / "class"], STEMS)
    assert problems(bob) == {""}
    for student in (alice, eve, zoe):
        assert "symbolic link" in student.answers["corelab1"].problem


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("name", [ONE, "homework.zip"])
def test_a_named_pipe_does_not_hold_the_grader_up(tmp_path, name):
    put(tmp_path, f"class/bob/{ONE}", "class/alice/x.txt")
    os.mkfifo(tmp_path / f"class/alice/{name}")
    assert "ordinary" in find([tmp_path / "class"], STEMS)[0].answers["corelab1"].problem
    with pytest.raises(UserError, match="ordinary"):
        find([tmp_path / f"class/alice/{name}"], STEMS)


def swap_for_link(file: Path, secret: Path) -> None:
    file.unlink()
    link(file, secret / ONE)


def swap_folder_for_link(file: Path, secret: Path) -> None:
    file.parent.rename(file.parent.with_name("away"))
    link(file.parent, secret)


def swap_for_pipe(file: Path, _secret: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def swap_for_folder(file: Path, _secret: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    "swap", [swap_for_link, swap_folder_for_link, swap_for_pipe, swap_for_folder, None]
)
@pytest.mark.parametrize("inside", ["file", "zip"])
def test_a_file_swapped_between_listing_and_reading(tmp_path, swap, inside):
    if swap is swap_for_pipe and not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    name = ONE if inside == "file" else "homework.zip"
    secret = put(tmp_path / "secret", ONE, content="secret\n")
    (secret / "homework.zip").write_bytes(holding({ONE: b"secret\n"}))
    put(tmp_path, f"class/bob/{ONE}", f"class/alice/work/{ONE}")
    if inside == "zip":
        (tmp_path / f"class/alice/work/{ONE}").unlink()
        (tmp_path / f"class/alice/work/{name}").write_bytes(holding({ONE: b"x = 1\n"}))
    alice, _bob = find([tmp_path / "class"], STEMS)
    assert content(alice) == b"x = 1\n"
    file = tmp_path / f"class/alice/work/{name}"
    if swap:
        swap(file, secret)
    else:
        file.unlink()
    with pytest.raises(UnreadableError):
        content(alice)


@pytest.mark.skipif(not archives._BY_DESCRIPTOR, reason="such folders cannot be made here")
@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("step", ["d", "a-long-step-past-the-longest-path"])
def test_folders_nested_without_end_are_one_students_trouble(tmp_path, step):
    put(tmp_path, f"class/bob/{ONE}", "class/alice/x.txt")
    folder = os.open(tmp_path / "class/alice", os.O_RDONLY)
    for _ in range(1200):
        os.mkdir(step, dir_fd=folder)
        below = os.open(step, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)
    try:
        alice, bob = find([tmp_path / "class"], STEMS)
    finally:  # deeper than Python's own rmtree goes
        subprocess.run(["rm", "-rf", tmp_path / "class/alice"], check=True)
    assert {"nested" in problem or "cannot be read" in problem for problem in problems(alice)} == {
        True
    }
    assert problems(bob) == {""}


@contextmanager
def as_an_ordinary_user():
    """Within: whom permissions bind, also where root runs the tests."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(os.name == "nt", reason="permissions bind nobody here")
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_folder_closed_to_the_grader_is_one_students_trouble(mode):
    with tempfile.TemporaryDirectory() as folder:
        put(Path(folder), f"class/bob/{ONE}", f"class/alice/{ONE}")
        Path(folder).chmod(0o755)
        (Path(folder) / "class/alice").chmod(mode)
        try:
            with as_an_ordinary_user():
                alice, bob = find([Path(folder) / "class"], STEMS)
        finally:
            (Path(folder) / "class/alice").chmod(0o700)
        assert "cannot be read" in alice.answers["corelab1"].problem
        assert problems(bob) == {""}


def test_a_huge_source_is_not_read(tmp_path):
    (tmp_path / ONE).write_bytes(b"#" * (100 << 20))
    with pytest.raises(UnreadableError, match="larger than 1 MB"):
        content(only(tmp_path / ONE))


def test_another_kind_of_file_is_unreadable_not_missing(tmp_path):
    put(tmp_path, f"bob/{ONE}", "alice/corelab1_batch_input.docx")
    assert "expected a .py or an .ipynb" in find([tmp_path], STEMS)[0].answers["corelab1"].problem


# ---- sources ----


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"x = 1\0", "NUL"),
        (codecs.BOM_UTF16_LE + "x = 1".encode("utf-16-le"), "UTF-16"),
        ("x = 1\n# 批次\n".encode("cp950"), r"line 2 is not utf-8 text, but probably Big5"),
        ("# 批次\n".encode("cp950"), r"line 1 is not utf-8 text, but probably Big5"),
        (b"# coding: nonsense\n", "cannot be told"),
        (b"# coding: punycode\n", "declares the encoding punycode"),
        (b"# coding: rot13\n", "declares the encoding rot13"),
        (b"\xff" * 10, "not utf-8 text"),
        (b"#" * (MAX_SOURCE + 1), "larger than 1 MB"),
    ],
)
def test_a_source_that_python_could_not_read(raw, message):
    with pytest.raises(UnreadableError, match=message):
        read_source(raw, ONE)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        "# 批次\n".encode(),
        "# coding: big5\n# 批次\n".encode("big5"),
        codecs.BOM_UTF8 + b"x = 1\n",
    ],
)
def test_a_source_that_python_reads_is_handed_on_as_it_is(raw):
    assert read_source(raw, ONE).code == raw


def test_a_notebook_may_be_larger_than_a_source():
    assert MAX_NOTEBOOK > MAX_SOURCE

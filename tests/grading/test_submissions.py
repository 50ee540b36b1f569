"""What students hand in, in every form, hostile ones too: found, told apart, never unpacked."""

import codecs
import io
import os
import stat
import struct
import zipfile
from pathlib import Path

import pytest

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


# ---- names ----


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


def test_too_many_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ZIP_LIST", 10_000)
    (tmp_path / "alice.zip").write_bytes(zipped(*(f"{n}.txt" for n in range(500)), ONE))
    assert "too many files" in only(tmp_path / "alice.zip").answers["corelab1"].problem


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


def test_links_out_of_a_folder_are_not_followed(tmp_path):
    put(tmp_path, f"secret/{ONE}", f"class/bob/{ONE}")
    (tmp_path / "class/alice").mkdir()
    try:
        (tmp_path / f"class/alice/{ONE}").symlink_to(tmp_path / f"secret/{ONE}")
        (tmp_path / "class/alice/more").symlink_to(tmp_path / "secret", target_is_directory=True)
    except OSError:
        pytest.skip("this platform makes no links here")
    alice, _ = find([tmp_path / "class"], STEMS)
    assert "symbolic link" in alice.answers["corelab1"].problem


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hold_the_grader_up(tmp_path):
    put(tmp_path, f"class/bob/{ONE}", "class/alice/x.txt")
    os.mkfifo(tmp_path / f"class/alice/{ONE}")
    assert "ordinary" in find([tmp_path / "class"], STEMS)[0].answers["corelab1"].problem


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

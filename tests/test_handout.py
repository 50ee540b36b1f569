"""From solutions/ to labs/, and the folder that students get."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from corelab.common.errors import UserError
from corelab.handout import notebooks
from corelab.handout.strip import strip, write_handout, write_labs

PROJECT = Path(__file__).parents[1]
SOLUTIONS = sorted((PROJECT / "solutions").glob("*.py"))
LABS = sorted((PROJECT / "labs").glob("*.py"))
NOTEBOOKS = sorted((PROJECT / "labs").glob("*.ipynb"))


def text_of(path):
    return path.read_bytes().decode("utf-8")


def answers(solution):
    """The lines between the marks, and those outside: read by other means than the kit's."""
    inside, outside, within = [], [], False
    for line in text_of(solution).split("\n"):
        if "BEGIN SOLUTION" in line:
            within = True
        elif "END SOLUTION" in line:
            within = False
        elif line.strip():
            (inside if within else outside).append(line.strip())
    return [line for line in inside if line not in outside], outside


# The committed labs


def test_labs_are_the_stripped_solutions_byte_for_byte():
    assert [path.name for path in LABS] == [path.name for path in SOLUTIONS]
    for lab, solution in zip(LABS, SOLUTIONS, strict=True):
        assert text_of(lab) == strip(text_of(solution), solution.name), (
            f"run `corelab handout` for {lab.name}"
        )
        assert "\r" not in text_of(lab)


@pytest.mark.parametrize(("lab", "name"), notebooks.NOTEBOOKS.items())
def test_a_notebook_has_no_line_of_the_answers(lab, name):
    cells = json.loads(text_of(PROJECT / "labs" / name))["cells"]
    lines = {line.strip() for cell in cells for line in cell["source"]}
    inside, _ = answers(PROJECT / "solutions" / lab)
    assert inside
    assert not lines.intersection(inside)


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
def test_a_lab_has_all_but_the_answers(solution):
    lab = text_of(PROJECT / "labs" / solution.name)
    inside, outside = answers(solution)
    lines = [line.strip() for line in lab.split("\n")]
    assert inside, "no answer is marked in the solution"
    assert not [line for line in inside if line in lines]
    assert "SOLUTION" not in lab.upper().replace("SOLUTIONS", "")
    assert [line for line in lines if line in outside] == outside
    ast.parse(lab)


@pytest.mark.parametrize("solution", SOLUTIONS, ids=lambda path: path.stem)
def test_what_is_to_be_written_is_said_where_it_is_to_be_written(solution):
    titles = re.findall(r"# BEGIN SOLUTION: (.+)", text_of(solution))
    assert titles
    for title in titles:
        assert f'raise NotImplementedError("{title}")' in text_of(PROJECT / "labs" / solution.name)


# Stripping

TWO = """\
def double(x):
    # BEGIN SOLUTION: double it
    return 2 * x
    # END SOLUTION


class Half:
    def of(self, x):
        '''Half of x.'''
        # BEGIN SOLUTION: 一半 / "half" of it \\ here
        if x:
            x /= 2

        return x
        # END SOLUTION
# the end"""

TWO_STRIPPED = """\
def double(x):
    raise NotImplementedError("double it")


class Half:
    def of(self, x):
        '''Half of x.'''
        raise NotImplementedError("一半 / \\"half\\" of it \\\\ here")
# the end"""


def test_a_region_becomes_what_is_to_be_written_at_its_own_indentation():
    assert strip(TWO) == TWO_STRIPPED


def test_the_title_is_the_message():
    scope = {}
    exec(strip(TWO), scope)
    with pytest.raises(NotImplementedError) as caught:
        scope["Half"]().of(1)
    assert str(caught.value) == '一半 / "half" of it \\ here'


@pytest.mark.parametrize(
    "text", ["", "x = 1\n", "x = 1", "\n\n", "# SOLUTION\n", "# begin the solution\n"]
)
def test_what_is_not_marked_stays_as_it_is(text):
    assert strip(text) == text


REGION = "# BEGIN SOLUTION: t\nx\n# END SOLUTION\n"


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        (REGION + "# BEGIN SOLUTION\nx\n# END SOLUTION\n", 4, "title"),
        ("\n# BEGIN SOLUTION:   \nx\n# END SOLUTION\n", 2, "title"),
        (
            "# BEGIN SOLUTION: a\n# BEGIN SOLUTION: b\n# END SOLUTION\n# END SOLUTION\n",
            2,
            "inside the one of line 1",
        ),
        (REGION + "x\n# BEGIN SOLUTION: a\nx\n", 5, "without its END SOLUTION"),
        (REGION + "# END SOLUTION\n", 4, "without its BEGIN SOLUTION"),
        ("x = 1\n    # END SOLUTION\n", 2, "without its BEGIN SOLUTION"),
    ],
    ids=["untitled", "empty title", "nested", "unclosed", "closed twice", "never begun"],
)
def test_a_region_that_is_not_one_is_refused_with_its_line(source, line, said):
    with pytest.raises(UserError) as caught:
        strip(source, "lab09.py")
    assert str(caught.value).startswith(f"lab09.py:{line}: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "mark",
    [
        "x = 1  # BEGIN SOLUTION: behind code",
        "# begin solution: small",
        "## BEGIN SOLUTION: two",
        "# BEGIN SOLUTIONS: many",
    ],
)
def test_a_mark_that_is_misspelt_is_refused_and_hands_out_no_answer(mark):
    with pytest.raises(UserError, match=r"lab09\.py:2: "):
        strip(f"def f(x):\n    {mark}\n    return 2 * x\n", "lab09.py")


# Writing labs/


def test_labs_are_written_and_nothing_else_is_touched(tmp_path):
    solutions, labs = tmp_path / "solutions", tmp_path / "labs"
    solutions.mkdir()
    labs.mkdir()
    (solutions / "lab01.py").write_text(TWO, encoding="utf-8")
    (solutions / "notes.txt").write_text("not a lab", encoding="utf-8")
    (labs / "mine.py").write_text("x = 1", encoding="utf-8")
    assert write_labs(solutions, labs) == [labs / "lab01.py"]
    assert sorted(path.name for path in labs.iterdir()) == ["lab01.py", "mine.py"]
    assert text_of(labs / "lab01.py") == TWO_STRIPPED
    assert text_of(labs / "mine.py") == "x = 1", "somebody's own file is not ours to delete"


def test_a_mistake_in_one_solution_leaves_all_labs_as_they_were(tmp_path):
    solutions, labs = tmp_path / "solutions", tmp_path / "labs"
    solutions.mkdir()
    (solutions / "lab01.py").write_text(TWO, encoding="utf-8")
    write_labs(solutions, labs)
    (solutions / "lab01.py").write_text("x = 1\n" + TWO, encoding="utf-8")
    (solutions / "lab02.py").write_text("# BEGIN SOLUTION: never closed\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"lab02\.py:1: "):
        write_labs(solutions, labs)
    assert [path.name for path in labs.iterdir()] == ["lab01.py"]
    assert text_of(labs / "lab01.py") == TWO_STRIPPED


# The folder for students


@pytest.fixture(scope="module")
def handout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("for students") / "優化神經網路"
    assert folder / "labs" in write_handout(folder)
    return folder


def test_students_get_labs_notebooks_bench_data_and_readme(handout):
    assert [path.name for path in NOTEBOOKS] == ["Demo_6-1.ipynb", "Demo_6-3.ipynb"]
    assert len(list((handout / "labs").iterdir())) == len([*LABS, *NOTEBOOKS])
    for lab in (*LABS, *NOTEBOOKS):
        assert text_of(handout / "labs" / lab.name) == text_of(lab)
    for name in ("README.md", "README.zh-TW.md", "LICENSE", "pyproject.toml", "data/README.md"):
        assert (handout / name).read_bytes() == (PROJECT / name).read_bytes()
    for archive in (PROJECT / "data").rglob("*.gz"):
        if "FashionMNIST" in archive.parts:
            assert (handout / archive.relative_to(PROJECT)).stat().st_size == archive.stat().st_size
    for module in (PROJECT / "corelab").glob("*.py"):
        assert text_of(handout / "corelab" / module.name) == text_of(module)
    assert (handout / "corelab" / "py.typed").is_file()


def test_students_get_neither_solutions_nor_tests_nor_left_overs(handout):
    names = {path.relative_to(handout).as_posix() for path in handout.rglob("*")}
    parts = {part for name in names for part in name.split("/")}
    assert not parts & {"solutions", "tests", "runs", "__pycache__", ".git"}
    assert not [name for name in names if name.endswith("-ubyte") or name.endswith(".pyc")]


def test_pictures_that_the_readme_shows_are_there(handout):
    for readme in ("README.md", "README.zh-TW.md"):
        for target in re.findall(r"!\[[^\]]*\]\(([^)#]+)\)", text_of(handout / readme)):
            assert (handout / target).is_file(), target


def test_the_handout_cannot_make_handouts(handout):
    """It has no solutions/: one line says so."""
    environment = {**os.environ, "PYTHONPATH": str(handout), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "corelab.cli", "handout", "--out", str(handout.parent / "more")],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        cwd=handout,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert "no solutions/" in ran.stderr
    assert not (handout.parent / "more").exists()


@pytest.fixture
def quick(monkeypatch):
    """Hand-outs without the 30 MB of data."""
    monkeypatch.setattr("corelab.handout.strip._SHARED", ("LICENSE", "corelab"))


@pytest.mark.usefixtures("quick")
def test_an_empty_or_a_new_folder_is_taken(tmp_path):
    (tmp_path / "empty").mkdir()
    for out in (tmp_path / "empty", tmp_path / "new" / "and" / "deep"):
        write_handout(out)
        assert (out / "labs" / LABS[0].name).is_file()
        assert [path.name for path in out.parent.iterdir()] == [out.name] or out.parent == tmp_path


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", ["file", "folder", "folder with a hidden file"])
def test_what_is_there_already_is_left_alone(tmp_path, kind):
    out = tmp_path / "out"
    if kind == "file":
        out.write_text("mine", encoding="utf-8")
    else:
        out.mkdir()
        (out / (".mine" if "hidden" in kind else "mine")).write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="is there already: give a new or an empty folder"):
        write_handout(out)
    assert len(list(tmp_path.rglob("*"))) == (1 if kind == "file" else 2)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("where", ["in a copy", "at the end"])
def test_a_handout_is_there_whole_or_not_at_all(tmp_path, monkeypatch, stop, where):
    real = shutil.copytree

    def copy_and_stop(*arguments, **options):
        real(*arguments, **options)
        raise stop

    def refuse(*_):
        raise stop

    if where == "in a copy":
        monkeypatch.setattr(shutil, "copytree", copy_and_stop)
    else:
        monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises((UserError, KeyboardInterrupt)) as caught:
        write_handout(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    if isinstance(stop, OSError):
        assert str(caught.value).startswith(f"{tmp_path / 'out'} could not be written (")
        assert "No space left on device" in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"could not be written \(.*\): choose another folder for --out"
    ):
        write_handout(tmp_path / "file" / "out")

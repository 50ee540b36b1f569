"""From solutions/ to labs/: what students get, without the answers, and two labs as notebooks.

In a solution, a region that the student is to write is marked like this:

    # BEGIN SOLUTION: divide, and count the ragged last batch too
    return math.ceil(samples / batch_size)
    # END SOLUTION

and becomes, at the same indentation:

    raise NotImplementedError("divide, and count the ragged last batch too")
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.handout.notebooks import NOTEBOOKS, notebook

_BEGIN = re.compile(r"^(?P<indent>[ \t]*)#\s*BEGIN SOLUTION\b:?[ \t]*(?P<title>.*?)[ \t]*$")
_END = re.compile(r"^[ \t]*#\s*END SOLUTION\b")
_MISSPELT = re.compile(r"\b(BEGIN|END)\s+SOLUTION", re.IGNORECASE)  # would hand out the answer
# What a student needs beside the labs to install the kit and to run them.
_SHARED = (
    "corelab",
    "data",
    "pyproject.toml",
    "LICENSE",
    "README.md",
    "README.zh-TW.md",
    *("ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"),  # the READMEs link to them
    ".github/figures",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*-ubyte", ".*")


def project() -> Path:
    """Return the project's folder, which holds solutions/; UserError where it is not there."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / "solutions").is_dir():
        message = _(
            "{folder} has no solutions/: run this in a checkout of the kit (pip install -e .)"
        )
        raise UserError(message.format(folder=folder))
    return folder


def strip(source: str, name: str = "solution") -> str:
    """Return a solution's source without its answers.

    Raises UserError, with the line, for a region without a title, inside another, without its end
    or without its beginning, and for a mark that is none.
    """
    lines: list[str] = []
    opened: tuple[int, str] | None = None  # the open region's line and indentation
    for number, line in enumerate(source.splitlines(keepends=True), 1):
        if begin := _BEGIN.match(line):
            if opened:
                raise UserError(
                    f"{name}:{number}: a region begins inside the one of line {opened[0]}"
                )
            if not begin["title"]:
                raise UserError(
                    f"{name}:{number}: a region needs a title: # BEGIN SOLUTION: what to write"
                )
            opened = number, begin["indent"]
            title = begin["title"].replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'{begin["indent"]}raise NotImplementedError("{title}")\n')
        elif _END.match(line):
            if not opened:
                raise UserError(f"{name}:{number}: END SOLUTION without its BEGIN SOLUTION")
            opened = None
        elif _MISSPELT.search(line):
            marks = "# BEGIN SOLUTION: title, # END SOLUTION"
            raise UserError(f"{name}:{number}: a mark is a line of its own: {marks}")
        elif not opened:
            lines.append(line)
    if opened:
        raise UserError(f"{name}:{opened[0]}: BEGIN SOLUTION without its END SOLUTION")
    return "".join(lines)


def write_labs(solutions: Path, labs: Path) -> list[Path]:
    """Generate every lab from its solution, and the notebooks from these; return the files.

    All are made before the first is written, so that a mistake in one leaves the labs as they were.
    """
    sources = sorted(solutions.glob("*.py"))
    made = {file.name: strip(file.read_text(encoding="utf-8"), file.name) for file in sources}
    made |= {NOTEBOOKS[lab]: notebook(lab, text) for lab, text in made.items() if lab in NOTEBOOKS}
    labs.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (labs / name).write_text(text, encoding="utf-8", newline="\n")
    return [labs / name for name in made]


def write_handout(out: Path) -> list[Path]:
    """Write what students get into the new folder `out`; return the files and folders at its top.

    It appears whole or not at all. Raises UserError where `out` is there already, or can't be
    written.
    """
    source = project()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(_("{out} is there already: give a new or an empty folder").format(out=out))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
            made = Path(scratch) / "handout"
            made.mkdir()
            write_labs(source / "solutions", made / "labs")
            for name in _SHARED:
                if (source / name).is_dir():
                    shutil.copytree(source / name, made / name, ignore=_LEFT_OUT)
                else:
                    shutil.copy2(source / name, made / name)
            if out.exists():
                out.rmdir()
            made.rename(out)
    except OSError as error:
        # copytree collects what went wrong: (from, to, why) of every file
        why = error.args[0][0][-1] if isinstance(error, shutil.Error) else error.strerror
        message = _("{out} could not be written ({why}): choose another folder for --out")
        raise UserError(message.format(out=out, why=why)) from error
    return sorted(out.iterdir())

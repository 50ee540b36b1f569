"""Who handed in which exercise.

Accepted are answers as `.py` or `.ipynb`, loose or in a folder or zip a student, and the exports of Canvas
(`doejane_LATE_12345_67890_corelab1_batch_input-1.py`) and Moodle (`Jane Doe_12345_assignsubmission_file_/…`).

Which exercise a file answers is told by its own name. Whose it is, is told by what a student cannot choose:
the first folder, zip or file name below the path that the instructor gave; names further in decide nothing.
Of several files for one exercise the plainest name counts, of those the newest attempt (by Canvas's numbers,
or `-1`, `(1)`), then a `.py` before an `.ipynb`, then the file last changed. The answer's note says so.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.common.sanitize import one_line
from corelab.grading.submissions.archives import Entry, Place, is_zip, walk
from corelab.grading.submissions.source import SUFFIXES

# Canvas puts files side by side; Moodle makes a folder a student, or puts files side by side. A
# name of digits alone could be a date: there the numbers must be longer than a month's and a day's.
_CANVAS = re.compile(
    r"(?=\D|\w*?_(?:LATE_)?\d{3,}_\d{3,}_)"
    r"(?P<name>.+?)_(?P<late>LATE_)?(?P<user>\d+)_(?P<attempt>\d+)_(?P<file>.*\.\w+)",
    re.DOTALL,
)
_MOODLE = re.compile(
    r"(?P<name>.*)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL
)
_COPY_MARK = re.compile(r"(?:-(\d{1,3})| ?\((\d{1,3})\))$")
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(\..*)?", re.IGNORECASE | re.DOTALL
)


@dataclass(frozen=True)
class Answer:
    """One student's file for one exercise; its content is read when its turn comes."""

    shown: str
    """Its path, below the one that was given, to be shown."""
    place: Place
    problem: str = ""
    """Why it cannot be read, where that is known without reading it."""
    note: str = ""
    """What the instructor should know: handed in late, one of several files."""


@dataclass(frozen=True)
class Student:
    id: str
    """Stable, unique, and a file name that every platform takes."""
    name: str
    canvas: str = ""
    """The user's number at Canvas, where the export's names tell it."""
    moodle: str = ""
    """The participant's number at Moodle."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """By exercise; what was not handed in is not there."""


def exercise_of(name: str, stems: Mapping[str, str]) -> str:
    """The exercise that a file answers, by its name; "" for none."""
    return _named(name, stems).exercise


def find(
    paths: Sequence[Path], stems: Mapping[str, str], leave_out: Path | None = None, owner: str = ""
) -> list[Student]:
    """The students under `paths`, in the order of their ids.

    stems: for each exercise, what the name of its file contains: `{"corelab1":
    "corelab1_batch_input"}`.
    leave_out: a folder not to look into, such as the one that results are written to.
    owner: the one student whose all of it is, where that is known.

    Raises UserError for a path that cannot be graded, and where no answer at all is found.
    """
    labels: dict[str, _Label] = {}
    handed_in: dict[str, list[_Found]] = {}
    for path in paths:
        if path.is_file() and not is_zip(path.name) and path.suffix.lower() not in SUFFIXES:
            raise UserError(
                _("{path}: expected a folder, a .zip, a .py or an .ipynb").format(path=path)
            )
        found = [_Found(entry, _named(entry.parts[-1], stems)) for entry in walk(path, leave_out)]
        found = [_past_exercise(one, stems) for one in found]
        owned = _with_owners(path.absolute(), found, lone=len(paths) == 1)
        for one, label in ((one, _Label(owner, owner)) for one in found) if owner else owned:
            key = label.key.casefold()
            labels.setdefault(key, label)
            handed_in.setdefault(key, []).append(one)
    students = [_student(label, handed_in[key], stems) for key, label in labels.items()]
    if not any(student.answers for student in students):
        message = _(
            "no answers found under {paths}: expected .py or .ipynb files with {names} in their names, loose "
            "or in a folder or zip a student"
        )
        names = _(" or ").join(stems.values())
        raise UserError(message.format(paths=", ".join(map(str, paths)), names=names))
    return sorted(students, key=lambda student: student.id)


# ---- which exercise ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Name:
    """What a file's name says: the exercise, and what stands beside it."""

    exercise: str = ""
    beside: str = ""
    copy: int = 0
    in_full: bool = True


@dataclass(frozen=True)
class _Found:
    entry: Entry
    name: _Name

    @property
    def head(self) -> str:
        return self.entry.parts[0]

    @property
    def lies_loose(self) -> bool:
        return len(self.entry.parts) == 1 and not self.entry.holds_many

    @property
    def readable_kind(self) -> bool:
        return self.entry.parts[-1].lower().endswith(SUFFIXES)


def _named(name: str, stems: Mapping[str, str]) -> _Name:
    """The exercise by its file's stem, or by its short name; upper case, spaces and hyphens are
    forgiven."""
    lms = _CANVAS.fullmatch(name) or _MOODLE.fullmatch(name)
    own = (lms["file"] or "") if lms else name
    # Letter by letter, as lower() changes the length of some letters and positions must stay.
    folded = "".join("_" if c in " -" else c.lower() if c.isascii() else c for c in own)
    patterns = [(e, re.escape(stem), True) for e, stem in stems.items()]
    patterns += [(e, re.escape(e) + r"(?!\d)", False) for e in stems]
    for exercise, pattern, in_full in patterns:
        if at := re.search(pattern.lower(), folded):
            before, after = own[: at.start()], re.sub(r"(?i)\.(py|ipynb)$", "", own[at.end() :])
            copy = _COPY_MARK.search(after)
            after = after[: copy.start()] if copy else after
            beside = "_".join(part for part in (before.strip(" _-."), after.strip(" _-.")) if part)
            return _Name(exercise, beside, int(copy[1] or copy[2]) if copy else 0, in_full)
    return _Name()


# ---- whose ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Label:
    """Whose something is, as the name of a folder, zip or file says."""

    key: str
    name: str
    canvas: str = ""
    moodle: str = ""


def _from_lms(name: str) -> _Label | None:
    if moodle := _MOODLE.fullmatch(name):
        return _Label(f"{moodle['name']}_{moodle['user']}", moodle["name"], moodle=moodle["user"])
    if canvas := _CANVAS.fullmatch(name):
        return _Label(f"{canvas['name']}_{canvas['user']}", canvas["name"], canvas=canvas["user"])
    return None


def _label(name: str) -> _Label:
    own = name[:-4] if is_zip(name) else name
    return _from_lms(name) or _Label(own, own)


def _with_owners(path: Path, found: list[_Found], lone: bool) -> Iterator[tuple[_Found, _Label]]:
    """What was found under one path, each with the student whose it is."""
    if path.is_file() and not is_zip(path.name):
        loose = found[0]
        yield loose, _from_lms(loose.head) or _label(loose.name.beside or path.parent.name)
        return
    found = _past_wrapper(found)
    if _from_lms(path.name) or _is_one_students(found, lone):
        yield from ((one, _label(path.name)) for one in found)
        return
    for one in found:
        if not one.lies_loose:
            yield one, _label(one.head)
        elif one.name.exercise or _from_lms(one.head):
            yield one, _from_lms(one.head) or _label(one.name.beside or path.name)


def _past_exercise(one: _Found, stems: Mapping[str, str]) -> _Found:
    """As seen from inside a folder or zip that is named after an exercise: it says nothing of whose
    it is."""
    named = _named(one.head[:-4] if is_zip(one.head) else one.head, stems)
    if len(one.entry.parts) == 1 or not named.exercise or named.beside:
        return one
    return replace(one, entry=replace(one.entry, parts=one.entry.parts[1:]))


def _past_wrapper(found: list[_Found]) -> list[_Found]:
    """A class's export often has one folder around everything: what was found, as seen from inside
    it."""
    if len({one.head for one in found}) != 1 or any(len(one.entry.parts) == 1 for one in found):
        return found
    inside = [replace(one, entry=replace(one.entry, parts=one.entry.parts[1:])) for one in found]
    is_class = any(_from_lms(one.head) for one in inside) or _some_twice(inside)
    return inside if is_class and not _from_lms(found[0].head) else found


def _is_one_students(found: list[_Found], lone: bool) -> bool:
    """Whether all of a folder or zip is one student's, rather than a class's."""
    if any(_from_lms(one.head) for one in found):
        return False
    loose = [one for one in found if one.lies_loose and one.name.exercise]
    plainly_named = any(not one.name.beside for one in loose)
    return (plainly_named or not (lone or loose)) and not _some_twice(
        o for o in found if not o.lies_loose
    )


def _some_twice(found: Iterable[_Found]) -> bool:
    """Whether different folders, zips or names hold the same exercise."""
    holders: dict[str, str] = {}
    for one in found:
        holder = one.name.beside if one.lies_loose else one.head
        if one.name.exercise and holders.setdefault(one.name.exercise, holder) != holder:
            return True
    return False


# ---- a student -----------------------------------------------------------------------------------


def _student(label: _Label, found: list[_Found], stems: Mapping[str, str]) -> Student:
    answers = {}
    for exercise in stems:
        files = [one for one in found if one.name.exercise == exercise]
        # What a damaged zip held is not known: it may have been this exercise.
        if files := files or [one for one in found if one.entry.holds_many]:
            answers[exercise] = _chosen(files)
    return Student(
        _file_name(label.key), one_line(label.name, 80) or "?", label.canvas, label.moodle, answers
    )


def _chosen(files: list[_Found]) -> Answer:
    """The file that counts, of those that a student handed in for one exercise."""

    def rank(one: _Found) -> tuple:
        canvas = _CANVAS.fullmatch(one.head)
        attempt = (int(canvas["attempt"]) if canvas else 0, one.name.copy)
        is_py = one.entry.parts[-1].lower().endswith(".py")
        plainly = (one.readable_kind, one.name.in_full, not one.name.beside)
        return *plainly, attempt, is_py, one.entry.changed, one.entry.parts

    best, *others = sorted(files, key=rank, reverse=True)
    others = [one for one in others if one.readable_kind]
    canvas = _CANVAS.fullmatch(best.head)
    notes = [_("handed in late")] if canvas and canvas["late"] else []
    if others:
        left = ", ".join(_shown(one) for one in others[:3]) + (", …" if others[3:] else "")
        note = _("taken of {count} files for this exercise; not looked at: {left}")
        notes.append(note.format(count=len(others) + 1, left=left))
    problem = best.entry.problem
    if not problem and not best.readable_kind:
        problem = _("expected a .py or an .ipynb file")
    return Answer(_shown(best), best.entry.place, problem, _("; ").join(notes))


def _shown(one: _Found) -> str:
    shown = one_line("/".join(one.entry.parts), 1000)
    return shown if len(shown) <= 160 else f"…{shown[-159:]}"  # its end tells a notebook


def _file_name(key: str) -> str:
    """The key as a file name; where it had to change, with a mark that keeps it unique."""
    safe = "".join(c if c.isalnum() or c in "_-. ()" else "_" for c in key)[:60].strip(" .")
    if not safe or safe[0] in "-" or _RESERVED.fullmatch(safe):
        safe = f"_{safe}"
    if safe == key and not re.search(r"-[0-9a-f]{8}$", key):
        return safe
    return f"{safe}-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"

"""Who handed in which exercise.

Accepted are answers as `.py` or `.ipynb`, loose or in a folder or zip a student, and the exports of
Canvas (`doejane_LATE_12345_67890_corelab1_batch_input-1.py`) and Moodle
(`Jane Doe_12345_assignsubmission_file_/…`).

Which exercise a file answers is told by its own name. Whose it is, is told by what a student cannot
choose: the first folder, zip or file name below the path that the instructor gave. Names further in
decide nothing, and in an export neither does what follows the LMS's own prefix.

Of several files for one exercise the plainest name counts, of those the newest attempt (by Canvas's
numbers, or `-1`, `(1)`), then a `.py` before an `.ipynb`, then the file last changed. The answer's
note says so.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.common.sanitize import one_line
from corelab.grading.submissions import archives
from corelab.grading.submissions.archives import Budget, Entry, FileRef, OverBudgetError, is_zip
from corelab.grading.submissions.source import SUFFIXES

# Canvas puts files side by side; Moodle makes a folder a student, or puts files side by side. The
# first place that fits counts: what follows is the student's own file name. A name of digits alone
# could be a date: there the numbers must be longer than a month's and a day's.
_CANVAS = re.compile(
    r"(?=\D|\w*?_(?:LATE_)?\d{3,}_\d{3,}_)"
    r"(?P<name>.+?)_(?P<late>LATE_)?(?P<user>\d+)_(?P<attempt>\d+)_(?P<file>.*\.\w+)",
    re.DOTALL,
)
_MOODLE = re.compile(
    r"(?P<name>.*?)_(?P<user>\d+)_assignsubmission_[a-z]+(?:_(?P<file>.*))?", re.DOTALL
)
_COPY_MARK = re.compile(r"(?:-(\d{1,3})| ?\((\d{1,3})\))$")
_RESERVED = re.compile(
    r"(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(\..*)?", re.IGNORECASE | re.DOTALL
)
_MAX_ID = 180  # bytes of a student's id, which becomes part of file names; 60 Chinese letters


@dataclass(frozen=True)
class Answer:
    """One student's file for one exercise; its content is read when its turn comes."""

    shown: str
    """Its path, below the one that was given, to be shown."""
    ref: FileRef
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
    lms = _lms_name(name)
    return _named(_own_name(lms) if lms else name, stems).exercise


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
    hand_ins: dict[str, _HandIn] = {}
    for path in paths:
        root = archives.root(path)
        if root.kind == "file" and path.suffix.lower() not in SUFFIXES:
            message = _("{path}: expected a folder, a .zip, a .py or an .ipynb")
            raise UserError(message.format(path=path))
        with ExitStack() as zips:
            layout = _Layout(path.absolute(), root, stems, leave_out, len(paths) == 1, zips)
            owned = [(root, _Label(owner, owner))] if owner else layout.owned()
            for entry, label in owned:
                hand_in = hand_ins.setdefault(label.key.casefold(), _HandIn(label))
                hand_in.read(entry, label, stems, leave_out)
    students = [hand_in.student(stems) for hand_in in hand_ins.values()]
    if not any(student.answers for student in students):
        message = _(
            "no answers found under {paths}: expected .py or .ipynb files with {names} in their "
            "names, loose or in a folder or zip a student"
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


def _named(name: str, stems: Mapping[str, str]) -> _Name:
    """The exercise by its file's stem, or by its short name; upper case, spaces and hyphens are
    forgiven."""
    # Letter by letter, as lower() changes the length of some letters and positions must stay.
    folded = "".join("_" if c in " -" else c.lower() if c.isascii() else c for c in name)
    patterns = [(e, re.escape(stem), True) for e, stem in stems.items()]
    patterns += [(e, re.escape(e) + r"(?!\d)", False) for e in stems]
    for exercise, pattern, in_full in patterns:
        if at := re.search(pattern.lower(), folded):
            before, after = name[: at.start()], re.sub(r"(?i)\.(py|ipynb)$", "", name[at.end() :])
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
    attempt: int = 0
    is_late: bool = False
    file: str = ""
    """The file's name without what the LMS put before it."""
    spelling: str = ""
    """The name as it was spelled, where no LMS wrote it."""
    is_paths: bool = False
    """The name is that of a path which the instructor gave."""


def _lms_name(name: str, pattern: re.Pattern[str] | None = None) -> re.Match[str] | None:
    """The name as an LMS wrote it: as the one whose mark comes first, where no pattern is given."""
    found = [each.fullmatch(name) for each in ([pattern] if pattern else [_MOODLE, _CANVAS])]
    return min(filter(None, found), key=lambda match: match.end("name"), default=None)


def _own_name(lms: re.Match[str]) -> str:
    return lms["file"] or ""


def _lms_label(lms: re.Match[str]) -> _Label:
    key, file = f"{lms['name']}_{lms['user']}", _own_name(lms)
    if lms.re is _MOODLE:
        return _Label(_nfc(key), _nfc(lms["name"]), moodle=lms["user"], file=file)
    attempt, is_late = int(lms["attempt"]), bool(lms["late"])
    return _Label(_nfc(key), _nfc(lms["name"]), lms["user"], "", attempt, is_late, file)


def _plain_label(name: str, file: str = "", is_paths: bool = False) -> _Label:
    own = name[:-4] if is_zip(name) else name
    return _Label(_nfc(own), _nfc(own), file=file, spelling=own, is_paths=is_paths)


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


@dataclass(frozen=True)
class _Head:
    """What has one name on the level where names may tell students: a folder, a zip or a file."""

    name: str
    entries: tuple[Entry, ...]
    """Itself; or of a folder in a zip, everything in it."""
    level: int
    """How many parts of their paths lead to it."""

    @property
    def is_loose(self) -> bool:
        """Whether it is a file."""
        one = self.entries[0]
        return one.kind == "file" and not one.is_broken_archive and len(one.parts) == self.level


class _Layout:
    """How one path is laid out: on which level the students stand, and whose each thing there is.

    |  | path given | lies in it | students |
    |--|---|---|---|
    | 1 | `class` | `alice/corelab1.py` `bob.zip` | alice, bob |
    | 2 | `class` | `erin_corelab1.py` `corelab1-frank.py` | erin, frank |
    | 3 | `alice` | `corelab1.py` `more/corelab2.py` | alice: a file is named for no one |
    | 4 | `class` | `corelab1.py` `alice/corelab1.py` `bob/corelab1.py` | as 1: twice one |
    | 5 | `alice` `bob` | `lab1/corelab1.py` `lab2/corelab2.py` | alice, bob: several paths given |
    | 6 | `mon` `tue` | `alice/corelab1.py` `bob/corelab1.py` | as 1: twice one exercise |
    | 7 | `class` | `export/alice/corelab1.py` `export/bob/corelab1.py` | as 1, in a wrapper |
    | 8 | `class` | `alice/lab1/corelab1.py` `alice/lab2/corelab2.py` | alice: no wrapper |
    | 9 | `class` | `corelab1/…` `corelab2.zip/…` | as if `…` lay in `class` |
    | 10 | any | one name as an LMS writes it | an export: each name tells whose it is |

    What tells a class from a student is "twice one exercise": different folders, zips or names hold
    the same one. To see it, each of them is looked into a little way.
    """

    def __init__(
        self,
        path: Path,
        root: Entry,
        stems: Mapping[str, str],
        leave_out: Path | None,
        is_only: bool,
        zips: ExitStack,
    ) -> None:
        self._path = path
        self._root = root
        self._stems = stems
        self._leave_out = leave_out
        self._is_only = is_only
        """Whether no other path was given."""
        self._zips = zips
        """Closes the zips on whose level students stand."""
        self._glances = Budget(500_000, 1 << 32, 5_000, 5.0)

    def owned(self) -> Iterator[tuple[Entry, _Label]]:
        """Everything under the path, each with the student whose it is."""
        named = _lms_name(self._path.name)
        if self._root.kind == "file":
            name = self._root.parts[0]
            beside = _named(name, self._stems).beside or self._path.parent.name
            yield self._root, _lms_label(named) if named else _plain_label(beside)
            return
        heads = self._without_wrapper(self._heads(self._root, 1, Budget(archives.CLASS_ENTRIES)))
        lms = _lms_of(heads)
        is_empty = not any(head.name for head in heads)
        whole: _Label | None = None
        if named:
            whole = replace(_lms_label(named), file="")
        elif is_empty or (lms is None and self._is_one_students(heads)):
            whole = _plain_label(self._path.name, is_paths=True)
        if whole and is_empty:
            yield self._root, whole
            return
        for head in heads:
            if label := whole or self._label(head, lms):
                yield from ((entry, label) for entry in head.entries)

    def _label(self, head: _Head, lms: re.Pattern[str] | None) -> _Label | None:
        """Whose a folder, zip or file of a class is; None for a file that is nobody's answer."""
        if lms and (written := _lms_name(head.name, lms)):
            label = _lms_label(written)
            return label if head.is_loose else replace(label, file="")
        if not head.is_loose:
            return _plain_label(head.name)
        named = _named(head.name, self._stems)
        return _plain_label(named.beside or self._path.name) if named.exercise else None

    # -- the level on which students stand --

    def _heads(self, entry: Entry, level: int, budget: Budget) -> list[_Head]:
        """What lies in a folder or zip; where its name is an exercise's, what lies in that.

        Empty where it cannot be looked into; of the path itself, that says so.
        """
        try:
            if entry.kind == "zip":
                archive = self._zips.enter_context(archives.open_zip(entry, budget))
                found = list(archives.members(entry, archive))
            else:
                found = list(archives.children(entry, budget, self._leave_out))
        except Exception as error:  # hostile zips meet zipfile with errors of many kinds
            found = [archives.broken(entry, error)]
        return self._grouped(found, level)

    def _grouped(self, found: list[Entry], level: int) -> list[_Head]:
        groups: dict[str, list[Entry]] = {}
        for one in found:
            if len(one.parts) >= level:
                groups.setdefault(one.parts[level - 1], []).append(one)
        heads = []
        for name, entries in groups.items():
            head = _Head(name, tuple(entries), level)
            named = _named(name[:-4] if is_zip(name) else name, self._stems)
            is_exercise = named.exercise and not named.beside and not head.is_loose
            heads += (is_exercise and self._below(head)) or [head]
        return heads

    def _below(self, head: _Head) -> list[_Head]:
        first = head.entries[0]
        if len(first.parts) > head.level:  # a folder in a zip
            return self._grouped(list(head.entries), head.level + 1)
        return [] if first.problem else self._heads(first, head.level + 1, Budget())

    def _without_wrapper(self, heads: list[_Head]) -> list[_Head]:
        """A class's export often has one folder or zip around everything: what lies inside it."""
        if len(heads) != 1 or heads[0].is_loose or _lms_name(heads[0].name):
            return heads
        inside = self._below(heads[0])
        return inside if _lms_of(inside) or self._some_exercise_twice(inside) else heads

    # -- one student's, or a class's --

    def _is_one_students(self, heads: list[_Head]) -> bool:
        """Whether all of it is one student's, rather than a class's."""
        answers = [name for head in heads if (name := self._loose_answer(head))]
        if answers and all(name.beside for name in answers):  # each named for somebody
            return False
        return (bool(answers) or not self._is_only) and not self._some_exercise_twice(heads)

    def _some_exercise_twice(self, heads: list[_Head]) -> bool:
        """Whether different folders, zips or names hold the same exercise.

        Where a file is named for no one, the files beside it are further attempts, not students.
        """
        answers = {head.name: name for head in heads if (name := self._loose_answer(head))}
        are_attempts = any(not name.beside for name in answers.values())
        holders: dict[str, str] = {}
        for head in heads:
            if head.is_loose:
                answer = answers.get(head.name)
                held = {answer.exercise} if answer and not are_attempts else set()
                holder = answer.beside if answer else ""
            else:
                held, holder = self._glance(head), _plain_label(head.name).key
            if any(holders.setdefault(exercise, holder) != holder for exercise in held):
                return True
        return False

    def _loose_answer(self, head: _Head) -> _Name | None:
        name = _named(head.name, self._stems)
        return name if head.is_loose and name.exercise else None

    def _glance(self, head: _Head) -> set[str]:
        """The exercises that a quick look finds in a folder or zip."""
        held: set[str] = set()
        try:
            with Budget(1_000, 40 << 20, 5, 1.0, self._glances) as budget:
                for entry in head.entries:
                    for found in archives.walk(entry, budget, self._leave_out):
                        held.add(_named(found.parts[-1], self._stems).exercise)
        except OverBudgetError:
            pass
        return held - {""}


def _lms_of(heads: Iterable[_Head]) -> re.Pattern[str] | None:
    """The LMS that made an export: the one whose names most owners have."""
    names = filter(None, (_lms_name(head.name) for head in heads))
    votes = Counter(lms for lms, _key in {(name.re, _lms_label(name).key) for name in names})
    # Canvas takes odd characters out of names, Moodle does not: a tie is Moodle's.
    return max((_MOODLE, _CANVAS), key=lambda lms: votes[lms]) if votes else None


# ---- a student -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Found:
    """A file that may be an answer."""

    entry: Entry
    name: _Name
    label: _Label

    @property
    def readable_kind(self) -> bool:
        return self.entry.parts[-1].lower().endswith(SUFFIXES)

    @property
    def rank(self) -> tuple[object, ...]:
        """By which of several files one counts."""
        is_py = self.entry.parts[-1].lower().endswith(".py")
        plainly = (self.readable_kind, self.name.in_full, not self.name.beside)
        attempt = (self.label.attempt, self.name.copy)
        return self.label.is_paths, *plainly, *attempt, is_py, self.entry.mtime, self.entry.parts


class _Files:
    """A student's files for one exercise: those that rank highest, and how many there were."""

    KEPT = 4  # the one that counts, and those to be named beside it

    def __init__(self) -> None:
        self.count = 0
        self.best: list[_Found] = []
        self.spellings: set[tuple[bool, str]] = set()

    def add(self, found: _Found) -> None:
        if found.readable_kind:
            self.count += 1
            self.spellings.add((found.label.is_paths, found.label.spelling))
        best = sorted([*self.best, found], key=lambda one: one.rank, reverse=True)
        self.best = best[: self.KEPT]

    def answer(self) -> Answer:
        """The file that counts."""
        best, *others = self.best
        others = [one for one in others if one.readable_kind]
        notes = [_("handed in late")] if best.label.is_late else []
        if others:
            left = ", ".join(_shown(one.entry) for one in others)
            left += ", …" if self.count > self.KEPT else ""
            note = _("taken of {count} files for this exercise; not looked at: {left}")
            notes.append(note.format(count=self.count, left=left))
        return Answer(_shown(best.entry), best.entry.ref, self._problem(best), _("; ").join(notes))

    def _problem(self, best: _Found) -> str:
        spelled = {name for is_paths, name in self.spellings if is_paths == best.label.is_paths}
        if len(spelled) > 1:
            message = _("{names}: too alike to be told apart; rename all but one, or put it away")
            return message.format(names=", ".join(one_line(name, 80) for name in sorted(spelled)))
        if not best.entry.problem and not best.readable_kind:
            return _("expected a .py or an .ipynb file")
        return best.entry.problem


class _HandIn:
    """What one student handed in, as far as it can matter."""

    def __init__(self, label: _Label) -> None:
        self._label = label
        self._budget = Budget()
        self._files: dict[str, _Files] = {}
        self._broken: _Found | None = None
        self._over_budget: Answer | None = None

    def read(
        self, entry: Entry, label: _Label, stems: Mapping[str, str], leave_out: Path | None
    ) -> None:
        """Look into everything in `entry`, which is this student's by `label`."""
        if self._over_budget:
            return
        try:
            with self._budget:
                for one in archives.walk(entry, self._budget, leave_out):
                    self._keep(one, label, stems)
        except OverBudgetError as error:
            self._over_budget = Answer(_shown(entry), entry.ref, str(error))

    def _keep(self, entry: Entry, label: _Label, stems: Mapping[str, str]) -> None:
        name = _named(label.file or entry.parts[-1], stems)
        if not name.exercise and not entry.is_broken_archive:
            return
        found = _Found(replace(entry, member_of=None), name, label)
        if name.exercise:
            self._files.setdefault(name.exercise, _Files()).add(found)
        if entry.is_broken_archive:
            self._broken = self._broken or found

    def student(self, stems: Mapping[str, str]) -> Student:
        label = self._label
        answers = {e: answer for e in stems if (answer := self._answer(e))}
        name = one_line(label.name, 80) or "?"
        return Student(_file_name(label.key), name, label.canvas, label.moodle, answers)

    def _answer(self, exercise: str) -> Answer | None:
        if self._over_budget:
            return self._over_budget
        if files := self._files.get(exercise):
            return files.answer()
        # What a damaged zip held is not known: it may have been this exercise.
        if self._broken:
            broken = self._broken.entry
            return Answer(_shown(broken), broken.ref, broken.problem)
        return None


def _shown(entry: Entry) -> str:
    shown = one_line("/".join(filter(None, entry.parts)) or entry.ref.path.name, 1000)
    return shown if len(shown) <= 160 else f"…{shown[-159:]}"  # its end tells a notebook


def _file_name(key: str) -> str:
    """The key as a file name; where it had to change, with a mark that keeps it unique."""
    safe = "".join(c if c.isalnum() or c in "_-. ()" else "_" for c in key)[:60]
    safe = safe.encode()[:_MAX_ID].decode(errors="ignore").strip(" .")
    if not safe or safe[0] in "-" or _RESERVED.fullmatch(safe):
        safe = f"_{safe}"
    if safe == key and not re.search(r"-[0-9a-f]{8}$", key):
        return safe
    return f"{safe}-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"

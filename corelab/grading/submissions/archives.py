"""Every file under a path, in folders and zips: read in memory and within bounds, never unpacked.

So a zip's absolute names, `..` and links lead nowhere, and a bomb goes off only up to the bound.
No link below the path is followed and no pipe is waited for, even where a file is swapped for one
between being listed and being opened.
"""

from __future__ import annotations

import io
import os
import re
import stat
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any, Literal

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.common.sanitize import one_line

MAX_ZIP = 32 << 20  # bytes of a zip inside a zip, which is read in memory
MAX_ZIP_LIST = 16 << 20  # bytes of a zip's list of entries, which zipfile reads in one piece
MAX_ZIPS_DEEP = 4  # zips inside one another
MAX_FOLDERS_DEEP = 64
CLASS_ENTRIES = 100_000  # entries in the list of a zip that holds a class
_PIECE = 1 << 20  # bytes read at a time

_IGNORED = re.compile(r"\..*|__MACOSX|__pycache__|node_modules|site-packages", re.DOTALL)
_ENTRY_MARK = b"PK\x01\x02"  # begins each entry of a zip's list

# Open without waiting for a pipe's other end, and without becoming a terminal's process.
_READ = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY"):
    _READ |= getattr(os, _flag, 0)
_BY_DESCRIPTOR = {os.open, os.stat} <= os.supports_dir_fd and os.scandir in os.supports_fd


class UnreadableError(Exception):
    """Why something handed in cannot be read: one line for the student."""


class OverBudgetError(UnreadableError):
    """More was handed in than is read of one student."""


@dataclass
class Budget:
    """What may still be spent on one student, over all folders and all zips inside zips.

    Use it as a context manager: `seconds` counts this thread's processor time in there.
    """

    entries: int = 50_000
    """Files, folders and members of zips that may be listed."""
    content: int = 96 << 20
    """Bytes that may be read and inflated to list them."""
    zips: int = 100
    """Zips that may be opened."""
    seconds: float = 10.0
    parent: Budget | None = None
    """Pays too, and may have less left."""
    _began: float | None = None

    def spend(self, *, entries: int = 0, content: int = 0, zips: int = 0) -> None:
        """Raises OverBudgetError where less is left."""
        took = 0.0 if self._began is None else time.thread_time() - self._began
        if zips > self.zips:
            raise OverBudgetError(_("there are too many zips inside zips"))
        if entries > self.entries or content > self.content or took > self.seconds:
            raise OverBudgetError(_("there is too much in it: hand in nothing but the answers"))
        self.entries -= entries
        self.content -= content
        self.zips -= zips
        if self.parent:
            self.parent.spend(entries=entries, content=content, zips=zips)

    def __enter__(self) -> Budget:
        self._began = time.thread_time()
        return self

    def __exit__(self, *_about: object) -> None:
        took = 0.0 if self._began is None else time.thread_time() - self._began
        self._began = None
        self.seconds -= took
        if self.parent:
            self.parent.seconds -= took


@dataclass(frozen=True)
class FileRef:
    """A file on disk, or a member of a zip: by its place in the zip's list, as names may repeat."""

    path: Path
    """As it was given; links are followed up to here."""
    below: tuple[str, ...] = ()
    """The folders below it and the file's name."""
    members: tuple[int, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A file, or a folder or zip that may be looked into."""

    parts: tuple[str, ...]
    """The folders and zips below the path that was given, and its own name: untrusted text."""
    ref: FileRef
    kind: Literal["file", "folder", "zip"] = "file"
    mtime: tuple[int, ...] = ()
    problem: str = ""
    """Why it cannot be read, where that is known without reading it."""
    is_broken_archive: bool = False
    """A folder or zip that cannot be looked into: whatever it held is unreadable."""
    member_of: zipfile.ZipFile | None = field(default=None, compare=False, repr=False)
    """The zip that holds it, while that is open."""


def root(path: Path) -> Entry:
    """The folder, zip or file at `path`. Raises UserError where there is none that can be read."""
    try:
        about = path.stat()
    except FileNotFoundError:
        message = _("{path}: no such file or folder; expected what the students handed in")
        raise UserError(message.format(path=path)) from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: {_describe_error(error)}") from None
    if stat.S_ISDIR(about.st_mode):
        return Entry((), FileRef(path), "folder")
    if problem := _reject_reason(about):
        raise UserError(f"{path}: {problem}")
    if is_zip(path.name):
        return Entry((), FileRef(path), "zip")
    return Entry((_tidy(path.name),), FileRef(path), "file", _mtime(about))


def walk(entry: Entry, budget: Budget, leave_out: Path | None = None) -> Iterator[Entry]:
    """Every file in `entry`, which may itself be one; an empty folder as a file without a name.

    leave_out: a folder not to look into, such as the one that results are written to.

    Raises OverBudgetError; anything else that goes wrong is the `problem` of an entry.
    """
    budget.spend(entries=1)
    levels: list[Iterator[Entry]] = [iter([entry])]  # no recursion: a student sets the depth
    while levels:
        found = next(levels[-1], None)
        if found is None:
            levels.pop()
        elif found.kind == "file" or found.problem:
            yield found
        else:
            levels.append(children(found, budget, leave_out))


def children(entry: Entry, budget: Budget, leave_out: Path | None = None) -> Iterator[Entry]:
    """What lies directly in a folder, or everything in a zip; zips within are not looked into."""
    try:
        if entry.kind == "folder":
            yield from _in_folder(entry, budget, leave_out)
        else:
            with open_zip(entry, budget) as archive:
                yield from members(entry, archive)
    except OverBudgetError:
        raise
    except Exception as error:  # hostile zips meet zipfile with errors of many kinds
        yield broken(entry, error)


def broken(entry: Entry, error: Exception) -> Entry:
    """`entry` as a file that cannot be read."""
    parts = entry.parts or (_tidy(entry.ref.path.name),)
    return replace(
        entry, parts=parts, kind="file", problem=_describe_error(error), is_broken_archive=True
    )


def read(ref: FileRef, limit: int) -> bytes:
    """The content of one file. Raises UnreadableError, also where it is over `limit` bytes."""
    try:
        # A class's zip, and a student's in it.
        both = Budget(CLASS_ENTRIES + Budget.entries, 2 * Budget.content)
        with _open(ref.path, ref.below) as file, both as budget:
            return _read(file, ref.members, limit, budget)
    except UnreadableError:
        raise
    except Exception as error:  # hostile zips meet zipfile with errors of many kinds
        raise UnreadableError(_describe_error(error)) from None


def _read(file: IO[bytes], numbers: tuple[int, ...], limit: int, budget: Budget) -> bytes:
    for nth, number in enumerate(numbers, 1):
        with _zip_file(file, budget) as archive:
            is_last = nth == len(numbers)
            most = limit if is_last else MAX_ZIP
            content = _member(archive, archive.infolist()[number], most, budget)
            file = io.BytesIO(content)
    return _bounded(file, limit)


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


# ---- folders -------------------------------------------------------------------------------------


def _in_folder(folder: Entry, budget: Budget, leave_out: Path | None) -> Iterator[Entry]:
    left_out = _identity(leave_out)
    found: list[Entry] = []
    with _listing(folder.ref) as listing:
        for one in listing:
            budget.spend(entries=1)
            if _IGNORED.fullmatch(one.name):
                continue
            child = replace(
                folder,
                parts=(*folder.parts, _tidy(one.name)),
                ref=replace(folder.ref, below=(*folder.ref.below, one.name)),
            )
            try:
                about = one.stat(follow_symlinks=False) if _BY_DESCRIPTOR else os.lstat(one.path)
            except FileNotFoundError:  # gone since it was listed
                continue
            except OSError as error:
                found.append(broken(child, error))
                continue
            if left_out is None or (about.st_dev, about.st_ino) != left_out:
                found.append(_seen(child, about))
    if not found:
        yield Entry((*folder.parts, ""), folder.ref, problem=_("an empty folder"))
    yield from sorted(found, key=lambda one: one.ref.below)


def _seen(entry: Entry, about: os.stat_result) -> Entry:
    """`entry` with what a look at it tells."""
    if stat.S_ISDIR(about.st_mode) and not _is_link(about):
        if len(entry.ref.below) <= MAX_FOLDERS_DEEP:
            return entry
        message = _("folders are nested more than {most} deep")
        return broken(entry, UnreadableError(message.format(most=MAX_FOLDERS_DEEP)))
    zipped = is_zip(entry.ref.below[-1])
    problem = _reject_reason(about)
    return replace(
        entry,
        kind="zip" if zipped else "file",
        mtime=_mtime(about),
        problem=problem,
        # A link may lead to a folder.
        is_broken_archive=bool(problem) and (zipped or _is_link(about)),
    )


def _identity(folder: Path | None) -> tuple[int, int] | None:
    try:
        about = folder.stat() if folder else None
    except OSError:
        return None
    return (about.st_dev, about.st_ino) if about else None


@contextmanager
def _listing(ref: FileRef) -> Iterator[Iterator[os.DirEntry[str]]]:
    """A folder's entries, all of one folder: it stays open meanwhile."""
    if not _BY_DESCRIPTOR:
        with os.scandir(_checked_path(ref.path, ref.below)) as entries:
            yield entries
        return
    descriptor = _descend(ref.path, ref.below, os.O_DIRECTORY)
    try:
        with os.scandir(descriptor) as entries:
            yield entries
    finally:
        os.close(descriptor)


def _open(path: Path, below: tuple[str, ...]) -> IO[bytes]:
    """An ordinary file, to be read. Raises UnreadableError for any other, and OSError."""
    if _BY_DESCRIPTOR:
        descriptor = _descend(path, below)
    else:
        descriptor = os.open(_checked_path(path, below), _READ)
    if problem := _reject_reason(os.fstat(descriptor)):
        os.close(descriptor)
        raise UnreadableError(problem)
    return os.fdopen(descriptor, "rb")


def _descend(path: Path, below: tuple[str, ...], flags: int = 0) -> int:
    """Open what is `below` the path part by part, so that no part can be a link.

    flags: O_DIRECTORY for a folder; without it what is not an ordinary file is not opened.

    Returns the descriptor. Raises UnreadableError and OSError.
    """
    descriptor = os.open(path, _READ | (os.O_DIRECTORY if below else flags))
    for nth, name in enumerate(below, 1):
        above = descriptor
        try:
            now = flags if nth == len(below) else os.O_DIRECTORY
            if not now:  # to open a device may set it going
                about = os.stat(name, dir_fd=above, follow_symlinks=False)
                if problem := _reject_reason(about):
                    raise UnreadableError(problem)
            descriptor = os.open(name, _READ | os.O_NOFOLLOW | now, dir_fd=above)
        finally:
            os.close(above)
    return descriptor


def _checked_path(path: Path, below: tuple[str, ...]) -> Path:
    """The same where nothing can be opened below a descriptor (Windows): looked at just before."""
    for name in below:
        path = path / name
        if _is_link(about := path.lstat()):
            raise UnreadableError(_reject_reason(about))
    return path


def _is_link(about: os.stat_result) -> bool:
    junction = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)  # on Windows
    is_junction = junction is not None and getattr(about, "st_reparse_tag", 0) == junction
    return stat.S_ISLNK(about.st_mode) or is_junction


def _reject_reason(about: os.stat_result) -> str:
    if _is_link(about):
        return _("it is a symbolic link, which is not followed: hand in the file itself")
    return "" if stat.S_ISREG(about.st_mode) else _("it is not an ordinary file")


def _mtime(about: os.stat_result) -> tuple[int, ...]:
    try:
        return time.localtime(about.st_mtime)[:6]  # as a zip tells it
    except (OSError, OverflowError, ValueError):  # a year that this platform does not know
        return ()


def _tidy(name: str) -> str:
    """One part of a path in characters, whatever bytes it came in; no longer than a file system's
    names."""
    # Bytes that are not UTF-8 came as lone surrogates: from a zip made on Windows.
    if any("\ud800" <= c <= "\udfff" for c in name):
        errors = "surrogateescape" if os.name == "posix" else "replace"
        name = _from_bytes(name.encode("utf-8", errors))
    return name[:255]


def _from_bytes(raw: bytes) -> str:
    for encoding in ("utf-8", "cp950"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


# ---- zips ----------------------------------------------------------------------------------------


@contextmanager
def open_zip(zipped: Entry, budget: Budget) -> Iterator[zipfile.ZipFile]:
    """The zip that an entry is. Raises UnreadableError, and whatever zipfile raises."""
    numbers = zipped.ref.members
    if len(numbers) >= MAX_ZIPS_DEEP:
        raise UnreadableError(_("there are too many zips inside zips"))
    if zipped.member_of is None:
        file = _open(zipped.ref.path, zipped.ref.below)
    else:
        info = zipped.member_of.infolist()[numbers[-1]]
        file = io.BytesIO(_member(zipped.member_of, info, MAX_ZIP, budget))
    with file, _zip_file(file, budget) as archive:
        yield archive


def members(zipped: Entry, archive: zipfile.ZipFile) -> Iterator[Entry]:
    """Every file in a zip that was opened."""
    for number, info in enumerate(archive.infolist()):
        parts = _parts(info)
        if info.is_dir() or not parts or any(_IGNORED.fullmatch(part) for part in parts):
            continue
        zipped_again, problem = is_zip(parts[-1]), _reject_reason_in_zip(info)
        yield Entry(
            (*zipped.parts, *parts),
            replace(zipped.ref, members=(*zipped.ref.members, number)),
            "zip" if zipped_again else "file",
            info.date_time,
            problem,
            is_broken_archive=bool(problem) and zipped_again,
            member_of=archive,
        )


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    name = info.orig_filename
    # Not marked as UTF-8: zipfile took it for cp437, which maps every byte.
    if not info.flag_bits & 0x800:
        name = _from_bytes(name.encode("cp437", "replace"))
    # First decode, then split: in cp950 the second byte of 許, 功 and 蓋 is a backslash.
    parts = name.split("\0")[0].replace("\\", "/").split("/")[-MAX_FOLDERS_DEEP:]
    return tuple(
        _tidy(part) for part in parts if part not in ("", ".", "..") and not part.endswith(":")
    )


def _reject_reason_in_zip(info: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(info.external_attr >> 16):
        return _("it is a link in a zip, which is not followed: hand in the file itself")
    if info.flag_bits & 0x1:
        return _("the zip is encrypted: zip it again without a password")
    # Python inflates other methods without a bound.
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return _(
            "the zip is compressed in an unusual way: zip it again in the ordinary one (deflate)"
        )
    return ""


def _zip_file(file: IO[bytes], budget: Budget) -> zipfile.ZipFile:
    """The zip in `file`; its list is paid for before it is parsed, and what is read of it later."""
    budget.spend(zips=1)
    bounded = _BoundedFile(file, budget)
    archive = zipfile.ZipFile(bounded)
    bounded.is_listing = False
    return archive


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, budget: Budget) -> bytes:
    if problem := _reject_reason_in_zip(info):
        raise UnreadableError(problem)
    with archive.open(info) as file:
        return _bounded(file, limit, budget)


def _bounded(file: IO[bytes], limit: int, budget: Budget | None = None) -> bytes:
    pieces: list[bytes] = []
    left = limit + 1
    while left and (piece := file.read(min(left, _PIECE))):
        if budget:
            budget.spend(content=len(piece))
        pieces.append(piece)
        left -= len(piece)
    if not left:
        message = _("it is larger than {most:g} MB, the most that is read")
        raise UnreadableError(message.format(most=limit / 2**20))
    return b"".join(pieces)


class _BoundedFile:
    """A file that a budget pays for, and that zipfile cannot read a boundless piece of."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._file = file
        self._budget = budget
        self.is_listing = True
        """zipfile reads the list of entries, and makes an object of each."""

    def read(self, size: int = -1) -> bytes:
        if size > MAX_ZIP_LIST:
            raise UnreadableError(_("the zip holds too many files"))
        data = self._file.read(size if size >= 0 else MAX_ZIP_LIST)
        self._budget.spend(content=len(data))
        if self.is_listing:
            self._budget.spend(entries=data.count(_ENTRY_MARK))
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _describe_error(error: Exception) -> str:
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, OSError):
        return _("it cannot be read: {error}").format(error=error.strerror or error)
    message = _("the zip is damaged, or not a zip ({error}): zip it again")
    return message.format(error=one_line(str(error)))

"""Every file under a path, in folders and in zips: read in memory and within bounds, never unpacked.

So a zip's absolute names, `..` and links lead nowhere, and a bomb goes off only as far as the bound.
"""

from __future__ import annotations

import io
import os
import re
import stat
import time
import unicodedata
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from corelab.common.errors import UserError
from corelab.common.i18n import _

MAX_ZIP = 32 << 20  # of a zip inside a zip, which is read in memory
MAX_ZIP_LIST = 4 << 20  # of a zip's list of entries
MAX_ZIPS_WITHIN = 20  # zips inside a student's zip
MAX_DEPTH = 3  # of zips inside zips

_IGNORED = re.compile(r"\..*|__MACOSX|__pycache__", re.DOTALL)


class UnreadableError(Exception):
    """Why something handed in cannot be read: one line for the student."""


@dataclass(frozen=True)
class Place:
    """A file on disk, or a member of a zip: by its place in the zip's list, as names may repeat."""

    path: Path
    members: tuple[int, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A file that was found."""

    parts: tuple[str, ...]
    """The folders and zips below the path that was given, and the file's name: as they are, to be
    cleaned."""
    place: Place
    changed: tuple[int, ...] = ()
    problem: str = ""
    """Why it cannot be read, where that is known without reading it."""
    holds_many: bool = False
    """A zip that cannot be read: whatever it held is unreadable."""


def walk(path: Path, leave_out: Path | None = None) -> Iterator[Entry]:
    """Every file under `path`, which is a folder, a zip or a file; an empty folder as a file
    without a name.

    leave_out: a folder not to look into, such as the one that results are written to.
    """
    if path.is_dir():
        yield from _walk_folder(path, leave_out.resolve() if leave_out else None)
    elif not path.exists():
        message = _("{path}: no such file or folder; expected what the students handed in")
        raise UserError(message.format(path=path))
    elif is_zip(path.name):
        yield from _walk_zip(Entry((), Place(path)), depth=0)
    else:
        yield Entry((_tidy(path.name),), Place(path), _changed(path.stat()))


def read(place: Place, limit: int) -> bytes:
    """The content of one file. Raises UnreadableError, also where it is over `limit` bytes."""
    try:
        with place.path.open("rb") as file:
            return _read(file, place.members, limit)
    except UnreadableError:
        raise
    except Exception as error:  # hostile zips meet zipfile with errors of many kinds
        raise UnreadableError(_why(error)) from None


def _read(file: IO[bytes], members: tuple[int, ...], limit: int) -> bytes:
    if not members:
        return _bounded(file, limit)
    with zipfile.ZipFile(_Sparing(file)) as archive:
        content = _member(
            archive, archive.infolist()[members[0]], MAX_ZIP if members[1:] else limit
        )
    return _read(io.BytesIO(content), members[1:], limit) if members[1:] else content


def is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


# ---- folders -------------------------------------------------------------------------------------


def _walk_folder(folder: Path, leave_out: Path | None) -> Iterator[Entry]:
    closed: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=closed.append):
        here = Path(root)
        parts = tuple(_tidy(part) for part in here.relative_to(folder).parts)
        # Links to folders are not followed: what they lead to was not handed in.
        folders[:] = sorted(
            name
            for name in folders
            if not _IGNORED.fullmatch(name) and not (here / name).is_symlink()
            if (here / name).resolve() != leave_out
        )
        files = sorted(name for name in files if not _IGNORED.fullmatch(name))
        if not folders and not files:
            yield Entry((*parts, ""), Place(here), problem=_("an empty folder"))
        for name in files:
            about = (here / name).lstat()
            entry = Entry(
                (*parts, _tidy(name)), Place(here / name), _changed(about), _oddity(about.st_mode)
            )
            if is_zip(name) and not entry.problem:
                yield from _walk_zip(entry, depth=1)
            else:
                yield entry
    for error in closed:
        below = Path(error.filename).relative_to(folder)
        yield Entry(
            tuple(map(_tidy, below.parts)) or ("",),
            Place(folder / below),
            (),
            _why(error),
            holds_many=True,
        )


def _oddity(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return _("it is a symbolic link, which is not followed: hand in the file itself")
    return "" if stat.S_ISREG(mode) else _("it is not an ordinary file")


def _changed(about: os.stat_result) -> tuple[int, ...]:
    try:
        return time.localtime(about.st_mtime)[:6]  # as a zip tells it
    except (OSError, OverflowError, ValueError):  # a year that this platform does not know
        return ()


def _tidy(name: str) -> str:
    """One part of a path in characters, whatever bytes it came in; no longer than a file system's
    names."""
    if any(
        "\ud800" <= c <= "\udfff" for c in name
    ):  # bytes that are not UTF-8: from a zip made on Windows
        name = _from_bytes(
            name.encode("utf-8", "surrogateescape" if os.name == "posix" else "replace")
        )
    return unicodedata.normalize("NFC", name[:255])


def _from_bytes(raw: bytes) -> str:
    for encoding in ("utf-8", "cp950"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("cp437")


# ---- zips ----------------------------------------------------------------------------------------


def _walk_zip(zipped: Entry, depth: int, file: IO[bytes] | None = None) -> Iterator[Entry]:
    """Every file in a zip. depth: 0 for an instructor's own, which may hold any number of students'
    zips."""
    zips = 0
    try:
        with (
            file or zipped.place.path.open("rb") as data,
            zipfile.ZipFile(_Sparing(data)) as archive,
        ):
            for number, info in enumerate(archive.infolist()):
                parts = _parts(info)
                if info.is_dir() or not parts or any(_IGNORED.fullmatch(part) for part in parts):
                    continue
                place = Place(zipped.place.path, (*zipped.place.members, number))
                entry = Entry((*zipped.parts, *parts), place, info.date_time, _oddity_in_zip(info))
                if not is_zip(parts[-1]) or entry.problem:
                    yield entry
                    continue
                zips += 1
                if depth == MAX_DEPTH or (depth > 0 and zips > MAX_ZIPS_WITHIN):
                    yield replace(
                        entry, problem=_("there are too many zips inside zips"), holds_many=True
                    )
                else:
                    yield from _walk_zip_within(archive, info, entry, depth + 1)
    except (
        Exception
    ) as error:  # hostile zips meet zipfile with errors of many kinds: all are this zip's own
        parts = zipped.parts or (_tidy(zipped.place.path.name),)
        yield replace(zipped, parts=parts, problem=_why(error), holds_many=True)


def _walk_zip_within(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, entry: Entry, depth: int
) -> Iterator[Entry]:
    try:
        content = _member(archive, info, MAX_ZIP)
    except Exception as error:  # as above
        yield replace(entry, problem=_why(error), holds_many=True)
    else:
        yield from _walk_zip(entry, depth, io.BytesIO(content))


def _parts(info: zipfile.ZipInfo) -> tuple[str, ...]:
    name = info.orig_filename
    if (
        not info.flag_bits & 0x800
    ):  # not marked as UTF-8: zipfile took it for cp437, which maps every byte
        name = _from_bytes(name.encode("cp437", "replace"))
    # First decode, then split: in cp950 the second byte of 許, 功 and 蓋 is a backslash.
    parts = name.split("\0")[0].replace("\\", "/").split("/")
    return tuple(
        _tidy(part) for part in parts if part not in ("", ".", "..") and not part.endswith(":")
    )


def _oddity_in_zip(info: zipfile.ZipInfo) -> str:
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


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> bytes:
    if problem := _oddity_in_zip(info):
        raise UnreadableError(problem)
    with archive.open(info) as file:
        return _bounded(file, limit)


def _bounded(file: IO[bytes], limit: int) -> bytes:
    content = file.read(limit + 1)
    if len(content) > limit:
        message = _("it is larger than {most:g} MB, the most that is read")
        raise UnreadableError(message.format(most=limit / 2**20))
    return content


class _Sparing:
    """A file that zipfile reads a bounded piece at a time: it asks for the whole list of entries in
    one."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > MAX_ZIP_LIST:
            raise UnreadableError(_("the zip holds too many files"))
        return self._file.read(size if size >= 0 else MAX_ZIP_LIST)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _why(error: Exception) -> str:
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, OSError):
        return _("it cannot be read: {error}").format(error=error.strerror or error)
    return _("the zip is damaged, or not a zip ({error}): zip it again").format(error=error)

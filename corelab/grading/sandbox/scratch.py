"""The folders that answers write to: made, measured and removed, whatever was done to them.

"namespaces", and "separate user" where it may mount, need none of this: each answer has a file
system of its own, which the kernel bounds and takes away.
"""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import tempfile
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

from corelab.common.i18n import _
from corelab.grading.sandbox.monitor import Limits

OTHERS = 64 << 20  # bytes that other programs may write before an answer is suspected of it
MOST_FOLDERS = 100_000  # looked into for those that everybody may write to


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder for one run, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="corelab-"))
    try:
        yield folder
    finally:
        remove_folder(folder)


def remove_folder(folder: Path) -> None:
    """Remove a folder and what is in it, as far as we may. Raises nothing."""
    with suppress(OSError, RecursionError):
        if os.scandir in os.supports_fd:
            empty_folder(folder)
            folder.rmdir()
        else:  # Windows
            shutil.rmtree(folder, ignore_errors=True)


def empty_folder(folder: Path, owner: int | None = None) -> None:
    """Remove what is in a folder, or what `owner` has there, as far as we may.

    By descriptors, which follow no link, and without recursion: nested folders are moved up before
    they are emptied, so that no path grows.
    """
    moved = secrets.token_hex(16)  # and a number: a name that nothing there has
    top = _open_folder(folder)
    try:
        waiting = _remove_files(top, owner)
        for name in waiting:  # grows as we go
            with suppress(OSError):
                inner = _open_folder(name, top)
                try:
                    for each in _remove_files(inner):
                        new_name = f"{moved}{len(waiting)}"
                        os.rename(each, new_name, src_dir_fd=inner, dst_dir_fd=top)
                        waiting.append(new_name)
                finally:
                    os.close(inner)
                os.rmdir(name, dir_fd=top)
    finally:
        os.close(top)


def _remove_files(folder: int, owner: int | None = None) -> list[str]:
    """Remove what is in an open folder but for the folders. Returns their names, each opened to
    us."""
    names = []
    with os.scandir(folder) as entries:
        for entry in list(entries):
            with suppress(OSError):
                info = entry.stat(follow_symlinks=False)
                if owner is not None and info.st_uid != owner:
                    continue
                if stat.S_ISDIR(info.st_mode):
                    os.chmod(entry.name, 0o700, dir_fd=folder)
                    names.append(entry.name)
                else:
                    os.unlink(entry.name, dir_fd=folder)
    return names


def _open_folder(name: str | Path, parent: int | None = None) -> int:
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)


# -- a user of its own, on the disk that all share


class SharedDisk:
    """What a user can write to where nothing can be mounted (Linux, from root).

    That is a scratch folder, and folders that everybody may write to.
    """

    def __init__(self, uid: int, scratch: Path) -> None:
        """`scratch` is made for each run, in a folder that only root may write to."""
        from corelab.grading.sandbox.linux import landlock_version

        self.uid, self.scratch = uid, scratch
        # Where there is Landlock, it closes all others.
        self.public = world_writable("/dev/shm" if landlock_version() else "/")
        folders = (*self.public, scratch.parent)
        self.disks = {folder.stat().st_dev: folder for folder in folders}  # one of each
        self.free_at_start = 0
        self.free_when_full: int | None = None

    @contextmanager
    def one_run(self) -> Iterator[None]:
        """Make the scratch folder. At the end, when the user's processes are dead, remove its
        files.

        Raises OSError where the disk filled up and that gave nothing back: somebody else did it.
        """
        self.scratch.mkdir()
        os.chown(self.scratch, self.uid, self.uid)
        self.free_at_start, self.free_when_full = self._free(), None
        try:
            yield
        finally:
            self.remove()
        if self.free_when_full is not None and self._free() - self.free_when_full < OTHERS:
            raise OSError(_("the disk filled up, but not by the answer"))

    def used(self, limits: Limits) -> int:
        """Bytes that the run has written. Stops counting at too many.

        Files without a name (open, mapped, on their way to another process) are seen by nobody but
        the file system: as what its free space has lost since the start.
        """
        free = self._free()
        lost = self.free_at_start - free - OTHERS
        if lost > limits.disk_bytes:
            self.free_when_full = free
            return lost
        used = 0
        for folder in (self.scratch, *self.public):
            used += disk_used_by(self.uid, folder, limits.disk_bytes - used)
        return used

    def _free(self) -> int:
        free = 0
        for folder in self.disks.values():
            disk = os.statvfs(folder)
            free += disk.f_bfree * disk.f_frsize
        return free

    def remove(self) -> None:
        """Remove all that the user left, as that user: no privilege of ours reaches further."""
        with ThreadPoolExecutor(1) as thread:  # it becomes the user; Ctrl-C does not interrupt it
            thread.submit(self._remove_as_user).result()
        with suppress(OSError):
            self.scratch.rmdir()

    def _remove_as_user(self) -> None:
        from corelab.grading.sandbox.linux import acting_as

        with acting_as(self.uid):
            with suppress(OSError):
                self.scratch.chmod(0o700)
                empty_folder(self.scratch)
            for folder in self.public:
                with suppress(OSError):
                    empty_folder(folder, self.uid)


@lru_cache
def world_writable(root: str) -> tuple[Path, ...]:
    """The folders at and below `root` that everybody may write to, those near it first."""
    found = []
    waiting = deque([os.path.realpath(root)])
    for _number in range(MOST_FOLDERS):
        if not waiting:
            break
        folder = waiting.popleft()
        with suppress(OSError):
            mode = os.lstat(folder).st_mode
            if not mode & stat.S_IXOTH or folder in ("/proc", "/sys"):
                continue  # nobody comes in, or no file stays
            if mode & stat.S_IWOTH:
                found.append(Path(folder))
            with os.scandir(folder) as entries:
                waiting.extend(each.path for each in entries if each.is_dir(follow_symlinks=False))
    return tuple(found)


def disk_used_by(owner: int, top: Path, limit: int) -> int:
    """Bytes on disk of what `owner` has below a folder. Stops beyond `limit`.

    Each file once, whatever its size and number of names; empty ones too. By descriptors, folder by
    folder: a path may be longer than the system takes.
    """
    used = 0
    seen: set[tuple[int, int]] = set()

    def count(folder: int) -> list[str]:
        """Count what is in an open folder. Returns the names of the folders in it."""
        nonlocal used
        names = []
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                info = entry.stat(follow_symlinks=False)
                if info.st_uid != owner:
                    continue
                if stat.S_ISDIR(info.st_mode):
                    names.append(entry.name)
                elif info.st_nlink > 1:
                    if (info.st_dev, info.st_ino) in seen:
                        used += 512  # for the name
                        continue
                    seen.add((info.st_dev, info.st_ino))
                used += max(512 * info.st_blocks, 4096)
        return names

    with suppress(OSError):
        here = _open_folder(top)
        waiting = [count(here)]  # at each level down to here, the folders not yet looked into
        while used <= limit:
            name = waiting[-1].pop() if waiting[-1] else ".."
            if name == "..":
                waiting.pop()
            if not waiting:
                break
            with suppress(OSError):  # moved or removed meanwhile
                there = _open_folder(name, here)
                os.close(here)
                here = there
                if name != "..":
                    waiting.append(count(here))
        os.close(here)
    return used

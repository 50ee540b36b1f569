"""Control groups: the kernel's own count of what a worker and its answers use (Linux).

It holds what no process's size shows (page tables, bytes that wait in sockets and pipes, …) and the
computing time of children that nobody waited for. A group is made in our own or beside it, so that
whatever binds us binds it: as root, unless a container keeps /sys/fs/cgroup from being written; as
an ordinary user where systemd delegates, as it does to the programs of a desktop session and to
`systemd-run --user --scope`.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from corelab.grading.sandbox.monitor import Limits, Usage

_PREFIX = "corelab-"
_COUNTING = {"cpuacct", "memory", "pids"}  # controllers of version 1
_STALE_SECONDS = 60.0  # a group that is in use is entered as soon as it is made


@dataclass(frozen=True)
class Reading:
    """What a group has used up to now."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    """Now, without what the kernel drops where memory gets short: copies of files on a disk."""
    killed: int = 0
    """Processes that the kernel killed for the group's limit of memory."""


class ControlGroup:
    """A group for one worker, in either version of the kernel's interface.

    Computing time is counted always, memory and processes where the kernel lets us.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """folders: the group in each hierarchy, one in version 2."""
        self.folders = folders
        self.start = Reading()

    @classmethod
    def create(cls) -> ControlGroup | None:
        """A new group; None where none can be had."""
        name = f"{_PREFIX}{secrets.token_hex(8)}"
        folders = []
        with suppress(OSError):  # no /proc/self/cgroup: a kernel without them
            process = Path("/proc/self")
            own, mounts = ((process / name).read_text("utf-8") for name in ("cgroup", "mountinfo"))
            made = (_make(parents, name) for parents in possible_parents(own, mounts))
            folders = [folder for folder in made if folder]
        group = cls(folders)
        if group._find("cpuacct.usage", "cpu.stat"):
            return group
        group.remove()
        return None

    def command(self, command: Sequence[str]) -> list[str]:
        """The same command, run in the group."""
        files = [str(folder / "cgroup.procs") for folder in self.folders]
        enter = " && ".join(f'echo $$ > "${k + 1}"' for k in range(len(files)))
        script = f'{enter} && shift {len(files)} && exec "$@"'
        return ["/bin/sh", "-c", script, "sh", *files, *command]

    def read(self) -> Reading:
        if version_1 := self._find("cpuacct.usage"):
            seconds = int(version_1.read_bytes()) / 1e9
        else:
            seconds = self._table("cpu.stat").get(b"usage_usec", 0) / 1e6
        current = self._find("memory.current", "memory.usage_in_bytes")
        if current is None:
            return Reading(seconds)
        files = self._table("memory.stat")
        return Reading(
            seconds,
            int(current.read_bytes()) - files[b"inactive_file"] - files[b"active_file"],
            self._table("memory.events", "memory.oom_control").get(b"oom_kill", 0),
        )

    def begin(self, limits: Limits) -> None:
        """Count from here on, for one run. What is far beyond its limits the kernel refuses, faster
        than anybody looks."""
        self.start = self.read()
        self._limit(self.start.memory_bytes + 2 * limits.memory_bytes, 16 + 2 * limits.processes)

    def usage(self) -> Usage:
        """What was used since the run began, and is used now."""
        now = self.read()
        return Usage(
            now.cpu_seconds - self.start.cpu_seconds, now.memory_bytes - self.start.memory_bytes
        )

    def end(self) -> None:
        """Lift the limits: the worker has to have room to kill."""
        self._limit(None, None)

    @property
    def out_of_memory(self) -> bool:
        """Whether the kernel killed any process since the run began."""
        return self.read().killed > self.start.killed

    def _limit(self, memory_bytes: int | None, tasks: int | None) -> None:
        for value, *names in (
            (memory_bytes, "memory.max", "memory.limit_in_bytes"),
            (tasks, "pids.max"),
        ):
            file = self._find(*names)
            if file:
                none = "-1" if file.name == "memory.limit_in_bytes" else "max"
                with suppress(OSError):
                    file.write_text(none if value is None else str(value), encoding="ascii")

    def remove(self) -> None:
        """Remove the group, when its processes are dead; the kernel takes a moment to let go."""
        for folder in self.folders:
            for _try in range(100):
                try:
                    folder.rmdir()
                except FileNotFoundError:
                    break
                except OSError:
                    time.sleep(0.01)
                else:
                    break

    def _find(self, *names: str) -> Path | None:
        paths = (folder / name for name in names for folder in self.folders)
        return next(filter(Path.exists, paths), None)

    def _table(self, *names: str) -> dict[bytes, int]:
        file = self._find(*names)
        lines = file.read_bytes().splitlines() if file else []
        return {name: int(value) for name, value in (line.split() for line in lines)}


def possible_parents(own_groups: str, mounts: str) -> Iterator[list[Path]]:
    """For each hierarchy that counts something, where a group could be made, the best first.

    own_groups, mounts: what the kernel says in /proc/self/cgroup and /proc/self/mountinfo.
    """
    groups = {}
    for line in own_groups.splitlines():
        _, controllers, path = line.split(":", 2)
        groups[controllers] = path
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        root, folder = before.split()[3:5]
        kind, _, options = after.split()[:3]
        for controllers, path in groups.items():
            own = Path(folder, os.path.relpath(path, root))
            if kind == "cgroup2" and not controllers:
                # A group with processes in it, as our own has, lets its children count no memory.
                yield [own.parent, own] if path != root else [own]
            elif kind == "cgroup" and _COUNTING & {*controllers.split(",")} & {*options.split(",")}:
                yield [own]


def _make(parents: Sequence[Path], name: str) -> Path | None:
    """A group of this name in the first of these where we may, and may move a process there."""
    for parent in parents:
        _remove_stale(parent)
        folder = parent / name
        with suppress(OSError):
            folder.mkdir()
            trial = ControlGroup([folder]).command(["/bin/true"])
            if subprocess.run(trial, stderr=subprocess.DEVNULL, check=False).returncode == 0:
                return folder
            ControlGroup([folder]).remove()
    return None


def _remove_stale(parent: Path) -> None:
    """Remove the groups of graders that were killed: those with processes cannot be removed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
                folder.rmdir()

"""Watching a run from outside: what its processes use, and what comes out of its pipes.

The threads here only read and count; the decision to end a run is made in `watch`.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from corelab.common.i18n import N_, Message, Text, text_from_json
from corelab.grading.sandbox.frames import (
    NAME_LENGTH,
    Budget,
    BudgetExceededError,
    MalformedError,
    read_frame,
)
from corelab.grading.sandbox.outcome import Arrays, RunStatus

INTERVAL = 0.05  # seconds between two looks: what a run can overshoot its limits by
SOCKET_BYTES = 2 * 212_992
"""What a socket holds at most of what was sent and not yet read: its buffer, as the kernel makes it
(the system call filter keeps it so), and one message beyond."""
TOO_MUCH = Message("more was returned than the limit allows")
MALFORMED = Message("what was returned is malformed")


@dataclass(frozen=True)
class Limits:
    """What one run of an answer may use. Beyond any of these it is ended."""

    wall_seconds: float = 60.0
    cpu_seconds: float = 60.0
    """Of all its processes together."""
    memory_bytes: int = 2 << 30
    """Of all its processes together, torch included (about 0.5 GiB)."""
    processes: int = 64
    """Processes and threads together."""
    output_bytes: int = 64 << 10
    """Of stdout and of stderr: what comes after is dropped, without harm to the answer."""
    returned_bytes: int = 64 << 20
    disk_bytes: int = 64 << 20
    """In its scratch folder, /tmp and /dev/shm together."""


@dataclass(frozen=True)
class Usage:
    """What a tree of processes uses, or has used at most."""

    cpu_seconds: float = 0.0
    memory_bytes: int = 0
    tasks: int = 0

    def peak(self, other: Usage) -> Usage:
        return Usage(
            max(self.cpu_seconds, other.cpu_seconds),
            max(self.memory_bytes, other.memory_bytes),
            max(self.tasks, other.tasks),
        )


# -- the pipes


class Feeder(threading.Thread):
    """Writes a run's job into its pipe and closes it, whether or not anybody reads."""

    def __init__(self, pipe: IO[bytes], job: bytes) -> None:
        super().__init__(daemon=True)
        self.pipe, self.job = pipe, job

    def run(self) -> None:
        with suppress(OSError), self.pipe:
            self.pipe.write(self.job)


class Drain(threading.Thread):
    """Reads a pipe to its end, keeps the first bytes and drops the rest: a flood neither blocks nor
    fills."""

    def __init__(self, pipe: IO[bytes], keep: int) -> None:
        super().__init__(daemon=True)
        self.pipe, self.keep, self.kept = pipe, keep, bytearray()

    def run(self) -> None:
        with self.pipe:
            while data := os.read(self.pipe.fileno(), 1 << 16):
                self.kept += data[: self.keep - len(self.kept)]


class Receiver(threading.Thread):
    """Reads the frames of a run, until it says that it has ended or its end of the pipe closes."""

    def __init__(self, pipe: IO[bytes], limit: int) -> None:
        super().__init__(daemon=True)
        self.pipe, self.budget = pipe, Budget(limit)
        self.done = threading.Event()
        self.started = False
        """The job was read and the answer is about to run: from here on, what goes wrong is the
        answer's."""
        self.returned: dict[str, Arrays] = {}
        self.end: tuple[RunStatus, Text] | None = None
        """How the run says it ended, or what is wrong with what it sent; None where the pipe just
        closed."""

    def run(self) -> None:
        with self.pipe:
            try:
                while self.end is None and (frame := read_frame(self.pipe, self.budget)):
                    self._take(*frame)
            except BudgetExceededError:
                self.end = "limit exceeded", TOO_MUCH
            except MalformedError:
                self.end = "crashed", MALFORMED
            finally:
                self.done.set()

    def _take(self, header: dict[str, object], arrays: Arrays) -> None:
        match header:
            case {"started": True}:
                self.started = True
            case {"frame": str(name)} if name not in self.returned and len(name) <= NAME_LENGTH:
                self.returned[name] = arrays
            case {"end": "finished"}:
                self.end = "finished", ""
            case {"end": "crashed", "message": message}:
                try:
                    self.end = "crashed", text_from_json(message, trusted=False)
                except ValueError as error:
                    raise MalformedError from error
            case _:
                raise MalformedError


# -- the processes


def tree_by_parent(root: int) -> Iterator[int]:
    """A process and all its descendants (Linux).

    Complete where `root` is the first of a process namespace: whatever loses its parent becomes its
    child.
    """
    found = [root]
    for pid in found:  # grows as we go
        yield pid
        with suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_bytes().split())


def tree_by_user(uid: int) -> Iterator[int]:
    """All processes of a user (Linux)."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            status = (process / "status").read_bytes()
            if int(status.partition(b"\nUid:")[2].split(None, 1)[0]) == uid:
                yield int(process.name)


@dataclass(frozen=True)
class Memory:
    """Bytes that a process takes, at most: what it shares counts in full."""

    resident: int
    tables: int
    """That map its addresses, whether or not there is anything at them."""
    files: int
    """Open ones, each of which may be a socket."""

    @property
    def at_most(self) -> int:
        return self.resident + self.tables + self.files * SOCKET_BYTES


def measure(tree: Callable[[], Iterable[int]], limits: Limits) -> Usage:
    """What these processes use together (Linux)."""
    usage, taken = _count(tree(), limits)
    if (
        sum(each.at_most for each in taken.values()) <= limits.memory_bytes
        or usage.tasks > limits.processes
    ):
        return usage
    # Forked processes share most of their pages, and the sum counts those once for each. The true
    # figure takes 10 ms a process, and much longer while that forks: so see in between whether it
    # is a bomb.
    memory, sockets = 0, set[str]()
    shared = usage.memory_bytes > limits.memory_bytes
    for pid, most in taken.items():
        memory += (_proportional(pid, most.resident) if shared else most.resident) + most.tables
        sockets |= _sockets(pid)
        again, _ = _count(tree(), limits)
        if again.tasks > limits.processes:
            return again
    return replace(usage, memory_bytes=memory + len(sockets) * SOCKET_BYTES)


def _count(pids: Iterable[int], limits: Limits) -> tuple[Usage, dict[int, Memory]]:
    """What they use, without sockets, and each one's memory; nothing where they are gone by now.

    Stops when there are too many: among the forks of a bomb we get little time to count them.
    """
    cpu = tasks = 0
    taken = {}
    for pid in pids:
        with suppress(OSError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            cpu += sum(
                map(int, fields[11:15])
            )  # user and system time, and those of children waited for
            tasks += int(fields[17])
            status = Path(f"/proc/{pid}/status").read_bytes()
            taken[pid] = Memory(
                resident=int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
                tables=_field(status, b"VmPTE") * 1024,
                files=_field(status, b"FDSize"),
            )
        if tasks > limits.processes:
            break
    memory = sum(each.resident + each.tables for each in taken.values())
    return Usage(cpu / os.sysconf("SC_CLK_TCK"), memory, tasks), taken


def _field(text: bytes, name: bytes) -> int:
    """A number in a file of /proc; 0 where it is not there."""
    found = text.partition(b"\n" + name + b":")[2].split(None, 1)
    return int(found[0]) if found else 0


def _proportional(pid: int, resident: int) -> int:
    """The bytes of a process, those it shares divided by how many share them."""
    try:
        return _field(Path(f"/proc/{pid}/smaps_rollup").read_bytes(), b"Pss") * 1024
    except PermissionError:
        return resident
    except OSError:  # gone
        return 0


def _sockets(pid: int) -> set[str]:
    """The sockets that a process has open."""
    found = set()
    with suppress(OSError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(path.readlink()))
    return {each for each in found if each.startswith("socket:")}


def disk_used(folder: Path, limits: Limits) -> int:
    """Bytes that the files under `folder` take, empty ones too. Stops at too many."""
    used = 0
    folders = [folder]
    while folders and used <= limits.disk_bytes:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    info = entry.stat(follow_symlinks=False)
                    used += max(512 * getattr(info, "st_blocks", -(-info.st_size // 512)), 4096)
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(Path(entry.path))
    return used


@dataclass
class RunUsage:
    """How a run went, seen from outside."""

    limit: tuple[RunStatus, Text] | None = None
    """The limit that it met, if any."""
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0


def watch(
    done: threading.Event, usage: Callable[[], Usage], disk: Callable[[], int], limits: Limits
) -> RunUsage:
    """Wait until a run is `done` or meets one of its `limits`."""
    used = RunUsage()
    began = time.monotonic()
    interval = INTERVAL / 8  # most runs are short, and a bomb is best met early
    while True:
        finished = done.wait(interval)
        used.seconds = time.monotonic() - began
        if finished:
            return used
        began_to_look = time.thread_time()
        used.usage = used.usage.peak(usage())
        used.limit = _limit_met(used, disk(), limits)
        if used.limit:
            return used
        # A look may take much (many processes, a large folder): never more than half of a
        # processor's time.
        interval = max(min(2 * interval, INTERVAL), time.thread_time() - began_to_look)


def memory_met(limits: Limits) -> tuple[RunStatus, Text]:
    """The end of a run that took more memory than it may."""
    mebibytes = limits.memory_bytes / (1 << 20)
    return "limit exceeded", Message("more than {most:g} MiB of memory", most=mebibytes)


def _limit_met(used: RunUsage, disk: int, limits: Limits) -> tuple[RunStatus, Text] | None:
    usage = used.usage
    if usage.tasks > limits.processes:
        too_many = N_("more than {most} processes and threads at once")
        return "limit exceeded", Message(too_many, most=limits.processes)
    if usage.memory_bytes > limits.memory_bytes:
        return memory_met(limits)
    if disk > limits.disk_bytes:
        mebibytes = limits.disk_bytes / (1 << 20)
        return "limit exceeded", Message("more than {most:g} MiB of files", most=mebibytes)
    if used.seconds > limits.wall_seconds:
        return "timed out", Message("not done after {most:g} seconds", most=limits.wall_seconds)
    if usage.cpu_seconds > limits.cpu_seconds:
        computed = N_("not done after {most:g} seconds of computing")
        return "timed out", Message(computed, most=limits.cpu_seconds)
    return None

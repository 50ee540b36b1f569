"""The grader's end of the processes in which answers run: starting them, one run, ending them."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Protocol

import psutil

from corelab.common.i18n import _, shown
from corelab.common.sanitize import one_line, plain
from corelab.grading.sandbox.cgroup import ControlGroup
from corelab.grading.sandbox.command import (
    bubblewrap,
    environment,
    python_running_worker,
    visible_paths,
)
from corelab.grading.sandbox.monitor import (
    MALFORMED,
    TOO_MUCH,
    Drain,
    Feeder,
    Limits,
    Receiver,
    Usage,
    Watched,
    disk_used,
    measure,
    memory_met,
    tree_by_parent,
    tree_by_user,
    watch,
)
from corelab.grading.sandbox.scratch import SharedDisk, remove_folder, scratch_folder
from corelab.grading.sandbox.worker import SCRATCH
from corelab.grading.verdicts import Isolation, Outcome, RunStatus

START_SECONDS = 300.0  # a worker imports torch, on a busy machine
WORD_SECONDS = 30.0  # a worker has only to fork, or to kill


class FaultError(Exception):
    """The sandbox failed, not the answer."""

    def __init__(self, message: str, lost: Outcome | None = None) -> None:
        """lost: what had come back, where the worker was lost while the answer ran."""
        super().__init__(message)
        self.lost = lost


@dataclass(frozen=True)
class Ended:
    """How a process ended, and what it used."""

    exit: int
    usage: Usage


class Worker(Protocol):
    usable: bool

    def run(self, job: bytes, limits: Limits) -> Outcome:
        """Run one job (see `worker.run_answer`). Raises FaultError where that is not the answer's
        fault."""

    def close(self) -> None: ...


# -- one run


class Streams:
    """The threads on the four pipes of a run. Each closes its own."""

    def __init__(
        self,
        feed: IO[bytes],
        printed: Sequence[IO[bytes]],
        results: IO[bytes],
        job: bytes,
        limits: Limits,
    ) -> None:
        self.limits = limits
        self.results = Receiver(results, limits.returned_bytes)
        self.printed = [Drain(pipe, limits.output_bytes) for pipe in printed]
        self.threads = [self.results, *self.printed, Feeder(feed, job)]
        for thread in self.threads:
            thread.start()

    def outcome(self, isolation: Isolation, watched: Watched, ended: Ended | None) -> Outcome:
        """What it comes to, when all processes are dead. Raises FaultError where that is our
        fault."""
        for thread in self.threads:
            thread.join(1.0)  # only what escaped "limits only" can still hold a pipe open
        texts = [
            plain(shown(drain.kept.decode("utf-8", "replace")), self.limits.output_bytes)
            for drain in self.printed
        ]
        said = watched.limit or self.results.end or (ended and _last_words(ended.exit))
        if not self.results.started:
            told = f"{said[1] if said else ''} {' '.join(texts)[-1000:]}"
            raise FaultError(_("the answer was not reached: {told}").format(told=told))
        status, message = said or ("crashed", _("it ended the process that ran it, twice"))
        # From the answer's process, which speaks every language; or from a thread of ours, which
        # knows none.
        message = _(message) if message in (TOO_MUCH, MALFORMED) else shown(message)
        usage = watched.usage.peak(ended.usage) if ended else watched.usage
        outcome = Outcome(
            status=status,
            isolation=isolation,
            returned=dict(self.results.returned),
            message=one_line(message, 1000),
            stdout=texts[0],
            stderr=texts[1] if len(texts) > 1 else "",
            seconds=watched.seconds,
            cpu_seconds=usage.cpu_seconds,
            peak_bytes=usage.memory_bytes,
        )
        if not said:
            raise FaultError(_("the worker was lost while the answer ran"), outcome)
        return outcome


def _last_words(code: int) -> tuple[RunStatus, str]:
    if code >= 0:
        return "crashed", _("the answer ended its own process (exit code {code})").format(code=code)
    name = f"signal {-code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return "crashed", _("the answer's process died of {name}").format(name=name)


class Family:
    """A process and its descendants, on any platform: those that were seen before they lost their
    parents."""

    def __init__(self, pid: int) -> None:
        self.known = {psutil.Process(pid)}

    def _living(self) -> list[psutil.Process]:
        for process in list(self.known):
            with suppress(psutil.Error):
                self.known.update(process.children(recursive=True))
        living = []
        for process in self.known:
            with suppress(psutil.Error):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    living.append(process)
        return living

    def look(self) -> Usage:
        cpu, memory, tasks = 0.0, 0, 0
        for process in self._living():
            with suppress(psutil.Error), process.oneshot():
                cpu += sum(
                    process.cpu_times()[:4]
                )  # where the system tells, with children waited for
                memory += process.memory_info().rss
                tasks += process.num_threads()
        return Usage(cpu, memory, tasks)

    def kill(self) -> None:
        for _try in range(100):  # what forks faster than this escapes
            living = self._living()
            if not living:
                return
            for process in living:
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.01)  # not psutil's waiting, which would take the exit code away from Popen


class FreshProcess:
    """Runs each answer in a new process, on any platform: "limits only". Prints come in one
    stream."""

    usable = True

    def close(self) -> None:
        """Nothing outlives a run."""

    def run(self, job: bytes, limits: Limits) -> Outcome:
        with scratch_folder() as folder:
            process = subprocess.Popen(
                [*python_running_worker(sys.executable, visible_paths()), "once"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=environment(str(folder)),
                start_new_session=True,  # Ctrl-C is the grader's alone
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            family = Family(process.pid)
            try:
                feed, results, printed = process.stdin, process.stdout, process.stderr
                assert feed is not None and results is not None and printed is not None  # noqa: PT018
                streams = Streams(feed, [printed], results, job, limits)
                watched = watch(
                    streams.results.done, family.look, lambda: disk_used(folder, limits), limits
                )
            finally:
                usage = family.look()
                family.kill()
                code = process.wait()
            return streams.outcome("limits only", watched, Ended(code, usage))


class Server:
    """A worker with torch imported, which forks for each answer: "namespaces", "separate user"
    (Linux)."""

    def __init__(self, isolation: Isolation, preload: Sequence[str]) -> None:
        """Start it, and wait until it is ready. Raises FaultError where it cannot be had."""
        self.isolation = isolation
        self.usable = True
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setsockopt(
            socket.SOL_SOCKET, socket.SO_PASSCRED, 1
        )  # tells us the forks' numbers
        # The kernel kills bubblewrap as soon as the thread that started it ends: it must be one
        # that stays.
        self.starter = ThreadPoolExecutor(1)
        self.process: subprocess.Popen[bytes] | None = None
        self.uid: int | None = None
        self.home: Path | None = None
        self.disk: SharedDisk | None = None
        self.group = ControlGroup.create()
        try:
            if isolation == "separate user":
                self.uid = _unused_user(self.control)
                self.home = Path(tempfile.mkdtemp(prefix="corelab-"))
                self.home.chmod(0o711)  # the answer's user only passes through
                self._scratch.mkdir()
            command = self._command(theirs.fileno(), preload)
            with theirs:
                self.process = self.starter.submit(
                    subprocess.Popen,
                    self.group.command(command) if self.group else command,
                    stdin=subprocess.DEVNULL,
                    stdout=self.log,
                    stderr=self.log,
                    cwd="/",
                    env=environment(str(self.home or SCRATCH)),
                    pass_fds=[theirs.fileno()],
                    start_new_session=True,
                ).result()
            ready, _pid = self._hear(START_SECONDS)
            if self.uid is not None and not ready["own_files"]:
                self._scratch.rmdir()
                self.disk = SharedDisk(self.uid, self._scratch)
        except OSError as error:
            self.close()
            raise FaultError(str(error)) from error
        except BaseException:
            self.close()
            raise

    def _command(self, control: int, preload: Sequence[str]) -> list[str]:
        visible = visible_paths()
        settings: dict[str, Any] = {"control": control, "preload": list(preload)}
        if self.uid is None:
            python = [
                *bubblewrap(visible),
                *python_running_worker(os.path.realpath(sys.executable), visible),
            ]
            return [*python, "namespaces", json.dumps(settings)]
        settings["user"] = {"uid": self.uid, "readable": visible, "scratch": str(self._scratch)}
        return [
            *python_running_worker(sys.executable, visible),
            "separate-user",
            json.dumps(settings),
        ]

    def close(self) -> None:
        """Kill it, and with it whatever it runs."""
        self.usable = False
        self.control.close()
        if self.process:
            self.process.kill()
            self.process.wait()
        if self.uid is not None:
            from corelab.grading.sandbox.linux import kill_user

            with suppress(OSError):  # where we may not become that user, nobody ever was
                self.starter.submit(kill_user, self.uid).result()
        if self.disk:
            self.disk.remove()
        if self.home:
            remove_folder(self.home)
        self.starter.shutdown()
        self.log.close()
        if self.group:
            self.group.remove()

    def run(self, job: bytes, limits: Limits) -> Outcome:
        with self.disk.one_run() if self.disk else nullcontext():
            pipes = [os.pipe() for _ in range(4)]  # job, stdout, stderr, results: (read, write)
            ours = [pipes[0][1], *(read for read, _ in pipes[1:])]
            theirs = [pipes[0][0], *(write for _, write in pipes[1:])]
            feed, out, err, results = (
                os.fdopen(file, "rb" if at else "wb") for at, file in enumerate(ours)
            )
            streams = Streams(feed, [out, err], results, job, limits)
            if self.group:
                self.group.begin(limits)
            try:
                pid = self._start(limits, theirs)
            finally:
                for file in theirs:
                    os.close(file)
            tree = (
                partial(tree_by_parent, pid)
                if self.uid is None
                else partial(tree_by_user, self.uid)
            )

            def look() -> Usage:
                return measure(tree, limits).peak(self.group.usage() if self.group else Usage())

            try:
                watched = watch(
                    streams.results.done,
                    look,
                    lambda: self.disk.used(limits) if self.disk else 0,
                    limits,
                )
            finally:
                ended = self._end()
            if ended and self.group and self.group.out_of_memory:
                watched.limit = watched.limit or memory_met(limits)
            return streams.outcome(self.isolation, watched, ended)

    @property
    def _scratch(self) -> Path:
        assert self.home is not None
        return self.home / "answer"

    def _start(self, limits: Limits, files: list[int]) -> int:
        """Have it fork for these pipes; the fork's number, once it is held."""
        counted = self.group is not None
        message = json.dumps({**asdict(limits), "children_are_counted": counted}).encode()
        try:
            socket.send_fds(self.control, [message], files)
        except OSError as error:
            raise FaultError(_("the worker is gone: {error}").format(error=error)) from error
        return self._hear(WORD_SECONDS)[1]

    def _end(self) -> Ended | None:
        """Have the fork killed, with all that came of it. Where that fails, kill the worker."""
        try:
            if self.group:
                self.group.end()
            self.control.send(b".")
            said = self._hear(WORD_SECONDS)[0]
            usage = Usage(said["cpu_seconds"], said["memory_bytes"])
            return Ended(said["exit"], usage.peak(self.group.usage() if self.group else usage))
        except (OSError, FaultError):
            self.close()
            return None

    def _hear(self, seconds: float) -> tuple[dict[str, Any], int]:
        """The next message from the worker or its fork, and the sender's number."""
        self.control.settimeout(seconds)
        try:
            message, about = self.control.recvmsg(1 << 16, socket.CMSG_SPACE(12))[:2]
        except TimeoutError:
            told = _("the worker did not answer for {seconds:g} seconds")
            raise FaultError(told.format(seconds=seconds)) from None
        if not message:
            self.log.seek(0)
            last = self.log.read()[-2000:].decode("utf-8", "replace").strip()
            words = last.splitlines()[-1] if last else _("it said nothing")
            raise FaultError(_("the worker ended: {words}").format(words=words))
        said = json.loads(message)
        if "fault" in said:
            raise FaultError(said["fault"])
        return said, struct.unpack("3i", about[0][2])[0]


def _unused_user(control: socket.socket) -> int:
    """A user that nobody is, nor the one after it (see `linux.acting_as`), and that no other worker
    takes: the socket's inode is this one's alone."""
    import pwd

    inode = os.fstat(control.fileno()).st_ino
    taken = {user.pw_uid for user in pwd.getpwall()}
    for uid in (20_000 + 2 * ((inode + k) % 20_000) for k in range(1000)):
        if not any(each in taken or any(tree_by_user(each)) for each in (uid, uid + 1)):
            return uid
    raise FaultError(_("no unused user between 20000 and 60000"))

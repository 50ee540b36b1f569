"""A worker with torch imported, which forks for each answer: the grader's end of it (Linux)."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from corelab.common.i18n import Message
from corelab.grading.sandbox.cgroup import ControlGroup
from corelab.grading.sandbox.command import (
    bubblewrap,
    bwrap_executables,
    environment,
    python_running_worker,
    visible_paths,
)
from corelab.grading.sandbox.monitor import (
    Limits,
    Usage,
    measure,
    memory_met,
    tree_by_parent,
    tree_by_user,
    watch,
)
from corelab.grading.sandbox.outcome import Isolation, Outcome
from corelab.grading.sandbox.run import ExitStatus, RunPipes, SandboxError
from corelab.grading.sandbox.scratch import SharedDisk, remove_folder
from corelab.grading.sandbox.worker import SCRATCH

START_SECONDS = 300.0  # a worker imports torch, on a busy machine
WORD_SECONDS = 30.0  # a worker has only to fork, or to kill


class ForkServer:
    """A worker with torch imported, which forks for each answer: "namespaces", "separate user"
    (Linux)."""

    def __init__(
        self, isolation: Isolation, preload: Sequence[str], bwrap: str | None = None
    ) -> None:
        """Start it, and wait until it is ready. Raises SandboxError where it cannot be had.

        `bwrap` is the bubblewrap that "namespaces" starts, else the first that is installed.
        """
        self.isolation = isolation
        self.bwrap = bwrap
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
            ready, _pid = self._receive(START_SECONDS)
            if self.uid is not None and not ready["own_files"]:
                self._scratch.rmdir()
                self.disk = SharedDisk(self.uid, self._scratch)
        except OSError as error:
            self.close()
            raise SandboxError(str(error)) from error
        except BaseException:
            self.close()
            raise

    def _command(self, control: int, preload: Sequence[str]) -> list[str]:
        visible = visible_paths()
        settings: dict[str, Any] = {"control": control, "preload": list(preload)}
        if self.uid is None:
            python = [
                *bubblewrap(self.bwrap or bwrap_executables()[0], visible),
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
            pairs = [os.pipe() for _ in range(4)]  # job, stdout, stderr, results: (read, write)
            ours = [pairs[0][1], *(read for read, _ in pairs[1:])]
            theirs = [pairs[0][0], *(write for _, write in pairs[1:])]
            feed, out, err, results = (
                os.fdopen(file, "rb" if at else "wb") for at, file in enumerate(ours)
            )
            pipes = RunPipes(feed, [out, err], results, job, limits)
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

            def usage_now() -> Usage:
                return measure(tree, limits).peak(self.group.usage() if self.group else Usage())

            try:
                used = watch(
                    pipes.results.done,
                    usage_now,
                    lambda: self.disk.used(limits) if self.disk else 0,
                    limits,
                )
            finally:
                ended = self._end()
            if ended and self.group and self.group.out_of_memory:
                used.limit = used.limit or memory_met(limits)
            return pipes.outcome(self.isolation, used, ended)

    @property
    def _scratch(self) -> Path:
        assert self.home is not None
        return self.home / "answer"

    def _start(self, limits: Limits, files: list[int]) -> int:
        """Have it fork for these pairs; the fork's number, once it is held."""
        counted = self.group is not None
        message = json.dumps({**asdict(limits), "children_are_counted": counted}).encode()
        try:
            socket.send_fds(self.control, [message], files)
        except OSError as error:
            raise SandboxError(Message("the worker is gone: {error}", error=error)) from error
        return self._receive(WORD_SECONDS)[1]

    def _end(self) -> ExitStatus | None:
        """Have the fork killed, with all that came of it. Where that fails, kill the worker."""
        try:
            if self.group:
                self.group.end()
            self.control.send(b".")
            said = self._receive(WORD_SECONDS)[0]
            usage = Usage(said["cpu_seconds"], said["memory_bytes"])
            return ExitStatus(said["exit"], usage.peak(self.group.usage() if self.group else usage))
        except (OSError, SandboxError):
            self.close()
            return None

    def _receive(self, seconds: float) -> tuple[dict[str, Any], int]:
        """The next message from the worker or its fork, and the sender's number."""
        self.control.settimeout(seconds)
        try:
            message, about = self.control.recvmsg(1 << 16, socket.CMSG_SPACE(12))[:2]
        except TimeoutError:
            told = Message("the worker did not answer for {seconds:g} seconds", seconds=seconds)
            raise SandboxError(told) from None
        if not message:
            self.log.seek(0)
            last = self.log.read()[-2000:].decode("utf-8", "replace").strip()
            words = last.splitlines()[-1] if last else Message("it said nothing")
            raise SandboxError(Message("the worker ended: {words}", words=words))
        said = json.loads(message)
        if "fault" in said:
            raise SandboxError(said["fault"])
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
    raise SandboxError(Message("no unused user between 20000 and 60000"))

"""The process in which answers run. `corelab.grading.sandbox.sandbox` starts it, in one of three
ways:

    once                    runs the one answer on its stdin ("limits only")
    namespaces SETTINGS     imports torch, then forks for each answer, in namespaces of its own
    separate-user SETTINGS  the same, each answer as another user

The server itself never sees an answer: only the fork reads it. So all of them start from the same
state, and none finds in its memory what another one was sent.
"""

from __future__ import annotations

import ast
import gc
import importlib
import json
import linecache
import os
import signal
import socket
import sys
import tempfile
import types
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NoReturn, Protocol

from corelab.common.i18n import Message, Text, error_text, map_text, text_to_json
from corelab.grading.sandbox.frames import Budget, read_frame, write_frame
from corelab.grading.sandbox.slicing import STAND_IN, StandIn, slice_source

SCRATCH = "/answer"  # the answer's folder, in its own mount namespace
FOLDERS = (
    "HOME",
    "USERPROFILE",
    "TMPDIR",
    "TEMP",
    "TMP",
    "MPLCONFIGDIR",
)  # where programs write unasked
MESSAGE = 1000  # characters of an exception's text


def main(arguments: list[str]) -> NoReturn:
    """Work as asked, and end without the interpreter's farewell: no exit handler of anybody's
    runs."""
    code = 1
    try:
        if arguments[0] == "once":
            # One stream for all that is printed: the other one carries the results.
            results = os.fdopen(os.dup(1), "wb")
            os.dup2(2, 1)
            run_answer(sys.stdin.buffer, results, Path.cwd())
        else:
            settings = json.loads(arguments[1])
            confinement = (
                Namespaces() if arguments[0] == "namespaces" else SeparateUser(**settings["user"])
            )
            serve(settings["control"], confinement, settings["preload"])
        code = 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    os._exit(code)


# -- one answer


def run_answer(job: IO[bytes], results: IO[bytes], scratch: Path) -> None:
    """Read an answer and what it is run on, run it, and write what it gives: frames, then how it
    ended."""
    header, sources = read_frame(job, Budget(sys.maxsize)) or ({}, {})
    sent = (read_frame(job, Budget(sys.maxsize)) or ({}, {}))[1]
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.chdir(scratch)
    os.environ |= dict.fromkeys(FOLDERS, str(scratch))
    tempfile.tempdir = None  # asked for anew
    # By lines, so that what was printed before a limit was met is seen.
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(place, mode, 1, "utf-8", "backslashreplace", closefd=False)
        for place, mode in ((0, "r"), (1, "w"), (2, "w"))
    )
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[assignment,misc]
    path = scratch / header["filename"]
    path.write_bytes(sources["answer"].tobytes())
    sys.argv = [path.name]
    name = header["exercise"]
    exercise = sys.modules.get(name) or _module(name, sources["exercise"].tobytes(), name)
    write_frame(results, {"started": True})
    end: dict[str, Any]
    try:
        answer = _answer(sources["answer"].tobytes(), str(path), exercise, header["cells"])
        for name, arrays in exercise.run(answer, sent):
            write_frame(results, {"frame": name}, arrays)
        end = {"end": "finished"}
    except BaseException as error:  # SystemExit too: the run is not the answer's to end
        end = {"end": "crashed", "message": text_to_json(_describe(error, str(path)))}
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):  # the answer may have put anything there
            stream.flush()
    write_frame(results, end)


def _answer(
    source: bytes, path: str, exercise: types.ModuleType, cells: Sequence[int]
) -> types.ModuleType:
    """Run of an answer what the exercise needs of it; all of it where that can't be told without
    running it, and where the exercise doesn't say."""
    needs, optional = getattr(exercise, "NEEDS", ()), getattr(exercise, "OPTIONAL", ())
    if needs:
        part = slice_source(source, (*needs, *optional), cells)
        missing = {*part.missing} & {*needs}
        if missing and part.unreadable:
            raise part.unreadable[0]
        with suppress(NameError):  # of a name that exec or a star import makes
            if not missing:
                return _module("answer", part.tree, path)
    return _module("answer", source, path)


def _module(name: str, source: bytes | ast.Module, path: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = path
    module.__package__ = name.rpartition(".")[0]
    module.__dict__[STAND_IN] = StandIn
    sys.modules[name] = module
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    module.__dict__.pop(STAND_IN, None)
    return module


def _describe(error: BaseException, path: str) -> Text:
    """The exception's type and text, and the line of the file at `path` where it rose."""
    try:
        text, line = map_text(_bounded, error_text(error)), None
        step = error.__traceback__
        while step:
            if step.tb_frame.f_code.co_filename == path:
                line = step.tb_lineno
            step = step.tb_next
        if isinstance(error, SyntaxError) and error.filename == path:
            text, line = _bounded(str(error.msg)), error.lineno
        described: Text = type(error).__name__
        if isinstance(text, Message):
            described = Message("{kind}: {text}", kind=described, text=text)
        elif text:
            described = f"{described}: {text}"
        if isinstance(error, NotImplementedError):  # a function that is handed out to be written
            return Message("not written yet: {what}", what=text or described)
        if line is None:
            return described
        code = _bounded(linecache.getline(path, line).strip())
        place = Message("line {line}", line=line)
        return Message("{error} ({place}: {code})", error=described, place=place, code=code)
    except BaseException:  # an exception that lies about itself
        return Message("an exception that cannot be shown")


def _bounded(text: str) -> str:
    return text[:MESSAGE]


# -- many answers, a fork for each


class Confinement(Protocol):
    """How a fork is confined."""

    def prepare(self) -> bool:
        """In the server, before anything is imported. Returns whether each fork's files are its
        own."""

    def fork(self) -> int: ...

    def apply(self, limits: dict[str, Any]) -> Path:
        """In the fork: close all ways out. Returns its scratch folder."""

    def end(self, pid: int) -> None:
        """In the server: kill the fork and all that came of it."""


class Namespaces:
    """Inside bubblewrap, each fork in user, mount and process namespaces of its own, without
    privileges."""

    def __init__(self) -> None:
        from corelab.grading.sandbox import linux

        self.linux = linux

    def prepare(self) -> bool:
        linux = self.linux
        # bubblewrap leaves us no privilege. In a user namespace of our own we may make more
        # namespaces; in a process namespace that belongs to it, a second time too (see
        # fork_into_new_process_namespace).
        linux.enter_new_namespaces(linux.CLONE_NEWNS | linux.CLONE_NEWPID)
        server = os.fork()
        if server:
            os._exit(os.waitstatus_to_exitcode(os.waitpid(server, 0)[1]) != 0)
        linux.mount_tmpfs(SCRATCH, 64 << 20)  # for the caches of what is imported now
        self.own_namespace = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
        return True

    def fork(self) -> int:
        return self.linux.fork_into_new_process_namespace(self.own_namespace)

    def apply(self, limits: dict[str, Any]) -> Path:
        linux = self.linux
        linux.enter_new_namespaces(linux.CLONE_NEWNS | linux.CLONE_NEWIPC)
        linux.set_limits(limits["memory_bytes"], limits["disk_bytes"])
        linux.mount_tmpfs(SCRATCH, limits["disk_bytes"])
        shared = Path(SCRATCH, ".shm")
        shared.mkdir()
        linux.mount_bind(str(shared), "/dev/shm")
        # Without /proc: the one here shows the server, and lets root's files in it be written even
        # by a root without privileges; the kernel refuses us a new one where parts of the old one
        # are covered.
        linux.mount_tmpfs("/proc", 4096, linux.MS_RDONLY)
        linux.drop_capabilities()
        linux.forbid_system_calls(limits["children_are_counted"])
        return Path(SCRATCH)

    def end(self, pid: int) -> None:
        os.kill(pid, 9)  # and with it, by the kernel, all of its namespace


class SeparateUser:
    """Another user, for whom Landlock closes all files but Python's and the scratch folder's.

    Where root may mount, the scratch folder is a file system of its own, and no other can be
    written to. Elsewhere see `scratch.SharedDisk`.
    """

    def __init__(self, uid: int, readable: Sequence[str], scratch: str) -> None:
        from corelab.grading.sandbox import linux

        self.linux, self.uid, self.readable, self.scratch = linux, uid, readable, scratch

    def prepare(self) -> bool:
        self.linux.adopt_orphans()
        trial = os.fork()
        if trial == 0:
            try:
                self._mount(4096)
            except OSError:
                os._exit(1)
            os._exit(0)
        self.own_files = os.waitpid(trial, 0)[1] == 0
        return self.own_files

    def fork(self) -> int:
        return os.fork()

    def apply(self, limits: dict[str, Any]) -> Path:
        linux = self.linux
        linux.set_limits(
            limits["memory_bytes"], limits["disk_bytes"], user_tasks=2 * limits["processes"]
        )
        if self.own_files:
            self._mount(limits["disk_bytes"])
        linux.become_user(self.uid)
        linux.forbid_new_privileges()
        if linux.landlock_version():
            devices = [
                f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "shm")
            ]
            linux.close_files(self.readable, [self.scratch, *devices])
        linux.forbid_system_calls(limits["children_are_counted"])
        return Path(self.scratch)

    def _mount(self, size: int) -> None:
        linux, shared = self.linux, Path(self.scratch, ".shm")
        linux.enter_own_mounts()
        linux.mount_tmpfs(self.scratch, size)
        shared.mkdir()
        for folder in (self.scratch, shared):
            os.chown(folder, self.uid, self.uid)
        linux.mount_bind(str(shared), "/dev/shm")

    def end(self, pid: int) -> None:
        del pid  # all of the user's, whatever became of their parents
        self.linux.kill_user(self.uid)


def serve(control_fd: int, confinement: Confinement, preload: list[str]) -> None:
    """Run what is asked for over a socket, one after the other, until it closes.

    A request (limits) comes with four open files: job, stdout, stderr, results. The fork answers
    it, when it
    is held: with what went wrong, or nothing. At the next message we kill it, and say how it ended.
    """
    control = socket.socket(fileno=_high_fd(control_fd))
    own_files = confinement.prepare()
    gc.disable()  # looking for garbage is a quarter of the time that importing torch takes
    _preload(preload)
    gc.enable()
    sys.stdout.flush()
    sys.stderr.flush()
    gc.collect()
    gc.freeze()  # collections in the forks leave what is there now alone, and shared
    control.send(json.dumps({"own_files": own_files}).encode())
    while True:
        message, files, _, _ = socket.recv_fds(control, 1 << 16, 4)
        if not message:
            return
        pid = confinement.fork()
        if pid == 0:
            _run_in_fork(control, files, confinement, json.loads(message))
        for file in files:
            os.close(file)
        control.recv(1)  # the end of the run; also when the grader is gone
        confinement.end(pid)
        _, status, used = os.wait4(pid, 0)
        with suppress(ChildProcessError):  # the orphans that were ours to adopt
            while True:
                os.wait()
        ended = {
            "exit": os.waitstatus_to_exitcode(status),
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "memory_bytes": used.ru_maxrss * 1024,
        }
        control.send(json.dumps(ended).encode())


def _run_in_fork(
    control: socket.socket, files: list[int], confinement: Confinement, limits: dict[str, Any]
) -> NoReturn:
    try:
        os.setsid()  # signals to its process group are not for the worker
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # whatever whoever started us made of it
        for place, file in enumerate(files):  # 0 job, 1 stdout, 2 stderr, 3 results
            os.dup2(file, place, inheritable=place < 3)
        try:
            scratch = confinement.apply(limits)
        except Exception as error:
            control.send(json.dumps({"fault": f"{type(error).__name__}: {error}"}).encode())
            raise
        control.send(b"{}")
        control.close()
        os.closerange(4, 1 << 16)
        run_answer(os.fdopen(0, "rb", closefd=False), os.fdopen(3, "wb"), scratch)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(0)


def _high_fd(file: int) -> int:
    """The same open file under a number that leaves 0 to 9 free."""
    import fcntl

    return fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, 10)


def _preload(names: list[str]) -> None:
    """Import what answers import, and let torch do what it puts off to its first use."""
    for name in names:
        try:
            importlib.import_module(name)
        except (
            Exception
        ):  # a torchvision that does not fit: trouble for answers that import it, for no other
            if name == "torch":
                raise
    torch = sys.modules.get("torch")
    if torch is None:
        return
    # No backward pass: autograd's threads would not survive the fork.
    model = torch.nn.Linear(1, 1)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    data = torch.utils.data.TensorDataset(torch.zeros(2, 1), torch.zeros(2, dtype=torch.int64))
    for inputs, targets in torch.utils.data.DataLoader(data, batch_size=2, shuffle=True):
        torch.nn.functional.cross_entropy(model(inputs), targets)
    torch.manual_seed(torch.initial_seed())

"""Running answers that nobody trusts. README.md beside this file says what each isolation stops.

    with Sandbox(preload=("torch",)) as sandbox:
        outcome = sandbox.run(source, "answer.py", "package.exercise", sent)

The answer never comes into this process: what it gives comes back as bounded frames of plain
arrays.
"""

from __future__ import annotations

import functools
import importlib.util
import io
import os
import re
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from corelab.common.errors import UserError
from corelab.common.i18n import Text, _, error_text, map_text
from corelab.common.sanitize import one_line
from corelab.grading.sandbox.command import bwrap_executables
from corelab.grading.sandbox.forkserver import ForkServer
from corelab.grading.sandbox.frames import write_frame
from corelab.grading.sandbox.monitor import Limits
from corelab.grading.sandbox.oneshot import OneShotWorker
from corelab.grading.sandbox.outcome import Arrays, Isolation, Outcome
from corelab.grading.sandbox.run import SandboxError, Worker
from corelab.grading.sandbox.turns import Machine, Turns

__all__ = ["STRONGEST_FIRST", "Limits", "Sandbox", "probe", "why_not", "working_bwrap"]

STRONGEST_FIRST: tuple[Isolation, ...] = ("namespaces", "separate user", "limits only")


# -- what works here


def probe() -> Isolation:
    """The strongest isolation that really works here: each is tried."""
    return next(isolation for isolation in STRONGEST_FIRST if not why_not(isolation))


def why_not(isolation: Isolation) -> str:
    """One line: why this isolation does not work here, and the fix. Empty where it does."""
    if isolation == "limits only":
        return ""
    if sys.platform != "linux":
        message = _(
            "{isolation!r} needs Linux; on Windows that can be WSL 2, elsewhere a virtual machine"
        )
        return message.format(isolation=isolation)
    if not Path(f"/proc/self/task/{os.getpid()}/children").exists():
        message = _(
            "{isolation!r} needs /proc, and in it the lists of children (CONFIG_PROC_CHILDREN)"
        )
        return message.format(isolation=isolation)
    if isolation == "separate user":
        if os.getuid() != 0:
            return _("'separate user' needs root, as in a container of one's own")
        reason = _tried(isolation)
    else:
        if not (bwrap := working_bwrap()):
            return _(
                'bubblewrap is not installed: `pip install "corelab-kit[grading]"`, or '
                "`apt install bubblewrap` (or the same with dnf, pacman or zypper)"
            )
        reason = _tried(isolation, bwrap)
    if not reason:
        return ""
    return _("{isolation!r} does not work here: {reason}").format(
        isolation=isolation, reason=reason + _fix(reason)
    )


def working_bwrap() -> str | None:
    """The first bubblewrap that runs an answer; the first of all where none does; None where none
    is installed."""
    paths = bwrap_executables()
    return next((path for path in paths if not _tried("namespaces", path)), [*paths, None][0])


@functools.cache
def _tried(isolation: Isolation, bwrap: str | None = None) -> str:
    """What went wrong when a small answer was run. Empty where nothing did."""
    exercise = b"def run(answer, sent):\n    yield 'doubled', {'x': 2 * sent['x']}\n"
    job = _job(b"", "probe.py", "probe", exercise, {"x": np.arange(3.0)})
    try:
        with closing(ForkServer(isolation, (), bwrap)) as worker:
            outcome = worker.run(job, Limits(wall_seconds=30.0))
    except (SandboxError, OSError) as fault:
        return one_line(str(fault), 300)
    return "" if outcome.status == "finished" else str(outcome.message)


def _fix(reason: str) -> str:
    with suppress(OSError):
        setting = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").read_text(
            encoding="ascii"
        )
        if setting.strip() == "1" and os.getuid() != 0:
            return _(
                "; AppArmor blocks it (Ubuntu 24.04): allow bwrap, see corelab/grading/README.md"
            )
    if (
        "proc" in reason
        or "namespace" in reason
        or "unshare" in reason
        or "not permitted" in reason
    ):
        return _(
            "; in a container: see corelab/grading/README.md for the options that it must be "
            "run with"
        )
    return ""


# -- the sandbox


class Sandbox:
    """Runs answers, each by itself. Several threads may call `run` at once: each has a worker of
    its own."""

    def __init__(
        self,
        limits: Limits | None = None,
        isolation: Isolation | None = None,
        require: Isolation | None = None,
        preload: Sequence[str] = (),
    ) -> None:
        """`limits` for each run; `isolation`: this one, not the strongest; `require`: at least this
        one.

        `preload` names the modules that workers import once for all answers. Raises UserError where
        the isolation that was asked for does not work here.
        """
        self.limits = limits or Limits()
        self.preload = preload
        if isolation and (reason := why_not(isolation)):
            raise UserError(reason)
        self.isolation: Isolation = isolation or probe()
        if require and STRONGEST_FIRST.index(self.isolation) > STRONGEST_FIRST.index(require):
            reason = why_not(require) or _("{isolation!r} was chosen").format(
                isolation=self.isolation
            )
            message = _(
                "isolation {required!r} is required, only {isolation!r} can be had: {reason}"
            )
            raise UserError(
                message.format(required=require, isolation=self.isolation, reason=reason)
            )
        self._turns = Turns()
        self._idle: list[Worker] = []
        self._starting: Future[Worker] | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def start(self) -> None:
        """Start the first worker already now, in the background, for a run that comes later."""
        self._starting = ThreadPoolExecutor(1).submit(self._new_worker)

    def close(self) -> None:
        """End the workers. The sandbox can go on to be used, with new ones."""
        if self._starting:
            with suppress(SandboxError, OSError):
                self._idle.append(self._idle_worker())
        while self._idle:
            self._idle.pop().close()

    def run(
        self,
        source: bytes,
        filename: str,
        module: str,
        sent: Arrays,
        limits: Limits | None = None,
        cells: Sequence[int] = (),
    ) -> Outcome:
        """Run an answer: what the `run` of a module (its full name) yields, called on the answer's
        module and on `sent`.

        cells: the lines on which the cells of a notebook begin.

        Nothing is raised for whatever the answer does. A failure of ours is tried once more with a
        new worker, then the status is "could not run". An answer that met the wall limit because
        others took the processors is run again, alone, and that run counts.
        """
        found = importlib.util.find_spec(module)
        if found is None or not found.origin:
            raise ValueError(f"no module {module}")
        job = _job(source, filename, module, Path(found.origin).read_bytes(), sent, cells)
        limits = limits or self.limits
        with self._turns.shared(), Machine() as machine:
            outcome = self._run(job, limits)
        if machine.starved(outcome, limits):
            with self._turns.alone():
                outcome = self._run(job, limits)
        return outcome

    def _run(self, job: bytes, limits: Limits) -> Outcome:
        """Run a job, with a second worker where the first one fails.

        Where both were lost while the answer ran, that is its crash; otherwise it could not be run.
        """
        message: Text = ""
        lost: list[Outcome | None] = []
        for take in (self._idle_worker, self._new_worker):
            try:
                return self._attempt(take(), job, limits)
            except (SandboxError, OSError) as fault:
                message = map_text(lambda text: one_line(text, 1000), error_text(fault))
                lost.append(getattr(fault, "lost", None))
        if lost[0] and lost[1]:
            return lost[1]
        return Outcome("could not run", self.isolation, message=message)

    def _attempt(self, worker: Worker, job: bytes, limits: Limits) -> Outcome:
        try:
            outcome = worker.run(job, limits)
        except BaseException:
            worker.close()
            raise
        if worker.usable:
            self._idle.append(worker)
        return outcome

    def _idle_worker(self) -> Worker:
        starting, self._starting = self._starting, None
        if starting:
            return starting.result()
        try:
            return self._idle.pop()
        except IndexError:
            return self._new_worker()

    def _new_worker(self) -> Worker:
        if self.isolation == "limits only":
            return OneShotWorker()
        bwrap = working_bwrap() if self.isolation == "namespaces" else None
        return ForkServer(self.isolation, self.preload, bwrap)


def _job(
    source: bytes,
    filename: str,
    exercise: str,
    exercise_source: bytes,
    sent: Arrays,
    cells: Sequence[int] = (),
) -> bytes:
    """What a worker reads: see `run_answer` there."""
    stream = io.BytesIO()
    sources = {"answer": source, "exercise": exercise_source}
    name = re.sub(r"[^\w.-]", "_", Path(filename).name)[-60:].lstrip(".")
    header = {"filename": name or "answer.py", "exercise": exercise, "cells": list(cells)}
    write_frame(
        stream, header, {name: np.frombuffer(text, np.uint8) for name, text in sources.items()}
    )
    write_frame(stream, {}, sent)
    return stream.getvalue()

"""One run of an answer, seen from the grader: its pipes, and what it comes to."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from corelab.common.i18n import Message, Text, map_text
from corelab.common.sanitize import one_line, sanitize
from corelab.grading.sandbox.monitor import (
    Drain,
    Feeder,
    Limits,
    Receiver,
    RunUsage,
    Usage,
)
from corelab.grading.sandbox.outcome import Isolation, Outcome, RunStatus


class SandboxError(Exception):
    """The sandbox failed, not the answer."""

    def __init__(self, message: Text, lost: Outcome | None = None) -> None:
        """lost: what had come back, where the worker was lost while the answer ran."""
        super().__init__(message)
        self.lost = lost


@dataclass(frozen=True)
class ExitStatus:
    """How a process ended, and what it used."""

    exit: int
    usage: Usage


class Worker(Protocol):
    usable: bool

    def run(self, job: bytes, limits: Limits) -> Outcome:
        """Run one job (see `worker.run_answer`). Raises SandboxError where that is not the answer's
        fault."""

    def close(self) -> None: ...


class RunPipes:
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

    def outcome(self, isolation: Isolation, used: RunUsage, ended: ExitStatus | None) -> Outcome:
        """What it comes to, when all processes are dead. Raises SandboxError where that is our
        fault."""
        for thread in self.threads:
            thread.join(1.0)  # only what escaped "limits only" can still hold a pipe open
        texts = [
            sanitize(drain.kept.decode("utf-8", "replace"), self.limits.output_bytes)
            for drain in self.printed
        ]
        said = used.limit or self.results.end or (ended and _exit_message(ended.exit))
        if not self.results.started:
            told = f"{said[1] if said else ''} {' '.join(texts)[-1000:]}"
            raise SandboxError(Message("the answer was not reached: {told}", told=told))
        twice = Message("it ended the process that ran it, twice")
        status, message = said or ("crashed", twice)
        message = map_text(lambda text: one_line(text, 1000), message)
        if len(str(message)) > 4000:  # of many values: none of ours
            message = one_line(str(message), 1000)
        usage = used.usage.peak(ended.usage) if ended else used.usage
        outcome = Outcome(
            status=status,
            isolation=isolation,
            returned=dict(self.results.returned),
            message=message,
            stdout=texts[0],
            stderr=texts[1] if len(texts) > 1 else "",
            seconds=used.seconds,
            cpu_seconds=usage.cpu_seconds,
            peak_bytes=usage.memory_bytes,
        )
        if not said:
            raise SandboxError(Message("the worker was lost while the answer ran"), outcome)
        return outcome


def _exit_message(code: int) -> tuple[RunStatus, Text]:
    if code >= 0:
        return "crashed", Message("the answer ended its own process (exit code {code})", code=code)
    name = f"signal {-code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return "crashed", Message("the answer's process died of {name}", name=name)

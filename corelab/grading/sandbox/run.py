"""One run of an answer, seen from the grader: its pipes, and what it comes to."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Protocol

from corelab.common.i18n import _, shown
from corelab.common.sanitize import one_line, plain
from corelab.grading.sandbox.monitor import (
    MALFORMED,
    TOO_MUCH,
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

    def __init__(self, message: str, lost: Outcome | None = None) -> None:
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
            plain(shown(drain.kept.decode("utf-8", "replace")), self.limits.output_bytes)
            for drain in self.printed
        ]
        said = used.limit or self.results.end or (ended and _exit_message(ended.exit))
        if not self.results.started:
            told = f"{said[1] if said else ''} {' '.join(texts)[-1000:]}"
            raise SandboxError(_("the answer was not reached: {told}").format(told=told))
        status, message = said or ("crashed", _("it ended the process that ran it, twice"))
        # From the answer's process, which speaks every language; or from a thread of ours, which
        # knows none.
        message = _(message) if message in (TOO_MUCH, MALFORMED) else shown(message)
        usage = used.usage.peak(ended.usage) if ended else used.usage
        outcome = Outcome(
            status=status,
            isolation=isolation,
            returned=dict(self.results.returned),
            message=one_line(message, 1000),
            stdout=texts[0],
            stderr=texts[1] if len(texts) > 1 else "",
            seconds=used.seconds,
            cpu_seconds=usage.cpu_seconds,
            peak_bytes=usage.memory_bytes,
        )
        if not said:
            raise SandboxError(_("the worker was lost while the answer ran"), outcome)
        return outcome


def _exit_message(code: int) -> tuple[RunStatus, str]:
    if code >= 0:
        return "crashed", _("the answer ended its own process (exit code {code})").format(code=code)
    name = f"signal {-code}"
    with suppress(ValueError):
        name = signal.Signals(-code).name
    return "crashed", _("the answer's process died of {name}").format(name=name)

"""Runs beside each other, and a run alone: so that a neighbour costs no answer its points."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from corelab.grading.sandbox.monitor import Limits
from corelab.grading.sandbox.outcome import Outcome

_BY_ITSELF = 0.9  # of the wall limit: an answer that computed so long was hardly kept from it
_THROTTLED = (("cpu.stat", b"throttled_usec", 1e-6), ("cpu/cpu.stat", b"throttled_time", 1e-9))


class Turns:
    """Any number of threads at once, or one alone, which goes before those that come later."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = self._waiting_alone = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting_alone)
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._changed:
            self._waiting_alone += 1  # from now on nobody begins
            try:
                self._changed.wait_for(lambda: not self._running)
                self._running += 1
            except BaseException:
                self._waiting_alone -= 1
                self._changed.notify_all()
                raise
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._waiting_alone -= 1
                self._changed.notify_all()


class Machine:
    """Says of a run, made inside it, whether the machine had too little time for it."""

    def __enter__(self) -> Machine:
        self._start = _idle_seconds(), _throttled_seconds()
        return self

    def __exit__(self, *exception: object) -> None:
        idle, throttled = self._start
        self.idle = _idle_seconds() - idle
        self.throttled = _throttled_seconds() - throttled

    def starved(self, outcome: Outcome, limits: Limits) -> bool:
        """Whether the run met the limit on wall time, computed for a part of it only, and found no
        processor idle in the rest. An answer that sleeps finds one, on a machine that has little
        else to do."""
        if outcome.status != "timed out" or outcome.seconds <= limits.wall_seconds:
            return False
        missing = outcome.seconds - outcome.cpu_seconds
        return outcome.cpu_seconds < _BY_ITSELF * limits.wall_seconds and (
            self.idle < missing or self.throttled > missing / 2
        )


def _idle_seconds() -> float:
    """Of all processors that we may use, together."""
    each = psutil.cpu_times(percpu=True)
    with suppress(AttributeError, IndexError):  # not everywhere
        each = [each[number] for number in os.sched_getaffinity(0)]
    return float(sum(times.idle + getattr(times, "iowait", 0.0) for times in each))


def _throttled_seconds() -> float:
    """How long our container was kept from computing, since it had had its share."""
    for name, key, unit in _THROTTLED:
        with suppress(OSError, IndexError, ValueError):
            text = Path("/sys/fs/cgroup", name).read_bytes()
            return int(text.partition(key + b" ")[2].split(None, 1)[0]) * unit
    return 0.0

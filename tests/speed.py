"""Wall-clock limits that fit the machine: `scaled(5)` is 5 seconds, more where it is busy."""

from __future__ import annotations

import functools
import time

WORK = 400_000  # additions: REFERENCE seconds where the limits in the tests were chosen
REFERENCE = 0.02
FRESH = 20.0  # seconds for which a measurement is good: another load may come


def scaled(seconds: float) -> float:
    """`seconds`, times how much slower this machine is now than the one they were chosen on."""
    return seconds * slowness(int(time.monotonic() / FRESH))


@functools.lru_cache(maxsize=1)
def slowness(_now: int) -> float:
    """How many times longer a fixed piece of work takes than on the reference machine; at least
    1."""
    began = time.perf_counter()
    total = 0
    for number in range(WORK):
        total += number
    return max(1.0, (time.perf_counter() - began) / REFERENCE)

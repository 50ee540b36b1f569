"""What `corelab diagnose` takes beyond importing torch, the sandbox included.

By itself, on an idle machine:

    pytest tests/benchmarks/test_diagnose_speed.py -s

Both are whole processes and run in turn. Seconds of the processor are those of the process and its
children, without the sandbox's worker, which works beside it.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROUNDS = 7
CLASSES = Path(__file__).parents[1] / "grading" / "optimizers"
IMPORT = [sys.executable, "-c", "import torch"]


def diagnose(which: str) -> list[str]:
    where = f"{CLASSES / which}"
    return [sys.executable, "-m", "corelab.cli", "diagnose", where, "--against", "torch.optim.Adam"]


def taken(command: list[str], code: int = 0) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    before, began = os.times(), time.perf_counter()
    assert subprocess.run(command, capture_output=True, check=False).returncode == code
    wall, after = time.perf_counter() - began, os.times()
    children = (
        after.children_user + after.children_system,
        before.children_user + before.children_system,
    )
    return wall, children[0] - children[1]


@pytest.mark.parametrize(
    ("which", "code"),
    [("right.py:Algorithm1", 0), ("adam.py:NoHats", 1), ("right.py:LerpRMSprop", 1)],
    ids=["right", "a mistake", "nothing known"],
)
def test_under_two_seconds_beyond_importing_torch(which, code, capsys):
    rounds = [(taken(IMPORT), taken(diagnose(which), code)) for _ in range(ROUNDS)]
    walls, processor = (
        [statistics.median(each[side][kind] for each in rounds) for side in (0, 1)]
        for kind in (0, 1)
    )
    beyond = statistics.median(whole[0] - bare[0] for bare, whole in rounds)
    with capsys.disabled():
        print(
            f"\n{which}, medians of {ROUNDS}: {walls[1]:.2f} s, import torch {walls[0]:.2f} s, "
            f"beyond it {beyond:.2f} s, target under 2"
            f"\nof the processor {processor[1]:.2f} and {processor[0]:.2f} s"
        )
    assert beyond < 2

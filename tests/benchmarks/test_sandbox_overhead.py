"""What the sandbox costs: seconds per answer, and the grader's memory. Run it by itself, on an idle
machine:

pytest tests/benchmarks/test_sandbox_overhead.py -s
"""

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "grading"))

from corelab.grading.judge import PRELOAD
from corelab.grading.sandbox.sandbox import Sandbox

TRIVIAL = "def double(x):\n    return 2 * x\n"
TRAINING = """
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

def double(x):
    torch.manual_seed(0)
    data = TensorDataset(torch.randn(2000, 784), torch.randint(10, (2000,)))
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for inputs, targets in DataLoader(data, batch_size=100, shuffle=True):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
    return x
"""
SENT = {"x": np.ones(1000)}


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(preload=PRELOAD) as sandbox:
        began = time.perf_counter()
        run(sandbox, TRIVIAL)
        print(
            f"\nisolation: {sandbox.isolation}; the first answer, torch's import included, after",
            end=" ",
        )
        print(f"{time.perf_counter() - began:.1f} s")
        yield sandbox


def run(sandbox, source):
    outcome = sandbox.run(source.encode(), "answer.py", "isolated.tiny", SENT)
    assert outcome.status == "finished", outcome
    return outcome


def seconds(function):
    began = time.perf_counter()
    function()
    return time.perf_counter() - began


def test_seconds_per_answer(sandbox):
    """At most 0.1 s beyond what the answer computes by itself, with one thread, in a process that
    is warm."""
    torch.set_num_threads(1)
    answer = {}
    exec(TRAINING, answer)
    trivial, training, itself = [], [], []
    for _ in range(30):  # in turns, so that whatever else the machine does slows all of them
        trivial.append(seconds(lambda: run(sandbox, TRIVIAL)))
        training.append(seconds(lambda: run(sandbox, TRAINING)))
        itself.append(seconds(lambda: [answer["double"](1) for _ in range(3)]))
    beyond = statistics.median(training) - statistics.median(itself)
    for name, taken in (
        ("trivial", trivial),
        ("training", training),
        ("training, by itself", itself),
    ):
        print(
            f"\n{name}: median {statistics.median(taken):.3f} s, fastest {min(taken):.3f} s", end=""
        )
    print(f"\noverhead of training: {beyond:.3f} s")
    assert statistics.median(trivial) < 0.1
    assert beyond < 0.1


def test_memory_of_the_grader_does_not_grow(sandbox):
    source = "print('A' * 10**6)\n" + TRIVIAL.replace(
        "2 * x", "(2 * x).repeat(100)"
    )  # 2.4 MB returned
    sizes = {}
    for number in range(1, 301):
        run(sandbox, source)
        if number in (10, 300):
            sizes[number] = psutil.Process().memory_info().rss / 2**20
    print(
        f"\nresident memory of the grader: {sizes[10]:.1f} MiB after 10 answers, "
        f"{sizes[300]:.1f} after 300"
    )
    assert sizes[300] < sizes[10] + 10

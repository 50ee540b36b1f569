"""What the bench costs beside the loop that a student writes, and beside the bare loop.

    python -m pytest tests/benchmarks/test_bench_speed.py -s

Both sides run in turn in one process (or as whole processes, for start-up), and the ratio of every
pair is printed: these machines are noisy, and only the ratio means something.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader
from torchvision import datasets, transforms

import corelab

PROJECT = Path(__file__).parents[2]
BATCH_SIZE = 200


def epoch_of_the_kit(train, device):
    model = corelab.DNN().to(device)
    loader = corelab.make_loader(train, BATCH_SIZE, shuffle=True)
    corelab.fit(model, loader, torch.optim.SGD(model.parameters(), lr=0.02), epochs=1)


def epoch_of_a_student(dataset, device):
    model = corelab.DNN().to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    for images, targets in DataLoader(dataset, batch_size=BATCH_SIZE, shuffle=True):
        images, targets = images.flatten(1).to(device), targets.to(device)
        loss = cross_entropy(model(images), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def epoch_bare(train, device):
    model = corelab.DNN().to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    for index in torch.randperm(len(train)).to(device).split(BATCH_SIZE):
        loss = cross_entropy(model(train.inputs[index]), train.targets[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def seconds(job: Callable[[], None], clock: Callable[[], float] = time.perf_counter) -> float:
    start = clock()
    job()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start


def ratios(
    a: Callable[[], None],
    b: Callable[[], None],
    pairs: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """a's time over b's, pair by pair, in turning order, after one unmeasured run of each."""
    a(), b()
    found = []
    for pair in range(pairs):
        if pair % 2:
            time_a, time_b = seconds(a, clock), seconds(b, clock)
        else:
            time_b, time_a = seconds(b, clock), seconds(a, clock)
        found.append(time_a / time_b)
    return found


def report(capsys, what: str, found: list[float], target: str) -> float:
    middle = statistics.median(found)
    with capsys.disabled():
        span = f"{min(found):.3f} to {max(found):.3f}, n={len(found)}"
        print(f"\n{what}: {middle:.3f} ({span}); target {target}")
    return middle


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
def device(request):
    return request.param


@pytest.fixture(autouse=True)
def threads():
    """As many threads as torch takes by itself, for both sides: the tests run with one."""
    before = torch.get_num_threads()
    torch.set_num_threads(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    )
    yield
    torch.set_num_threads(before)


@pytest.fixture
def train(device):
    return corelab.load_data(root=PROJECT / "data")[0].to(device)


def test_epoch_beside_the_loop_that_a_student_writes(train, device, capsys):
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(train.mean, train.std)])
    dataset = datasets.FashionMNIST(PROJECT / "data", train=True, transform=plain)
    found = ratios(
        lambda: epoch_of_a_student(dataset, device), lambda: epoch_of_the_kit(train, device), 3
    )
    assert report(capsys, f"{device}: student's epoch / kit's epoch", found, "at least 4") >= 4


def test_epoch_beside_the_bare_loop(train, device, capsys):
    """In many short rounds: on the CPU in one thread's own time, which other programs change
    little."""
    few, clock, most = train.first(10_000), time.perf_counter, 1.10
    if device == "cpu":
        torch.set_num_threads(1)
        clock, most = time.process_time, 1.04
    found = ratios(
        lambda: epoch_of_the_kit(few, device), lambda: epoch_bare(few, device), 61, clock
    )
    what = f"{device}: kit's epoch / bare loop, load {os.getloadavg()[0]:.1f}"
    assert report(capsys, what, found, f"at most {most}") <= most


def test_start_to_first_loss(capsys):
    """From the start of the interpreter to the first loss on the screen, beside the bare
    imports."""
    first_loss = (
        "import corelab; train, _ = corelab.load_data();"
        "loader = corelab.make_loader(train, 200, True);"
        "from corelab.losses import cross_entropy; x, y = next(iter(loader));"
        "print(cross_entropy(corelab.DNN()(x), y).item(), flush=True)"
    )
    imports = "import torch, torchvision"

    def run(code: str) -> Callable[[], None]:
        return lambda: subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, check=True, capture_output=True
        )

    found = ratios(run(first_loss), run(imports), 7)
    assert (
        report(capsys, "start to first loss / import torch, torchvision", found, "at most 1.3")
        <= 1.3
    )


def test_help(capsys):
    found = []
    for _ in range(7):
        job = [sys.executable, "-m", "corelab.cli", "--help"]
        found.append(seconds(lambda job=job: subprocess.run(job, check=True, capture_output=True)))
    assert report(capsys, "corelab --help, seconds", found, "under 0.3") < 0.3


@pytest.mark.skipif(sys.platform == "win32", reason="there is no getrusage")
def test_peak_memory_of_lab_1(tmp_path, capsys):
    # A process between: what a child shares with its parent at the start counts as the child's own.
    between = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )

    def peak_gb(*command: str) -> float:
        job = [sys.executable, "-c", between, sys.executable, *command]
        ran = subprocess.run(job, cwd=PROJECT, check=True, capture_output=True, text=True)
        return int(ran.stdout) * (1 if sys.platform == "darwin" else 1024) / 1e9

    lab = peak_gb("labs/lab01_batch_input.py", "--out", str(tmp_path))
    imports = peak_gb("-c", "import torch, torchvision")
    report(capsys, "peak memory of importing torch and torchvision, GB", [imports], "none")
    assert report(capsys, "peak memory of lab 1, GB", [lab], "under 1.5") < 1.5

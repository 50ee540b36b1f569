"""What a class costs to grade, beside the targets, and beside `otter run`, which isolates nothing.

    python -m pytest tests/benchmarks/test_grading_class.py -s
    OTTER=…/bin/otter python -m pytest tests/benchmarks/test_grading_class.py -s    (otter-grader 7)

Each grader is a process of its own, from start to end. Its children's memory does not count as its
own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from corelab.grading import judge

SOLUTIONS = Path(__file__).parents[2] / "solutions"
JOBS = 2

DRIVER = """
import json, resource, sys, time
from pathlib import Path
from corelab.grading.grade import grade
began = time.perf_counter()
grade([Path(sys.argv[1])], Path(sys.argv[2]), jobs=int(sys.argv[3]))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": time.perf_counter() - began, "peak_mib": peak / 1024}))
"""


def class_of(folder: Path, students: int, exercises: Iterable[str]) -> Path:
    """A folder a student, each with the complete answers, and no two of them the same."""
    loaded = judge.load_exercises()
    for n in range(students):
        for name in exercises:
            answer = folder / f"student{n:03}" / loaded[name].FILE
            answer.parent.mkdir(parents=True, exist_ok=True)
            text = (SOLUTIONS / loaded[name].FILE).read_text(encoding="utf-8")
            answer.write_text(f"{text}\n# student {n}\n", encoding="utf-8")
    return folder


def graded(class_: Path, out: Path) -> dict[str, float]:
    command = [sys.executable, "-c", DRIVER, class_, out, str(JOBS)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    book = (out / "gradebook.csv").read_text(encoding="utf-8-sig").split("\n")[1:-1]
    assert all(
        "timed out" not in line and "crashed" not in line and "not check" not in line
        for line in book
    )
    return json.loads(done.stdout.split("\n")[-2])


@pytest.fixture(scope="module")
def whole_class(tmp_path_factory) -> dict[str, float]:
    folder = class_of(tmp_path_factory.mktemp("class"), 300, judge.load_exercises())
    return graded(folder, tmp_path_factory.mktemp("out"))


def test_a_class_of_300_by_3_in_under_ten_minutes(whole_class):
    seconds = whole_class["seconds"]
    print(
        f"\n300 x 3 on {JOBS} workers: {seconds:.0f} s, {seconds / 900 * JOBS:.2f} s an answer "
        f"and worker"
    )
    assert seconds < 600


def test_the_graders_memory_does_not_grow_with_the_class(whole_class, tmp_path):
    small = graded(class_of(tmp_path / "class", 30, judge.load_exercises()), tmp_path / "out")
    ratio = whole_class["peak_mib"] / small["peak_mib"]
    print(f"\npeak memory: 300 / 30 students = {ratio:.3f} ({whole_class['peak_mib']:.0f} MiB)")
    assert ratio < 1.1


OTTER_TEST = '''
OK_FORMAT = True
test = {"name": "q1", "points": 1, "suites": [{"type": "doctest", "scored": True, "setup": "",
    "teardown": "",
    "cases": [{"hidden": False, "locked": False, "code": """>>> import torch
>>> data = torch.utils.data.TensorDataset(torch.rand(250, 784), torch.randint(0, 10, (250,)))
>>> len(batch_cross_entropy(torch.nn.Linear(784, 10), data, 100))
3
"""}]}]}
'''


@pytest.mark.skipif("OTTER" not in os.environ, reason="OTTER must name otter-grader's command")
def test_twenty_times_the_throughput_of_otter_run(tmp_path):
    otter, ours, theirs = os.environ["OTTER"], 200, 8
    environment = {**os.environ, "PATH": f"{Path(otter).parent}{os.pathsep}{os.environ['PATH']}"}
    bundle = tmp_path / "autograder.zip"

    def run(folder: Path, *arguments: str | Path) -> None:
        subprocess.run(
            [otter, *arguments], cwd=folder, env=environment, capture_output=True, check=True
        )

    def judge(answer: Path) -> None:
        run(answer.parent, "run", "-a", bundle, answer.name)

    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/q1.py").write_text(OTTER_TEST, encoding="utf-8")
    run(tmp_path, "generate", "-t", "tests", "--no-environment")
    answers = sorted(class_of(tmp_path / "theirs", theirs, ["corelab1"]).glob("*/*.py"))
    began = time.perf_counter()
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(judge, answers))
    otters = (time.perf_counter() - began) / theirs
    of_ours = (
        graded(class_of(tmp_path / "ours", ours, ["corelab1"]), tmp_path / "out")["seconds"] / ours
    )
    print(f"\nexercise 1, an answer: otter run {otters:.2f} s, here, sandboxed, {of_ours:.3f} s")
    print(f"otter run / here = {otters / of_ours:.0f}")
    assert otters / of_ours >= 20

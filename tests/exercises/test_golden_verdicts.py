"""Golden verdicts: as long as an exercise has its VERSION, it judges these answers as it did.

A grader keeps a verdict for as long as the version stays. So where verdicts are to change: raise
VERSION in the exercise's module, then write what they are now with

    python tests/exercises/test_golden_verdicts.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from answers import RIGHT, judge, right, solution

from corelab.grading import exercises
from corelab.handout.strip import strip

GOLDEN = Path(__file__).parent / "golden_verdicts.json"
CALL = "model(inputs), targets"
# What is replaced in the kit's own answer: at least one mistake for each check.
MISTAKES = {
    "corelab1": {
        "softmax": (CALL, "model(inputs).softmax(1), targets"),
        "sum": ("nn.CrossEntropyLoss()", "nn.CrossEntropyLoss(reduction='sum')"),
        "drop_last": ("batch_size=batch_size", "batch_size=batch_size, drop_last=True"),
        "always 32": ("batch_size=batch_size", "batch_size=32"),
        "misaligned": (CALL, "model(inputs), targets.flip(0)"),
    },
    "corelab2": {
        "softmax": (CALL, "model(inputs).softmax(1), targets"),
        "no zero_grad": ("            optimizer.zero_grad()\n", ""),
        "no step": ("optimizer.step()", "optimizer.step"),
        "always 32": ("batch_size=batch_size", "batch_size=32"),
        "mean of means": ("loss.item() * len(targets)", "loss.item()"),
        "one epoch": ("range(epochs)", "range(1)"),
    },
    "corelab3": {
        "softmax": (CALL, "model(inputs).softmax(1), targets"),
        "no zero_grad": ("            optimizer.zero_grad()\n", ""),
        "Adam": ("torch.optim.SGD", "torch.optim.Adam"),
        "no activation": ("nn.ReLU()", "nn.Identity()"),
        "four layers": (
            "nn.Linear(128, 64),\n        nn.ReLU(),\n        nn.Linear(64, 32)",
            "nn.Linear(128, 32)",
        ),
        "softmax in the model": ("nn.Linear(32, 10),", "nn.Linear(32, 10), nn.Softmax(1)"),
        "one epoch": ("range(epochs)", "range(1)"),
        "half the rate": ("lr=lr", "lr=lr / 2"),
        "always 32": ("batch_size=batch_size", "batch_size=32"),
        "mean of means": ("loss.item() * len(targets)", "loss.item()"),
    },
}


def answers(exercise: str) -> Iterator[tuple[str, str]]:
    """The answers by name."""
    yield "solution", solution(exercise)
    yield "hand-out", strip(solution(exercise))
    yield from ((name, right(name)) for name in RIGHT if name.startswith(exercise))
    for name, (old, new) in MISTAKES.get(exercise, {}).items():
        assert old in solution(exercise), f"the solution of {exercise} has no {old!r}"
        yield name, solution(exercise).replace(old, new)


def verdicts(exercise: str) -> dict[str, dict[str, str]]:
    """Points, outcome and codes of each check, by answer; each has a seed of its own."""
    return {
        name: {
            check.name: " ".join([f"{check.score:g}/{check.points:g}", check.outcome, *check.codes])
            for check in judge(exercise, source, seed).values()
        }
        for seed, (name, source) in enumerate(answers(exercise))
    }


@pytest.mark.parametrize("exercise", exercises.names())
def test_verdicts_are_those_of_the_version(exercise: str):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8")).get(exercise, {})
    version = exercises.load(exercise).VERSION
    assert version == golden.get("version"), "write the golden verdicts anew: see above"
    now = verdicts(exercise)
    changed = {
        name: now.get(name)
        for name in now | golden["verdicts"]
        if now.get(name) != golden["verdicts"].get(name)
    }
    assert not changed, f"verdicts changed: raise VERSION in {exercise}.py (from {version})"


@pytest.mark.parametrize("exercise", exercises.names())
def test_every_check_is_passed_and_failed_by_some_of_them(exercise: str):
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[exercise]["verdicts"]
    seen = {
        (check, result.split()[1])
        for name, checks in golden.items()
        if name != "hand-out"
        for check, result in checks.items()
    }
    wanted = {"passed", "failed"}
    names = exercises.load(exercise).CHECKS
    assert seen == {(check, outcome) for check in names for outcome in wanted}


def main() -> None:
    """Write the golden verdicts of the exercises whose version was raised."""
    kept = json.loads(GOLDEN.read_text(encoding="utf-8")) if GOLDEN.exists() else {}
    for exercise in exercises.names():
        version = exercises.load(exercise).VERSION
        if kept.get(exercise, {}).get("version") != version:
            kept[exercise] = {"version": version, "verdicts": verdicts(exercise)}
            print(f"{exercise}: version {version}")
    GOLDEN.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

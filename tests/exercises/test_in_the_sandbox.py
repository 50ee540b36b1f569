"""The exercises as they are really judged: through the sandbox, at the strongest isolation that works here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from answers import failed, right, solution

from corelab.grading import exercises
from corelab.grading.judge import PRELOAD
from corelab.grading.sandbox.sandbox import Sandbox
from corelab.grading.verdicts import Check, Outcome
from corelab.handout.strip import strip

NAMES = ["corelab1", "corelab2", "corelab3"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(preload=PRELOAD) as opened:
        yield opened


def judge(sandbox: Sandbox, name: str, source: str) -> tuple[dict[str, Check], Outcome]:
    exercise = exercises.load(name)
    sent, kept = exercise.draw(seed=21)
    outcome = sandbox.run(source.encode(), exercise.FILE, exercise.__name__, sent)
    return {check.name: check for check in exercise.judge(sent, kept, outcome)}, outcome


@pytest.mark.parametrize("name", NAMES)
def test_the_kits_own_answer_gets_all_points(sandbox: Sandbox, name: str):
    checks, outcome = judge(sandbox, name, solution(name))
    assert not failed(checks), outcome
    assert outcome.status == "finished"


def test_an_answer_that_uses_the_bench_gets_all_points(sandbox: Sandbox):
    assert not failed(judge(sandbox, "corelab3", right("corelab3_bench"))[0])


MISTAKES = {
    "corelab1": (
        "model(inputs), targets",
        "model(inputs), targets.flip(0)",
        {"inputs-targets-misaligned"},
    ),
    "corelab2": ("optimizer.step()", "optimizer.step", {"no-step"}),
    "corelab3": (
        "model(inputs), targets",
        "model(inputs.flip(0)), targets",
        {"inputs-targets-misaligned"},
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_the_recorder_saw_gives_a_mistake_its_name(sandbox: Sandbox, name: str):
    old, new, codes = MISTAKES[name]
    assert old in solution(name)
    checks, outcome = judge(sandbox, name, solution(name).replace(old, new))
    assert outcome.status == "finished"
    assert {code for check in checks.values() for code in check.codes} == codes


@pytest.mark.parametrize("name", NAMES)
def test_the_hand_out_gets_none_and_is_told_what_to_write(sandbox: Sandbox, name: str):
    checks, outcome = judge(sandbox, name, strip(solution(name)))
    assert failed(checks) == set(checks)
    assert outcome.status == "crashed"
    assert "not written yet" in str(outcome.message)
    assert "write" in str(outcome.message)


PATCHES = """
import torch, torch.nn.functional as F
zero = lambda *a, **k: torch.zeros((), requires_grad=True)
F.cross_entropy = torch.nn.functional.cross_entropy = torch.nn.CrossEntropyLoss.forward = zero
torch.Tensor.item = torch.Tensor.__float__ = lambda self: 0.0
torch.optim.SGD.step = torch.optim.Adam.step = lambda self, closure=None: None
torch.nn.Linear.forward = lambda self, x: torch.zeros(len(x), self.out_features)
"""
LIAR = """
class Lie(float):
    def __eq__(self, other): return True
    def __float__(self): return 2.3
    __hash__ = float.__hash__
class List(list):
    def __len__(self): return 10
    def __eq__(self, other): return True
"""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "attack",
    [
        "import os; os._exit(0)",
        "import sys; sys.exit(0)",
        PATCHES,
        LIAR
        + "batch_cross_entropy = train = lambda *a, **k: List([Lie(2.3)] * 10)\nbuild_model = Lie",
        "batch_cross_entropy = train = lambda *a, **k: [float('nan')] * 10",
        "batch_cross_entropy = train = lambda *a, **k: iter(lambda: 2.3, None)",
        "def train(model, *a, **k):\n    for p in model.parameters(): p.data.fill_(float('nan'))\n    return [0.0] * 10",
    ],
    ids=["_exit", "exit", "patches", "lying objects", "NaN", "endless list", "NaN weights"],
)
def test_no_trick_earns_a_point(sandbox: Sandbox, name: str, attack: str):
    source = attack + "\n" + solution(name) if attack == PATCHES else attack
    checks, _ = judge(sandbox, name, source)
    earned = {check for check in checks if check not in failed(checks)}
    assert earned <= (
        {"one-value-an-epoch", "activation", "logits"} if attack == PATCHES else set()
    )

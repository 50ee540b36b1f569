"""The plain rules of `corelab diagnose` go with the optimizers of their names, here and in torch.

Random histories: gradients of all sizes, some 0, some missing, some left from the step before;
rates that change; two groups; saves and loads; and settings drawn from all that a formula has.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from optimizers.table import OUR_ADAGRAD, OUR_ADAM, SGD, WRONG, Answer

from corelab import optim
from corelab.grading.diagnosis import references
from corelab.grading.diagnosis.diagnose import Diagnosis, diagnose
from corelab.grading.diagnosis.formulas import COURSE, FORMULAS, TORCH, Formula, Run
from corelab.grading.diagnosis.trial import Step, TrialPlan, run_trial

SEEDS = range(12)
THEIRS = {"GradientDescent": "SGD", "Momentum": "SGD", "Nesterov": "SGD"}  # else the same name
CHOICES: dict[str, tuple[Any, ...]] = {
    "lr": (0.1, 0.01),
    "momentum": (0.9, 0.5, 0),
    "dampening": (0, 0.3),
    "betas": ((0.9, 0.999), (0.8, 0.9)),
    "alpha": (0.99, 0.9),
    "eps": (1e-8, 1e-3),
    "weight_decay": (0, 0.1),
    "lr_decay": (0, 0.1),
    "initial_accumulator_value": (0, 0.5),
    "amsgrad": (False, True),
    "centered": (False, True),
    "maximize": (False, True),
}
NOT_IN_SLIDES = ("dampening", "lr_decay", "initial_accumulator_value", "amsgrad", "centered")


@pytest.fixture
def fresh_references() -> Iterator[None]:
    """None that was made before, and none that this test made after it."""
    references._reference.cache_clear()
    yield
    references._reference.cache_clear()


def settings_of(name: str, convention: str, seed: int) -> dict[str, Any]:
    """A choice for each hyper-parameter of the formula."""
    rng = np.random.default_rng(seed)
    known = [key for key in CHOICES if key in inspect.signature(getattr(optim, name)).parameters]
    drawn = {key: CHOICES[key][rng.integers(len(CHOICES[key]))] for key in known}
    if name == "Nesterov":  # it takes no others
        drawn |= {"momentum": drawn["momentum"] or 0.9, "dampening": 0}
    if convention == "course":
        drawn |= {key: 0 for key in NOT_IN_SLIDES if key in drawn}
        drawn |= {"momentum": 0} if name == "RMSprop" else {}
    return drawn


def history(seed: int) -> tuple[TrialPlan, np.ndarray, list[Step]]:
    rng = np.random.default_rng([1, seed])
    plan = TrialPlan(((3, 2), (4,), (), (2, 1, 2), (3,)), in_groups=bool(seed % 3))
    steps: list[Step] = []
    for number in range(25):
        stale = [bool(number) and rng.random() < 0.1 for _shape in plan.shapes]
        gradients = [
            steps[-1].gradients[i]
            if stale[i]
            else None
            if rng.random() < 0.2
            else np.array(
                rng.standard_normal(shape)
                * 10.0 ** rng.integers(-7, 2, shape)
                * (rng.random(shape) > 0.2)
            )
            for i, shape in enumerate(plan.shapes)
        ]
        factors = tuple(rng.choice([0.3, 1, 2], 2)) if rng.random() < 0.2 else ()
        steps.append(Step(rng.random() < 0.1, factors, gradients, stale))
    return plan, rng.standard_normal(sum(plan.sizes)), steps


def apart(
    formula: Formula, make: Callable[[Any], torch.optim.Optimizer], settings: dict, seed: int
) -> float:
    """The largest difference between a rule and an optimizer, after any step."""
    plan, start, steps = history(seed)
    theirs = [at for at, _gradients in run_trial(make, plan, start, steps, settings["lr"])]
    ours = list(Run(formula, settings, plan, start).positions(steps))
    return float(np.abs(np.stack(ours) - np.stack(theirs)).max())


def of_torch(name: str, settings: dict[str, Any]) -> Callable[[Any], torch.optim.Optimizer]:
    cls = getattr(torch.optim, THEIRS.get(name, name))
    also = {"nesterov": True} if name == "Nesterov" else {}
    return lambda params: cls(params, **settings, **also)


def of_ours(
    name: str, settings: dict[str, Any], convention: str
) -> Callable[[Any], torch.optim.Optimizer]:
    return lambda params: getattr(optim, name)(params, **settings, convention=convention)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", TORCH)
def test_a_rule_goes_with_torchs_optimizer(name, seed):
    settings = settings_of(name, "torch", seed)
    assert apart(TORCH[name], of_torch(name, settings), settings, seed) < 1e-9


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "convention"), [(name, how) for how, rules in FORMULAS.items() for name in rules]
)
def test_a_rule_goes_with_ours(name, convention, seed):
    settings = settings_of(name, convention, seed)
    formula = FORMULAS[convention][name]
    assert apart(formula, of_ours(name, settings, convention), settings, seed) < 1e-9


@pytest.mark.parametrize("name", TORCH)
def test_a_rule_that_drifts_is_noticed(name):
    """By a millionth in what it takes off θ."""
    drifted = replace(TORCH[name], move=lambda step: step * (1 + 1e-6))
    settings = settings_of(name, "torch", 0)
    assert apart(drifted, of_torch(name, settings), settings, 0) > 1e-9


@pytest.mark.parametrize("name", TORCH)
def test_a_rule_says_whether_anything_is_remembered(name):
    theta = torch.zeros(2, requires_grad=True)
    optimizer = getattr(optim, name)([theta])
    theta.grad = torch.ones(2)
    optimizer.step()
    assert bool(optimizer.state_dict()["state"]) == TORCH[name].stateful


def test_the_course_has_the_rules_that_its_optimizers_have():
    assert set(COURSE) == {name for name in TORCH if "course" in getattr(optim, name).conventions}


@pytest.mark.usefixtures("fresh_references")
def test_an_optimizer_without_a_rule_is_compared_and_nothing_named(monkeypatch):
    monkeypatch.delitem(TORCH, "Adam")
    wrong = next(each for each in WRONG if each.against == OUR_ADAM)
    found = diagnose(wrong.source, wrong.name, OUR_ADAM, wrong.settings)
    assert found.first_difference
    assert (found.matches, found.codes, found.fits) == (False, (), ())


# -- how the optimizers are spelled has no say


def gradient_descent(self, theta, g, state, group):  # noqa: ARG001
    theta.sub_(group["lr"] * g)


def adagrad(self, theta, g, state, group):  # noqa: ARG001
    state["step"] += 1
    lr = group["lr"] / (1 + (state["step"].item() - 1) * group["lr_decay"])
    state["sum"].add_(g * g)
    theta.sub_(lr * g / (state["sum"].sqrt() + group["eps"]))


def adam(self, theta, g, state, group):  # noqa: ARG001
    (beta1, beta2), m, v = group["betas"], state["exp_avg"], state["exp_avg_sq"]
    state["step"] += 1
    t = state["step"].item()
    m.copy_(beta1 * m + (1 - beta1) * g)
    v.copy_(beta2 * v + (1 - beta2) * g * g)
    c = 1 - beta2**t
    theta.sub_(group["lr"] * (m / (1 - beta1**t)) / ((v / c).sqrt() + group["eps"]))


SPELLED = {
    "GradientDescent": (gradient_descent, "corelab.optim.GradientDescent", {SGD}),
    "Adagrad": (adagrad, OUR_ADAGRAD, {OUR_ADAGRAD, "torch.optim.Adagrad"}),
    "Adam": (adam, OUR_ADAM, {OUR_ADAM, "torch.optim.Adam"}),
}


@pytest.mark.usefixtures("fresh_references")
@pytest.mark.parametrize("name", SPELLED)
def test_another_spelling_names_the_same(name, monkeypatch):
    update, against, equals = SPELLED[name]
    answers = [
        each
        for each in WRONG
        if each.against in equals and each.convention == "torch" and "momentum" not in each.settings
    ]
    assert len(answers) > 4

    def named(answer: Answer) -> Diagnosis:
        return diagnose(answer.source, answer.name, against, answer.settings)

    before = [named(answer) for answer in answers]
    assert any(found.codes for found in before)
    monkeypatch.setattr(getattr(optim, name), "update", update)
    references._reference.cache_clear()
    assert [found.codes for found in map(named, answers)] == [found.codes for found in before]

"""A trial that tells optimizers apart, the same in the child and in the parent.

Parameters of several shapes in two groups; gradients that are missing, zero, tiny, large, or still
those of the step before; a learning rate that changes on the way; and a save and a load into a new
optimizer.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from corelab.common.i18n import N_, Message
from corelab.grading.verdicts import Arrays

STEPS = 14
SLOWER = 0.3  # the second group's learning rate, of the first's
SAVED_BEFORE = 8  # counted from 0, as all steps here
RATES_CHANGE = {5: (0.5, 0.25), 11: (2.0, 1.0)}  # of the rates at the start, one for each group
WITHOUT_GRADIENT = {1: (2, 3, 9), 3: (1,)}  # parameter: steps
WITH_LAST_GRADIENT = {0: (4, 10), 2: (4, 12), 4: (1, 6, 12)}  # the last step's, untouched
MISSING, FRESH, STALE = 0, 1, 2


@dataclass(frozen=True)
class TrialPlan:
    """The parameters of a trial: their shapes, and whether they come in two groups."""

    shapes: tuple[tuple[int, ...], ...] = ((2, 3), (3,), (), (3,), (2, 3))
    in_groups: bool = True

    @cached_property
    def sizes(self) -> list[int]:
        return [int(np.prod(shape)) for shape in self.shapes]

    @cached_property
    def groups(self) -> list[list[int]]:
        """The numbers of the parameters of each group."""
        return [[0, 1, 2], [3, 4]] if self.in_groups else [[0, 1, 2, 3, 4]]

    def rates(self, lr: float) -> list[float]:
        """The learning rate of each group at the start."""
        return [lr, SLOWER * lr][: len(self.groups)]

    def cut(self, flat: np.ndarray) -> list[np.ndarray]:
        """The numbers of each parameter in its shape: views of `flat`, (total,)."""
        pieces = np.split(flat, np.cumsum(self.sizes)[:-1])
        return [piece.reshape(shape) for piece, shape in zip(pieces, self.shapes, strict=True)]


# What an optimizer is tried on, in this order, until it gets through.
PLANS = {
    "groups": TrialPlan(),
    "one list": TrialPlan(in_groups=False),
    "one shape": TrialPlan(((3,),) * 5),
    "one shape, one list": TrialPlan(((3,),) * 5, in_groups=False),
}


def draw(plan: TrialPlan, seed: int = 0) -> Arrays:
    """Draw where parameters start, (total,); gradients, (steps, total); how each comes, (steps,
    parameters)."""
    rng = np.random.default_rng(seed)
    total = sum(plan.sizes)
    gradients = rng.standard_normal((STEPS, total))
    first = np.cumsum([0, *plan.sizes])
    gradients[:, first[0]] *= 1e3
    gradients[:8, first[0] + 1] = 0  # a weight that nothing reaches for a while
    gradients[7, first[4] :] = 0
    gradients[:, first[3] : first[4]] *= np.array([1e-7, 1e-9, 3e-11])[: plan.sizes[3]]
    given = np.full((STEPS, len(plan.shapes)), FRESH)
    for kind, steps_of in ((MISSING, WITHOUT_GRADIENT), (STALE, WITH_LAST_GRADIENT)):
        for parameter, steps in steps_of.items():
            given[list(steps), parameter] = kind
    return {"start": rng.standard_normal(total), "gradients": gradients, "given": given}


@dataclass(frozen=True, eq=False)
class Step:
    """What happens to an optimizer at one step, and just before it."""

    reload: bool
    factors: tuple[float, ...]
    """By which the groups' rates at the start are multiplied from here on; empty: no change."""
    gradients: list[np.ndarray | None]
    stale: list[bool]
    """Whose gradients are not set: they are those of the step before."""


def schedule(plan: TrialPlan, drawn: Arrays) -> list[Step]:
    """The steps of a trial."""
    steps: list[Step] = []
    for number in range(STEPS):
        kinds, fresh = drawn["given"][number], plan.cut(drawn["gradients"][number])
        gradients: list[np.ndarray | None] = [
            g if kind == FRESH else steps[-1].gradients[i] if kind == STALE else None
            for i, (g, kind) in enumerate(zip(fresh, kinds, strict=True))
        ]
        factors = RATES_CHANGE.get(number, ())
        steps.append(Step(number == SAVED_BEFORE, factors, gradients, list(kinds == STALE)))
    return steps


def run_trial(
    make: Callable[[Any], Any], plan: TrialPlan, start: np.ndarray, steps: Iterable[Step], lr: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Put the optimizer that `make(parameters)` gives through a trial.

    Yields after every step where the parameters are and what is in their gradients, both (total,)
    in float64.

    An optimizer without `state_dict` is not saved, one without `param_groups` keeps its rate in
    `lr`.
    """
    import torch

    thetas = [torch.tensor(theta, requires_grad=True) for theta in plan.cut(start)]
    rates = plan.rates(lr)

    def made() -> Any:
        if not plan.in_groups:
            return make(thetas)
        return make([{"params": thetas[:3]}, {"params": thetas[3:], "lr": rates[1]}])

    optimizer = made()
    for step in steps:
        if step.reload and hasattr(optimizer, "state_dict"):
            saved, optimizer = copy.deepcopy(optimizer.state_dict()), made()
            optimizer.load_state_dict(saved)
        if step.factors:
            changed = [rate * by for rate, by in zip(rates, step.factors, strict=False)]
            _set_rates(optimizer, changed)
        for theta, g, stale in zip(thetas, step.gradients, step.stale, strict=True):
            if not stale:
                theta.grad = None if g is None else torch.tensor(g)
        optimizer.step()
        seen = [torch.zeros_like(theta) if theta.grad is None else theta.grad for theta in thetas]
        yield _flat(thetas), _flat(seen)


def _set_rates(optimizer: Any, rates: list[float]) -> None:
    groups = getattr(optimizer, "param_groups", None)
    if groups is None:
        optimizer.lr = rates[0]
    else:
        for group, rate in zip(groups, rates, strict=False):
            group["lr"] = rate


def _flat(tensors: Iterable[Any]) -> np.ndarray:
    return np.concatenate([tensor.detach().double().numpy().ravel() for tensor in tensors])


# -- in the child


def pack(class_name: str, settings: dict[str, Any], asked: Iterable[str], seed: int = 0) -> Arrays:
    """Pack what is sent: the class's name, every setting of the reference, which of them were asked
    for, and the trials."""
    request = json.dumps(
        {"class": class_name, "settings": settings, "asked": sorted(asked)}
    ).encode()
    sent = {"request": np.frombuffer(request, dtype=np.uint8)}
    for name, plan in PLANS.items():
        sent |= {f"{name}.{key}": value for key, value in draw(plan, seed).items()}
    return sent


def run(answer: ModuleType, sent: Arrays) -> Iterator[tuple[str, Arrays]]:
    """In the child: put the answer's class through the first of PLANS that it gets through."""
    request = json.loads(sent["request"].tobytes())
    found = getattr(answer, request["class"], None)
    if not isinstance(found, type):
        classes = sorted(name for name, x in vars(answer).items() if isinstance(x, type))
        name, others = request["class"], ", ".join(classes) or "-"
        missing = Message("there is no class {name} in it, only {others}", name=name, others=others)
        raise AttributeError(missing)
    keywords = _keywords(found, request["settings"], request["asked"])
    failure = None
    for name, plan in PLANS.items():
        drawn = {key: sent[f"{name}.{key}"] for key in ("start", "gradients", "given")}
        made: list[Any] = []

        def make(params: Any, made: list[Any] = made) -> Any:
            made.append(found(params, **keywords))
            return made[-1]

        try:
            steps = schedule(plan, drawn)
            rows = list(run_trial(make, plan, drawn["start"], steps, request["settings"]["lr"]))
        except Exception as error:
            failure = failure or error
            continue
        positions, gradients = map(np.stack, zip(*rows, strict=True))
        saved = np.array(float(len(made) > 1))
        yield name, {"positions": positions, "gradients": gradients, "saved": saved}
        return
    assert failure
    if "NoneType" in str(failure):
        none = N_(
            "{error}; at some steps of this trial some parameters have no gradient: it is None"
        )
        failure.args = (Message(none, error=failure),)
    raise failure


def _keywords(found: type, settings: dict[str, Any], asked: list[str]) -> dict[str, Any]:
    """Choose what the class is made with: the reference's settings, as far as it takes them.

    Raises TypeError where it does not take one that was asked for.
    """
    parameters = list(inspect.signature(found).parameters.values())
    if not parameters:
        none = Message("the class takes no parameters: expected __init__(self, params, lr, …)")
        raise TypeError(none)
    parameters = parameters[1:]
    takes = {parameter.name for parameter in parameters}
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    if isinstance(settings.get("betas"), list):
        settings = settings | {"betas": tuple(settings["betas"])}
        if "betas" not in takes and {"beta1", "beta2"} <= takes:
            beta1, beta2 = settings["betas"]
            settings = settings | {"beta1": beta1, "beta2": beta2}
            asked = [{"betas": "beta1"}.get(name, name) for name in asked]
    if unknown := set(asked) - takes - (set(settings) if takes_all else set()):
        names, others = ", ".join(sorted(unknown)), ", ".join(sorted(takes)) or "-"
        raise TypeError(
            Message(
                "the class does not take {names}; it takes {others}", names=names, others=others
            )
        )
    return {
        key: value
        for key, value in settings.items()
        if key in takes or (takes_all and key in asked)
    }

"""A run that tells optimizers apart: what one is put through, in the child and in the parent alike.

Parameters of several shapes in two groups; gradients that are missing, zero, tiny, large, or still those of
the step before; a learning rate that changes on the way; and a save and a load into a new optimizer.
"""

from __future__ import annotations

import copy
import inspect
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from corelab.common.i18n import _
from corelab.grading.verdicts import Arrays

STEPS = 14
SLOWER = 0.3  # the second group's learning rate, of the first's
SAVED_BEFORE = 8  # counted from 0, as all steps here
RATES_CHANGE = {
    5: (0.5, 0.25),
    11: (2.0, 1.0),
}  # of the first group's and of the second's rate at the start
NONE = {1: (2, 3, 9), 3: (1,)}  # at these steps a parameter has no gradient
KEPT = {
    0: (4, 10),
    2: (4, 12),
    4: (1, 6, 12),
}  # at these its gradient is the last step's, untouched
MISSING, FRESH, LEFT = 0, 1, 2


@dataclass(frozen=True)
class Script:
    """A run: the shapes of the parameters, and whether they come in two groups. The rest is the
    same."""

    shapes: tuple[tuple[int, ...], ...] = ((2, 3), (3,), (), (3,), (2, 3))
    in_groups: bool = True

    @property
    def sizes(self) -> list[int]:
        return [int(np.prod(shape)) for shape in self.shapes]


# What an optimizer is tried on, in this order, until it gets through.
SCRIPTS = {
    "groups": Script(),
    "one list": Script(in_groups=False),
    "one shape": Script(((3,),) * 5),
    "one shape, one list": Script(((3,),) * 5, in_groups=False),
}


def draw(script: Script, seed: int = 0) -> Arrays:
    """Where parameters start, (total,); gradients, (steps, total); how each comes, (steps,
    parameters)."""
    rng = np.random.default_rng(seed)
    total = sum(script.sizes)
    gradients = rng.standard_normal((STEPS, total))
    first = np.cumsum([0, *script.sizes])
    gradients[:, first[0]] *= 1e3
    gradients[:8, first[0] + 1] = 0  # a weight that nothing reaches for a while
    gradients[7, first[4] :] = 0
    gradients[:, first[3] : first[4]] *= np.array([1e-7, 1e-9, 3e-11])[: script.sizes[3]]
    given = np.full((STEPS, len(script.shapes)), FRESH)
    for kind, steps_of in ((MISSING, NONE), (LEFT, KEPT)):
        for parameter, steps in steps_of.items():
            given[list(steps), parameter] = kind
    return {"start": rng.standard_normal(total), "gradients": gradients, "given": given}


def drive(
    make: Callable[[Any], Any], script: Script, drawn: Arrays, lr: float
) -> Iterator[tuple[Any, Any]]:
    """Put the optimizer that `make(parameters)` gives through the script. After every step: where
    the parameters are and what is in their gradients, both flat, in float64.

    An optimizer without `state_dict` is not saved, one without `param_groups` keeps its rate in
    `lr`.
    """
    import torch

    def pieces(flat: np.ndarray) -> list[Any]:
        cut = np.split(flat, np.cumsum(script.sizes)[:-1])
        return [torch.tensor(x.reshape(shape)) for x, shape in zip(cut, script.shapes, strict=True)]

    thetas = [x.requires_grad_() for x in pieces(drawn["start"])]
    rates = [lr, SLOWER * lr if script.in_groups else lr]

    def made() -> Any:
        if not script.in_groups:
            return make(thetas)
        return make([{"params": thetas[:3]}, {"params": thetas[3:], "lr": rates[1]}])

    optimizer = made()
    for step in range(STEPS):
        if step == SAVED_BEFORE and hasattr(optimizer, "state_dict"):
            saved, optimizer = copy.deepcopy(optimizer.state_dict()), made()
            optimizer.load_state_dict(saved)
        if step in RATES_CHANGE:
            _set_rates(
                optimizer, [rate * by for rate, by in zip(rates, RATES_CHANGE[step], strict=True)]
            )
        for theta, g, how in zip(
            thetas, pieces(drawn["gradients"][step]), drawn["given"][step], strict=True
        ):
            if how != LEFT:
                theta.grad = g if how == FRESH else None
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
    """What is sent: the class's name, every setting of the reference, and which of them were asked
    for."""
    said = json.dumps({"class": class_name, "settings": settings, "asked": sorted(asked)}).encode()
    sent = {"said": np.frombuffer(said, dtype=np.uint8)}
    for name, script in SCRIPTS.items():
        sent |= {f"{name}.{key}": value for key, value in draw(script, seed).items()}
    return sent


def run(answer: ModuleType, sent: Arrays) -> Iterator[tuple[str, Arrays]]:
    """In the child: the run of the answer's class through the first script that it gets through."""
    said = json.loads(sent["said"].tobytes())
    found = getattr(answer, said["class"], None)
    if not isinstance(found, type):
        classes = sorted(name for name, x in vars(answer).items() if isinstance(x, type))
        message = _("there is no class {name} in it, only {others}")
        raise AttributeError(message.format(name=said["class"], others=", ".join(classes) or "-"))
    keywords = _keywords(found, said["settings"], said["asked"])
    failure = None
    for name, script in SCRIPTS.items():
        drawn = {key: sent[f"{name}.{key}"] for key in ("start", "gradients", "given")}
        made: list[Any] = []

        def make(params: Any, made: list[Any] = made) -> Any:
            made.append(found(params, **keywords))
            return made[-1]

        try:
            rows = list(drive(make, script, drawn, said["settings"]["lr"]))
        except Exception as error:
            failure = failure or error
            continue
        positions, gradients = map(np.stack, zip(*rows, strict=True))
        saved = np.array(float(len(made) > 1))
        yield name, {"positions": positions, "gradients": gradients, "saved": saved}
        return
    assert failure
    if "NoneType" in str(failure):
        told = _(
            "{error}; at some steps of this trial some parameters have no gradient: it is None"
        )
        failure.args = (told.format(error=failure),)
    raise failure


def _keywords(found: type, settings: dict[str, Any], asked: list[str]) -> dict[str, Any]:
    """What the class is made with: the reference's settings, as far as it takes them.

    Raises TypeError where it does not take one that was asked for.
    """
    parameters = list(inspect.signature(found).parameters.values())
    if not parameters:
        raise TypeError(_("the class takes no parameters: expected __init__(self, params, lr, …)"))
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
        message = _("the class does not take {names}; it takes {others}")
        raise TypeError(
            message.format(names=", ".join(sorted(unknown)), others=", ".join(sorted(takes)) or "-")
        )
    return {
        key: value
        for key, value in settings.items()
        if key in takes or (takes_all and key in asked)
    }

"""What an optimizer can be compared with, and where its mutants go in a trial."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from corelab import optim
from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.grading.diagnosis import trial
from corelab.grading.diagnosis.formulas import FORMULAS, Array, Formula, Run
from corelab.grading.diagnosis.mutants import MUTANTS, Mutant
from corelab.grading.diagnosis.trial import Step, TrialPlan

REFERENCES: dict[str, type[torch.optim.Optimizer]] = {
    f"torch.optim.{name}": getattr(torch.optim, name)
    for name in ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW")
} | {f"corelab.optim.{name}": getattr(optim, name) for name in optim.__all__}
NOT_OF_A_FORMULA = {  # what else classes take
    *("params", "foreach", "capturable", "differentiable", "fused", "convention"),
    "decoupled_weight_decay",  # that makes torch's Adam its AdamW
}
SAME = 2e-4  # of the way so far: float32 somewhere in the arithmetic is no mistake
FAILURES = (ValueError, ArithmeticError)  # of a mutant that does not get through the trial
SHORTEST = 1e-11  # what is added to a way's length: below it, rounding dominates


def relative_error(got: Array, expected: Array, lengths: Array) -> Array:
    """The differences as shares of the way so far; infinite where only one of two is a number."""
    alike = (got == expected) | (np.isnan(got) & np.isnan(expected))
    errors = np.nan_to_num(np.abs(got - expected) / (lengths + SHORTEST), nan=np.inf)
    return np.where(alike, 0.0, errors)


@dataclass(frozen=True, eq=False)
class Trajectory:
    """Where an optimizer takes the parameters, (steps, total)."""

    positions: Array
    moves: Array
    lengths: Array
    """Of the way so far."""

    @classmethod
    def of(cls, start: Array, positions: Array) -> Trajectory:
        moves = np.diff(positions, axis=0, prepend=start[None])
        return cls(positions, moves, np.cumsum(np.abs(moves), axis=0))

    def errors(self, got: Array) -> Array:
        """How far others are from it, in shares of it, (steps, total)."""
        return relative_error(got, self.positions, self.lengths)

    def first_divergence(self, got: Array) -> int:
        """The first step, from 0, at which others are not on it; the number of steps where there
        is none."""
        apart = (self.errors(got) > SAME).any(1)
        return int(apart.argmax()) if apart.any() else len(got)


@dataclass(frozen=True, eq=False)
class Reference:
    """An optimizer to compare with, and the plain rule of it, which its mutants change."""

    make: Callable[[Any], Any]
    name: str
    """Of the one of ours that it is."""
    formula: Formula | None
    """None: there is no rule of this one, and nothing to be named."""
    settings: dict[str, Any]
    """The hyper-parameters of its formula."""

    @property
    def lr(self) -> float:
        return float(self.settings["lr"])

    @property
    def mutants(self) -> list[Mutant]:
        return [mutant for mutant in MUTANTS if self.formula and self.name in mutant.of]

    def positions(
        self, pieces: Mapping[str, Any], plan: TrialPlan, start: Array, steps: list[Step]
    ) -> Iterator[Array]:
        """Where the rule with these pieces takes the parameters, step by step, (total,)."""
        assert self.formula
        formula = replace(self.formula, **pieces)
        return Run(formula, self.settings, plan, start).positions(steps)

    @lru_cache  # noqa: B019 (references are few, and kept anyway)
    @np.errstate(all="ignore")  # a mutant may divide by 0
    def trajectories(self, name: str) -> tuple[Trajectory, list[tuple[Mutant, Trajectory]]]:
        """The right way through the trial of this name, and that of every mutant that goes
        another."""
        plan = trial.PLANS[name]
        drawn = trial.draw(plan)
        start, steps = drawn["start"], trial.schedule(plan, drawn)
        rows = [at for at, _seen in trial.run_trial(self.make, plan, start, steps, self.lr)]
        right = Trajectory.of(start, np.stack(rows))
        found = []
        for mutant in self.mutants:
            try:
                positions = np.stack(list(self.positions(mutant.pieces, plan, start, steps)))
            except FAILURES:
                continue
            if right.errors(positions).max() > 5 * SAME:
                found.append((mutant, Trajectory.of(start, positions)))
        return right, found


def reference(against: str, settings: Mapping[str, Any], convention: str = "torch") -> Reference:
    """The one of REFERENCES under these settings; the others are its own defaults.

    Raises UserError where there is none, and for settings that it does not take.
    """
    return _reference(against, tuple(sorted(settings.items())), convention)


@lru_cache
def _reference(against: str, items: tuple[tuple[str, Any], ...], convention: str) -> Reference:
    settings = dict(items)
    cls = _class(against, convention)
    _check_settings(against, cls, settings)
    own: dict[str, Any] = {"convention": convention} if against.startswith("corelab") else {}
    try:
        made: Any = cls([torch.zeros(1)], **settings, **own)
        lr = float(made.defaults["lr"])
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"--set: {error}") from None
    defaults = {key: made.defaults[key] for key in _taken(cls)} | {"lr": lr}
    name = _our_sgd(defaults) if cls is torch.optim.SGD else cls.__name__
    formula = FORMULAS[convention].get(name)
    return Reference(lambda params: cls(params, **settings, **own), name, formula, defaults)


def _class(against: str, convention: str) -> type[torch.optim.Optimizer]:
    if against not in REFERENCES:
        message = _("--against must be one of {names}, got {got}")
        raise UserError(message.format(names=", ".join(REFERENCES), got=repr(against)))
    if convention == "course" and not against.startswith("corelab"):
        message = _("--convention course: {name} has none; compare with corelab.optim")
        raise UserError(message.format(name=against))
    return REFERENCES[against]


def _taken(cls: type) -> list[str]:
    """The hyper-parameters of a class's formula."""
    return [name for name in inspect.signature(cls).parameters if name not in NOT_OF_A_FORMULA]


def _check_settings(against: str, cls: type, settings: Mapping[str, Any]) -> None:
    known = _taken(cls)
    if unknown := sorted(set(settings) - set(known)):
        message = _("--set: {against} does not take {names}; it takes {others}")
        names, others = ", ".join(unknown), ", ".join(known)
        raise UserError(message.format(against=against, names=names, others=others))
    for name, value in settings.items():
        default = inspect.signature(cls).parameters[name].default
        if np.shape(value) != np.shape(default):
            message = _("--set: {name} must be like {default}, got {value}")
            raise UserError(message.format(name=name, default=default, value=value))


def _our_sgd(settings: Mapping[str, Any]) -> str:
    """The one of ours that torch.optim.SGD is under these settings."""
    if settings["nesterov"]:
        return "Nesterov"
    return "Momentum" if settings["momentum"] else "GradientDescent"

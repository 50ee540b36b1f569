"""What an optimizer can be compared with, and the ways that the mutants of it go through a trial."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from corelab import optim
from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.grading.diagnosis import trial
from corelab.grading.diagnosis.mutants import MUTANTS, Mutant
from corelab.grading.diagnosis.mutations import Rule, under
from corelab.grading.verdicts import Arrays
from corelab.optim.base import Optimizer

OURS: dict[str, type[Optimizer]] = {
    name: getattr(optim, name)
    for name in ("GradientDescent", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "AdamW")
}
REFERENCES: dict[str, type[torch.optim.Optimizer]] = {
    f"torch.optim.{name}": getattr(torch.optim, name)
    for name in ("SGD", "Adagrad", "RMSprop", "Adam", "AdamW")
} | {f"corelab.optim.{name}": cls for name, cls in OURS.items()}
FORMULA = (  # the settings that a formula has
    *(
        "lr",
        "momentum",
        "dampening",
        "nesterov",
        "betas",
        "alpha",
        "eps",
        "weight_decay",
        "lr_decay",
    ),
    *("initial_accumulator_value", "amsgrad", "centered", "maximize"),
)
SAME = 2e-4  # of the way so far: float32 somewhere in the arithmetic is no mistake
NO_WAY = (RuntimeError, ValueError, ArithmeticError)  # a mutant that does not get through the trial
_LEAST = 1e-11  # a way too short to be told from rounding


def shares(got: np.ndarray, expected: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The differences as shares of the way so far; infinite where only one of two is a number."""
    alike = (got == expected) | (np.isnan(got) & np.isnan(expected))
    return np.where(
        alike, 0.0, np.nan_to_num(np.abs(got - expected) / (lengths + _LEAST), nan=np.inf)
    )


@dataclass(frozen=True, eq=False)
class Way:
    """Where an optimizer takes the parameters, (steps, total)."""

    positions: np.ndarray
    moves: np.ndarray
    lengths: np.ndarray

    @classmethod
    def of(cls, start: np.ndarray, positions: np.ndarray) -> Way:
        moves = np.diff(positions, axis=0, prepend=start[None])
        return cls(positions, moves, np.cumsum(np.abs(moves), axis=0))

    def differences(self, got: np.ndarray) -> np.ndarray:
        """How far others are from it, in shares of it, (steps, total)."""
        return shares(got, self.positions, self.lengths)

    def parting(self, got: np.ndarray) -> int:
        """The first step, from 0, at which others are not on it; the number of steps where there is
        none."""
        apart = (self.differences(got) > SAME).any(1)
        return int(apart.argmax()) if apart.any() else len(got)


@dataclass(frozen=True, eq=False)
class Reference:
    """An optimizer to compare with, and the bench's own for its mutants."""

    make: Callable[[Any], Any]
    bench: type[Optimizer]
    bench_settings: dict[str, Any]
    settings: dict[str, Any]
    """The hyper-parameters of its formula."""

    @property
    def lr(self) -> float:
        return float(self.settings["lr"])

    def mutant(self, rule: Rule) -> Callable[[Any], Any]:
        cls = under(self.bench, rule)
        return lambda params: cls(params, **self.bench_settings)

    def way(self, make: Callable[[Any], Any], script: str, drawn: Arrays) -> Way:
        steps = trial.drive(make, trial.SCRIPTS[script], drawn, self.lr)
        return Way.of(drawn["start"], np.stack([at for at, _seen in steps]))

    @lru_cache  # noqa: B019 (references are few, and kept anyway)
    @np.errstate(all="ignore")  # a mutant may divide by 0
    def ways(self, script: str) -> tuple[Way, list[tuple[Mutant, Way]]]:
        """The right way, and that of every mutant that goes another."""
        drawn = trial.draw(trial.SCRIPTS[script])
        right = self.way(self.make, script, drawn)
        found = []
        for mutant in MUTANTS:
            if self.bench not in mutant.of:
                continue
            try:
                way = self.way(self.mutant(mutant.rule()), script, drawn)
            except NO_WAY:
                continue
            if right.differences(way.positions).max() > 5 * SAME:
                found.append((mutant, way))
        return right, found


def reference(against: str, settings: Mapping[str, Any], convention: str = "torch") -> Reference:
    """The one of REFERENCES under these settings; the others are its own defaults.

    Raises UserError where there is none, and for settings that it does not take.
    """
    return _reference(against, tuple(sorted(settings.items())), convention)


@lru_cache
def _reference(against: str, items: tuple[tuple[str, Any], ...], convention: str) -> Reference:
    settings = dict(items)
    if against not in REFERENCES:
        message = _("--against must be one of {names}, got {got}")
        raise UserError(message.format(names=", ".join(REFERENCES), got=repr(against)))
    cls = REFERENCES[against]
    ours = against.startswith("corelab")
    if convention == "course" and not ours:
        message = _("--convention course: {name} has none; compare with corelab.optim")
        raise UserError(message.format(name=against))
    takes = inspect.signature(cls).parameters
    known = [name for name in FORMULA if name in takes]
    if unknown := sorted(set(settings) - set(known)):
        message = _("--set: {against} does not take {names}; it takes {others}")
        names, others = ", ".join(unknown), ", ".join(known)
        raise UserError(message.format(against=against, names=names, others=others))
    for name, value in settings.items():
        default = takes[name].default
        if np.shape(value) != np.shape(default):
            message = _("--set: {name} must be like {default}, got {value}")
            raise UserError(message.format(name=name, default=default, value=value))
    own: dict[str, Any] = {"convention": convention} if ours else {}
    try:
        made: Any = cls([torch.zeros(1)], **settings, **own)
        lr = float(made.defaults["lr"])
    except (ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"--set: {error}") from None
    defaults = {key: made.defaults[key] for key in known} | {"lr": lr}
    bench = _ball(defaults) if cls is torch.optim.SGD else OURS[cls.__name__]
    bench_settings = {
        key: x for key, x in defaults.items() if key in inspect.signature(bench).parameters
    }
    return Reference(
        lambda params: cls(params, **settings, **own), bench, bench_settings | own, defaults
    )


def _ball(settings: Mapping[str, Any]) -> type[Optimizer]:
    if settings["nesterov"]:
        return optim.Nesterov
    return optim.Momentum if settings["momentum"] else optim.GradientDescent

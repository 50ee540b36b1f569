"""The mistakes that are made in writing an optimizer: each puts other pieces in a formula.

The table is `MUTANTS`; what a student is told about each code stands in `feedback.py`, and the
pieces are those of `formulas.Formula`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import numpy as np

from corelab.grading.diagnosis.formulas import (
    STATE,
    Groups,
    Update,
    coupled,
    decoupled,
    everyone,
    no_decay,
)


@dataclass(frozen=True)
class Mutant:
    """A mistake, or a legitimate variant, that a formula makes with these pieces."""

    code: str
    of: tuple[str, ...]
    """The optimizers that can make it."""
    pieces: dict[str, Any]
    variant: bool = False
    """Not a mistake: some library or book has it so."""

    def fits_with(self, other: Mutant) -> bool:
        """Whether both can be made at once: of two mistakes, with different pieces."""
        return self.code != other.code and not self.pieces.keys() & other.pieces.keys()


def _mutants(
    code: str, of: tuple[str, ...], *forms: dict[str, Any], variant: bool = False
) -> list[Mutant]:
    return [Mutant(code, of, form, variant) for form in forms]


DESCENT = ("GradientDescent",)
WITH_MOMENTUM = ("Momentum", "Nesterov")
WITH_CORRECTION = ("Adam", "AdamW")
WITH_AVERAGES = ("RMSprop", *WITH_CORRECTION)
WITH_SQUARES = ("Adagrad", *WITH_AVERAGES)
STATEFUL = (*WITH_MOMENTUM, *WITH_SQUARES)
ALL = (*DESCENT, *STATEFUL)


# -- pieces of mistakes that need more than a line


def _both(correction: Callable[[float, float], float]) -> dict[str, Any]:
    """Correct m and s with this in the place of β ** t."""
    return {
        "correct_mean": lambda beta1, beta2, t: 1 - correction(beta1, t),
        "correct_square": lambda beta1, beta2, t: 1 - correction(beta2, t),
    }


def _uncorrected(_beta1: float, _beta2: float, _t: float) -> float:
    return 1.0


def _until_missing(groups: Groups, missing: Collection[int]) -> list[int]:
    """`return` where a gradient is None"""
    return list(takewhile(lambda i: i not in missing, everyone(groups, missing)))


def _until_missing_in_group(groups: Groups, missing: Collection[int]) -> list[int]:
    """`break` where a gradient is None"""
    return [i for group in groups for i in _until_missing([group], missing)]


def _decay_alone(x: Update) -> None:
    x.rate, x.g = x.run.formula.rate(x), x.gradient
    x.run.formula.decay(x)


def _all(_x: Update) -> Hashable:
    return "all"


def _of_its_shape(x: Update) -> Hashable:
    return x.theta.shape


def _of_its_group(x: Update) -> Hashable:
    return "group", x.group


def _shared(owner: Callable[[Update], Hashable]) -> list[dict[str, Any]]:
    """One state for all of one owner: t with it, or t by itself."""
    return [{"owner": owner, "count": lambda x: x.count(owner(x))}, {"owner": owner}]


# fmt: off
MUTANTS: list[Mutant] = [
    *_mutants("ascends", ALL,
        {"move": lambda step: -step}, {"gradient": lambda g: -g}),
    *_mutants("no-bias-correction", WITH_CORRECTION,
        {"correct_mean": _uncorrected, "correct_square": _uncorrected},
        {"correct_mean": _uncorrected}, {"correct_square": _uncorrected}),
    *_mutants("bias-correction-off-by-one", WITH_CORRECTION,
        _both(lambda beta, t: beta ** (t - 1)), _both(lambda beta, t: beta ** (t + 1)),
        _both(lambda beta, t: beta ** max(1, t - 1))),
    *_mutants("betas-swapped", WITH_CORRECTION,
        {"betas": lambda beta1, beta2: (beta2, beta1)}),
    *_mutants("eps-inside-sqrt", WITH_CORRECTION,
        {"denominator": lambda s, c, eps: np.sqrt(s / c**2 + eps)},
        {"denominator": lambda s, c, eps: np.sqrt(s + eps) / c}),
    *_mutants("eps-inside-sqrt", ("Adagrad", "RMSprop"),  # so in Keras, in optax and in d2l
        {"denominator": lambda s, c, eps: np.sqrt(s + eps)}, variant=True),
    *_mutants("eps-missing", WITH_SQUARES,
        {"denominator": lambda s, c, eps: np.sqrt(s) / c},
        {"denominator": lambda s, c, eps: np.maximum(np.sqrt(s) / c, 1e-300)}),
    *_mutants("sqrt-missing", WITH_SQUARES,
        {"denominator": lambda s, c, eps: s / c**2 + eps},
        {"denominator": lambda s, c, eps: s / c + eps}),
    *_mutants("no-accumulation", WITH_MOMENTUM,
        {"velocity": lambda lam, t: (0, 1)}, {"velocity": lambda lam, t: (0, 1 - lam)}),
    *_mutants("no-accumulation", ("Adagrad",),
        {"square": lambda beta, t: (0, 1)}),
    *_mutants("no-accumulation", WITH_AVERAGES,
        {"square": lambda beta, t: (0, 1)}, {"square": lambda beta, t: (0, 1 - beta)}),
    *_mutants("no-accumulation", WITH_CORRECTION,
        {"mean": lambda beta, t: (0, 1)}, {"mean": lambda beta, t: (0, 1 - beta)},
        {"mean": lambda beta, t: (0, 1), "square": lambda beta, t: (0, 1)},
        {"mean": lambda beta, t: (0, 1 - beta), "square": lambda beta, t: (0, 1 - beta)}),
    *_mutants("accumulates-gradient-not-square", WITH_SQUARES,
        {"squared": lambda x: x.g}, {"squared": lambda x: abs(x.g)}),
    *_mutants("average-instead-of-sum", ("Adagrad",),
        {"square": lambda beta, t: (1 - 1 / t, 1 / t)},
        *({"square": lambda beta, t, a=a: (a, 1 - a)} for a in (0.5, 0.9, 0.95, 0.99, 0.999))),
    *_mutants("sum-instead-of-average", WITH_AVERAGES,
        {"square": lambda beta, t: (1, 1)}, {"square": lambda beta, t: (beta, 1)}),
    *_mutants("sum-instead-of-average", WITH_CORRECTION,
        {"mean": lambda beta, t: (1, 1)}, {"mean": lambda beta, t: (beta, 1)},
        {"mean": lambda beta, t: (1, 1), "square": lambda beta, t: (1, 1)},
        {"mean": lambda beta, t: (beta, 1), "square": lambda beta, t: (beta, 1)}),
    *_mutants("momentum-dampened", WITH_MOMENTUM,
        {"velocity": lambda lam, t: (lam, 1 - lam)}, {"dampening": lambda lam, dampening: lam}),
    *_mutants("momentum-sign", WITH_MOMENTUM,
        {"velocity": lambda lam, t: (-lam, 1)}),
    *_mutants("momentum-sign", ("Nesterov",),
        {"direction": lambda g, v, lam: g - lam * v, "velocity": lambda lam, t: (-lam, 1)},
        {"direction": lambda g, v, lam: g - lam * v}),
    *_mutants("momentum-sign", WITH_CORRECTION,
        {"mean": lambda beta, t: (-beta, 1 - beta)}),
    *_mutants("lr-inside-buffer", WITH_MOMENTUM,
        {"rate_in_velocity": True}, variant=True),
    *_mutants("lr-outside-buffer", ("Momentum",),
        {"rate_in_velocity": False}, variant=True),
    *_mutants("state-shared-across-parameters", STATEFUL,
        *_shared(_all), *_shared(_of_its_shape), *_shared(_of_its_group)),
    *_mutants("state-shared-across-parameters", ("Adagrad", "RMSprop"),  # one number for all
        {"owner": _all, "count": lambda x: x.count("all"), "squared": lambda x: (x.g**2).sum()},
        {"owner": _all, "count": lambda x: x.count("all"), "squared": lambda x: (x.g**2).mean()}),
    *_mutants("step-counted-per-parameter", WITH_CORRECTION,
        {"count": lambda x: x.count("all")}),
    *_mutants("weight-decay-coupled", ("AdamW",),
        {"decay": coupled}),
    *_mutants("weight-decay-after-update", ALL,
        {"decay": no_decay, "decay_after": decoupled}),
    *_mutants("ignores-param-groups", ALL,
        {"rate": lambda x: x.run.settings[0]["lr"]}, {"rate": lambda x: x.run.first_rate},
        {"groups": lambda groups: groups[:1]}),
    *_mutants("state-not-in-state-dict", STATEFUL,
        *({"lost": frozenset(keys)} for keys in (STATE, {"t"}, {"v"}, {"m"}, {"s"}, {"m", "s"}))),
    *_mutants("skips-none-grad-wrongly", ALL,
        {"without_gradient": lambda x: x.run.update(x)}, {"without_gradient": _decay_alone},
        {"visits": _until_missing_in_group}, {"visits": _until_missing},
        {"visits": lambda groups, missing: [] if missing else everyone(groups, missing)}),
    # What other libraries and books have, and what comes to nearly the same.
    *_mutants("eps-elsewhere", WITH_CORRECTION,  # Keras: ε̂ of the paper's section 2
        {"denominator": lambda s, c, eps: (np.sqrt(s) + eps) / c}, variant=True),
    *_mutants("eps-other", WITH_SQUARES,
        *({"eps": lambda eps, other=other: other} for other in
          (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)), variant=True),
    *_mutants("steps-counted-by-call", WITH_CORRECTION,
        {"count": lambda x: x.run.calls}, variant=True),
]
# fmt: on

"""The optimizers as plain rules: numpy, float64, one parameter at a time, in pieces with names.

`Formula` lists the pieces. A mistake, or a variant, is another piece in the place of one: the table
of them is `mutants.py`. Nothing here is shared with `corelab.optim`, so that a formula may be
spelled there as one likes; `tests/grading/test_diagnose_formulas.py` holds every rule against the
optimizer of its name there and in `torch.optim`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corelab.grading.diagnosis.trial import Step, TrialPlan

Array = NDArray[np.float64]
Groups = list[list[int]]  # the numbers of the parameters of each group
Weights = Callable[[float, float], tuple[float, float]]  # (β, t) → (a, b): x ← a x + b new
Correction = Callable[[float, float, float], float]  # (β₁, β₂, t) → what a mean is divided by

STATE = frozenset({"t", "v", "m", "s", "mean", "largest"})  # all that a formula may remember
SMALLEST_ROOT = 2.0**-537  # √(the smallest positive number): 0 / it is 0


@dataclass
class Update:
    """One parameter at one step: what the pieces of a formula work on."""

    run: Run
    index: int
    """Of the parameter, among all."""
    theta: Array
    """Moved in place."""
    gradient: Array
    """As it came."""
    group: int
    settings: dict[str, Any]
    """Those of its group at this step, the learning rate included."""
    state: dict[str, Array] = field(init=False)
    t: float = field(init=False)
    rate: float = field(init=False)
    g: Array = field(init=False)
    """The gradient as the formula takes it, with the weight decay."""

    def count(self, key: Hashable) -> float:
        """Add 1 to the steps counted under this key. Returns their number."""
        self.run.counts[key] += 1
        return self.run.counts[key]

    def take_in(self, key: str, weights: tuple[float, float], new: Array, start: Any = 0.0) -> Any:
        """state[key] ← a state[key] + b new, from `start`. Returns it."""
        a, b = weights
        self.state[key] = a * self.state.get(key, start) + b * new
        return self.state[key]


# -- pieces: which parameters are updated


def everyone(groups: Groups, missing: Collection[int]) -> Iterable[int]:  # noqa: ARG001
    """The parameters of all groups, with a gradient or without."""
    return chain.from_iterable(groups)


def skipped(_x: Update) -> None:
    """A parameter without a gradient is left alone."""


# -- pieces: weight decay


def coupled(x: Update) -> None:
    """g ← g + wd θ"""
    x.g = x.g + x.settings["weight_decay"] * x.theta


def decoupled(x: Update) -> None:
    """θ ← θ − η wd θ"""
    x.theta *= 1 - x.rate * x.settings["weight_decay"]


def no_decay(_x: Update) -> None:
    """Weights do not decay here."""


@dataclass(frozen=True)
class Formula:
    """An optimizer in pieces. The defaults are those of most optimizers."""

    step: Callable[[Formula, Update], Array]
    """What is taken off θ, made of the pieces below."""
    stateful: bool = True

    # which parameters are updated, at which rate, and with which state
    groups: Callable[[Groups], Groups] = lambda groups: groups
    visits: Callable[[Groups, Collection[int]], Iterable[int]] = everyone
    """The parameters that the loop comes to, of these groups; the second is those that have no
    gradient."""
    without_gradient: Callable[[Update], None] = skipped
    """What is done with one that has no gradient."""
    rate: Callable[[Update], float] = lambda x: float(x.settings["lr"])
    owner: Callable[[Update], Hashable] = lambda x: x.index
    """Whose state it is updated with."""
    count: Callable[[Update], float] = lambda x: x.count(x.index)
    """Count this update. Returns t."""
    lost: frozenset[str] = frozenset()
    """What of STATE a save and a load lose."""

    # the gradient, the decay and the move
    gradient: Callable[[Array], Array] = lambda g: g
    decay: Callable[[Update], None] = coupled
    decay_after: Callable[[Update], None] = no_decay
    move: Callable[[Array], Array] = lambda step: step

    # v of Momentum and Nesterov
    velocity: Weights = lambda lam, t: (lam, 1)
    dampening: Callable[[float, float], float] = lambda lam, dampening: dampening
    """Of all but the first g."""
    rate_in_velocity: bool = False
    direction: Callable[[Array, Any, float], Array] = lambda g, v, lam: v

    # m of Adam; s of Adagrad, RMSprop and Adam
    betas: Callable[[float, float], tuple[float, float]] = lambda beta1, beta2: (beta1, beta2)
    mean: Weights = lambda beta, t: (beta, 1 - beta)
    square: Weights = lambda beta, t: (beta, 1 - beta)
    squared: Callable[[Update], Any] = lambda x: x.g * x.g
    square_start: Callable[[Update], float] = lambda x: 0.0
    remembered: Callable[[float, float], float] = lambda alpha, t: alpha
    """RMSprop's α at step t."""
    correct_mean: Correction = lambda beta1, beta2, t: 1 - beta1**t
    correct_square: Correction = lambda beta1, beta2, t: 1 - beta2**t

    # √s / c + ε, where c² corrects s
    denominator: Callable[[Any, float, float], Any] = lambda s, c, eps: np.sqrt(s) / c + eps
    eps: Callable[[float], float] = lambda eps: eps
    safe_zero: bool = False
    """There is no ε, and 0/0 is 0."""

    def divided(self, numerator: Array, x: Update, s: Any, c: float = 1.0) -> Array:
        """numerator / (√s / c + ε)"""
        if self.safe_zero:
            divisor: Array = np.maximum(self.denominator(s, c, 0.0), SMALLEST_ROOT)
        else:
            divisor = self.denominator(s, c, self.eps(x.settings["eps"]))
        return numerator / divisor


# -- the formulas: what each takes off θ


def gradient_descent(_f: Formula, x: Update) -> Array:
    """η g"""
    return x.rate * x.g


def momentum(f: Formula, x: Update) -> Array:
    """v ← λ v + (1 − dampening) g, and η v; the first v is g. Nesterov: η (g + λ v)."""
    lam = float(x.settings["momentum"])
    inside, outside = (x.rate, 1.0) if f.rate_in_velocity else (1.0, x.rate)
    if lam == 0:  # torch keeps no v then
        return x.rate * x.g
    dampening = f.dampening(lam, x.settings.get("dampening", 0)) if "v" in x.state else 0
    v = x.take_in("v", f.velocity(lam, x.t), (1 - dampening) * inside * x.g)
    return outside * f.direction(inside * x.g, v, lam)


def adagrad(f: Formula, x: Update) -> Array:
    """s ← s + g², and η g / (√s + ε), where lr_decay lessens η."""
    s = x.take_in("s", f.square(1.0, x.t), f.squared(x), f.square_start(x))
    rate = x.rate / (1 + (x.t - 1) * x.settings["lr_decay"])
    return f.divided(rate * x.g, x, s)


def course_adagrad(f: Formula, x: Update) -> Array:
    """η/√t g / √(s/t)"""
    s = x.take_in("s", f.square(1.0, x.t), f.squared(x), f.square_start(x))
    return f.divided(x.rate / x.t**0.5 * x.g, x, s, x.t**0.5)


def rmsprop(f: Formula, x: Update) -> Array:
    """s ← α s + (1 − α) g², and η g / (√s + ε); centered, s − mean²; with momentum, η v."""
    alpha = f.remembered(x.settings["alpha"], x.t)
    s = x.take_in("s", f.square(alpha, x.t), f.squared(x), f.square_start(x))
    if x.settings["centered"]:
        s = s - x.take_in("mean", (alpha, 1 - alpha), x.g) ** 2
    ratio = f.divided(x.g, x, s)
    if lam := x.settings["momentum"]:
        ratio = x.take_in("v", (lam, 1), ratio)
    return x.rate * ratio


def adam(f: Formula, x: Update) -> Array:
    """m ← β₁ m + (1 − β₁) g, s ← β₂ s + (1 − β₂) g², and η m̂ / (√ŝ + ε)."""
    beta1, beta2 = f.betas(*map(float, x.settings["betas"]))
    m = x.take_in("m", f.mean(beta1, x.t), x.g)
    s = x.take_in("s", f.square(beta2, x.t), f.squared(x), f.square_start(x))
    if x.settings["amsgrad"]:
        s = x.state["largest"] = np.maximum(x.state.get("largest", 0.0), s)
    m_hat = m / f.correct_mean(beta1, beta2, x.t)
    return f.divided(x.rate * m_hat, x, s, f.correct_square(beta1, beta2, x.t) ** 0.5)


TORCH = {
    "GradientDescent": Formula(gradient_descent, stateful=False),
    "Momentum": Formula(momentum),
    "Nesterov": Formula(momentum, direction=lambda g, v, lam: g + lam * v),
    "Adagrad": Formula(
        adagrad,
        square=lambda beta, t: (beta, 1),
        square_start=lambda x: float(x.settings["initial_accumulator_value"]),
    ),
    "RMSprop": Formula(rmsprop),
    "Adam": Formula(adam),
    "AdamW": Formula(adam, decay=decoupled),
}
COURSE = {
    "GradientDescent": TORCH["GradientDescent"],
    "Momentum": replace(TORCH["Momentum"], rate_in_velocity=True),
    "Adagrad": replace(TORCH["Adagrad"], step=course_adagrad, safe_zero=True),
    "RMSprop": replace(  # the first σ is |g|
        TORCH["RMSprop"], remembered=lambda alpha, t: alpha * (t > 1), safe_zero=True
    ),
    "Adam": TORCH["Adam"],
}
FORMULAS = {"torch": TORCH, "course": COURSE}


class Run:
    """A formula on its way through a trial."""

    def __init__(
        self, formula: Formula, settings: Mapping[str, Any], plan: TrialPlan, start: Array
    ) -> None:
        self.formula = formula
        self.flat = start.copy()
        self.thetas = plan.cut(self.flat)  # views of it
        self.groups = plan.groups
        self.group_of = {i: number for number, each in enumerate(self.groups) for i in each}
        self.first_rate = float(settings["lr"])
        self.settings = [{**settings, "lr": rate} for rate in plan.rates(self.first_rate)]
        self.states: dict[Hashable, dict[str, Array]] = defaultdict(dict)
        self.counts: dict[Hashable, float] = defaultdict(float)
        self.calls = 0

    def positions(self, steps: Iterable[Step]) -> Iterator[Array]:
        """Where the parameters are after each step, (total,)."""
        rates = [settings["lr"] for settings in self.settings]
        for step in steps:
            if step.reload:
                self.save_and_load()
            for settings, rate, factor in zip(self.settings, rates, step.factors, strict=False):
                settings["lr"] = rate * factor
            self.step(step.gradients)
            yield self.flat.copy()

    def save_and_load(self) -> None:
        """Lose what the formula loses by a save and a load into a new optimizer."""
        lost = self.formula.lost
        for state in self.states.values():
            for key in lost & state.keys():
                del state[key]
        if "t" in lost:
            self.counts.clear()
            self.calls = 0

    def step(self, gradients: list[Array | None]) -> None:
        """Update the parameters; a gradient that is missing is None."""
        f = self.formula
        missing = {i for i, g in enumerate(gradients) if g is None}
        visited = list(f.visits(f.groups(self.groups), missing))
        settings = [dict(each) for each in self.settings]
        self.calls += bool(visited)
        for i in visited:
            theta, g, group = self.thetas[i], gradients[i], self.group_of[i]
            given = np.zeros_like(theta) if g is None else g
            x = Update(self, i, theta, given, group, settings[group])
            if g is None:
                f.without_gradient(x)
            else:
                self.update(x)

    def update(self, x: Update) -> None:
        """Update one parameter: the pieces in their order."""
        f = self.formula
        x.state, x.t = self.states[f.owner(x)], f.count(x)
        x.rate = f.rate(x)
        x.g = f.gradient(-x.gradient if x.settings["maximize"] else x.gradient)
        f.decay(x)
        x.theta -= f.move(f.step(f, x))
        f.decay_after(x)

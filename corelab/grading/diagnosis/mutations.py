"""The bench's own optimizers with pieces of their update changed, and no formula written a second time.

`Rule` names the pieces that a mistake may change; `under` gives the optimizer that steps so. The `update` of
`corelab/optim` runs as it stands: on a state that takes in what is new in another way (`_Watched`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from corelab.optim import Momentum, Nesterov
from corelab.optim.base import Group, Optimizer, State

Weights = Callable[[float, float], tuple[float, float]]  # (β, t) → (a, b): x ← a x + b new
Power = Callable[[float, float], float]  # (β, t) → what stands for β ** t
_PLAIN: Any = torch._C._disabled_torch_function_impl  # what comes of them is a Tensor


@dataclass(frozen=True)
class Rule:
    """The pieces of an update that a mistake may change. None: as the optimizer has it."""

    sign: int = 1
    """−1: θ moves the other way."""
    gradient: int = 1
    """−1: the gradient is taken with the other sign."""
    velocity: Weights | None = None
    """How Momentum's v takes in g, from v = 0."""
    lookahead: int = 1
    """−1: Nesterov's λ with the other sign."""
    dampened: bool = False
    """v takes in (1 − λ) g, but for the first g."""
    rate: str = ""
    """The learning rate stands "inside" v, or "outside"."""
    mean: Weights | None = None
    """How Adam's m takes in g."""
    square: Weights | None = None
    """How the sum or the mean of squares takes in g²."""
    squared: Callable[[Tensor], Tensor] | None = None
    """What is taken in for g²."""
    denominator: Callable[[Tensor, float, float], Tensor] | None = None
    """Of s, c and ε, in place of √s / c + ε; c² is Adam's correction of s, and 1 elsewhere."""
    eps: float | None = None
    swapped: bool = False
    """β₁ and β₂ stand for each other."""
    correction: tuple[
        Callable[[float, float], float] | None, Callable[[float, float], float] | None
    ] = (
        None,
        None,
    )
    """What Adam takes off 1 to correct m, and to correct v, in place of β ** t."""
    decay: str = ""
    """Of weights: "coupled" through the gradient, or "after" the update."""
    counts: str = ""
    """t counts "parameters", not a parameter's updates; or the "calls" of step."""
    shared: str = ""
    """One state for "all" parameters, for those of a "shape" or a "group"; or one "number" for
    all."""
    share_step: bool = True
    """Also t, where the state is shared."""
    rates: str = ""
    """The "first" group's rate for all, or the one at the "start"."""
    groups: str = ""
    """Only the "first" group is updated."""
    none: str = ""
    """A gradient that is None: is taken as "zero"; leaves the "decay"; ends the "group" or "step";
    or lets the whole step "wait"."""
    lost: tuple[str, ...] | None = None
    """What of the state is lost in a save and load: these keys; all, where there are none."""


RIGHT = Rule()


def under(cls: type[Optimizer], rule: Rule) -> type[Optimizer]:
    """The bench's optimizer, with the pieces of its update that `rule` changes changed."""

    class Mutated(cls):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            self.param_groups[0]["counted"] = 0  # in a group, so that it is saved

        @torch.no_grad()
        def step(self, closure: Any = None) -> None:
            del closure
            missing = any(
                theta.grad is None for group in self.param_groups for theta in group["params"]
            )
            if rule.none == "wait" and missing:
                return
            self.param_groups[0]["counted"] += rule.counts == "calls"
            for group in self.param_groups[: 1 if rule.groups == "first" else None]:
                rates = {"first": self.param_groups[0]["lr"], "start": self.defaults["lr"]}
                group = {**group, "lr": rates.get(rule.rates, group["lr"])}
                for theta in group["params"]:
                    g = theta.grad
                    if g is None:
                        if rule.none == "step":
                            return
                        if rule.none == "group":
                            break
                        g = torch.zeros_like(theta)
                        if rule.none == "decay":
                            self.decay(theta, g, group)
                        if rule.none != "zero":
                            continue
                    self.advance(theta, g, self.remember(theta, g, group), group)

        def remember(self, theta: Tensor, g: Tensor, group: Group) -> State:
            own = super().remember(theta, g, group)
            if not rule.shared:
                return own
            if rule.shared == "number":
                return self.state.setdefault(
                    "all", self.new_state(torch.zeros_like(theta.sum()), group)
                )
            everyone = [x for group in self.param_groups for x in group["params"]]
            sharing = {
                "all": everyone,
                "shape": [x for x in everyone if x.shape == theta.shape],
                "group": group["params"],
            }
            state = super().remember(sharing[rule.shared][0], g, group)
            return state if rule.share_step or "step" not in own else _With(state, step=own["step"])

        def advance(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
            if rule.counts == "parameters":
                self.param_groups[0]["counted"] += 1
            if rule.counts and "step" in state:
                state["step"].fill_(self.param_groups[0]["counted"] - 1)  # the update adds 1
            g = g * rule.gradient
            if rule.decay == "after":
                super().advance(theta, g, state, {**group, "weight_decay": 0})
                theta.mul_(1 - group["lr"] * group["weight_decay"])
            else:
                super().advance(theta, g, state, group)

        def decay(self, theta: Tensor, g: Tensor, group: Group) -> Tensor:
            return (
                Optimizer.decay(self, theta, g, group)
                if rule.decay == "coupled"
                else super().decay(theta, g, group)
            )

        def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
            if rule.rate == "inside":
                self.update_with_rate_inside(theta, g, state, group)
            else:
                self.changed(super().update, theta, g, state, group)

        def course_update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
            if cls.course_update is Optimizer.course_update or rule.rate == "outside":
                self.update(theta, g, state, group)
            else:
                self.changed(super().course_update, theta, g, state, group)

        def changed(
            self, update: Any, theta: Tensor, g: Tensor, state: State, group: Group
        ) -> None:
            group = {**group, "lr": rule.sign * group["lr"]}
            if "eps" in group and rule.eps is not None:
                group["eps"] = rule.eps
            if "betas" in group:
                betas = group["betas"][::-1] if rule.swapped else group["betas"]
                group["betas"] = tuple(map(_Beta.of, betas, rule.correction))
            if isinstance(self, Momentum):
                group["momentum"] *= rule.lookahead
                group["dampening"] = group["momentum"] if rule.dampened else group["dampening"]
                if rule.velocity:
                    state.setdefault("momentum_buffer", torch.zeros_like(theta))
            watched = {
                key: _Watched.of(x, rule, key, state) for key, x in state.items() if key != "step"
            }
            given = {**state, **watched}
            update(theta, g, given, group)
            state.update({key: x for key, x in given.items() if key not in state})

        def update_with_rate_inside(
            self, theta: Tensor, g: Tensor, state: State, group: Group
        ) -> None:
            kept = state.setdefault("momentum_buffer", torch.zeros_like(theta))
            v = _Watched.of(kept, rule, "momentum_buffer", state)
            v.mul_(group["momentum"]).add_(g, alpha=-rule.sign * group["lr"])
            if isinstance(self, Nesterov):
                theta.add_(kept, alpha=group["momentum"]).add_(g, alpha=-rule.sign * group["lr"])
            else:
                theta.add_(kept)

        def load_state_dict(self, saved: dict[str, Any]) -> None:
            super().load_state_dict(saved)
            if rule.lost is None:
                return
            if not rule.lost or "step" in rule.lost:
                self.param_groups[0]["counted"] = 0
            for group in self.param_groups:
                for theta in group["params"]:
                    state, fresh = self.state[theta], self.new_state(theta, group)
                    for key in rule.lost or tuple(state):
                        state.pop(key, None)
                        if key in fresh:
                            state[key] = fresh[key]

    return Mutated


class _With(dict[str, Tensor]):
    """A state that is shared, but for some of it."""

    def __init__(self, shared: State, **own: Tensor) -> None:
        super().__init__(shared | own)
        self.shared = shared

    def update(self, *more: Any, **_named: Any) -> None:
        self.shared.update(*more)


class _Beta(float):
    """A β whose powers are what a mistake makes of them."""

    power: Power

    @classmethod
    def of(cls, beta: float, power: Power | None) -> float:
        if power is None:
            return beta
        changed = cls(beta)
        changed.power = power
        return changed

    def __pow__(self, t: Any, _mod: Any = None) -> Any:
        return np.float64(
            self.power(float(self), t)
        )  # divided by 0 it gives infinity, as tensors do


class _Watched(Tensor):
    """A tensor of the state, in the same memory, that takes in what is new as the rule has it."""

    __torch_function__ = _PLAIN
    rule: Rule
    decays: float  # by this β
    steps: float  # with this one, t
    divided: float = 1.0  # its root, by this

    @classmethod
    def of(cls, x: Tensor, rule: Rule, key: str, state: State) -> Tensor:
        if key not in ("momentum_buffer", "exp_avg", "exp_avg_sq", "square_avg", "sum"):
            return x
        watched = x.as_subclass(cls)
        watched.rule, watched.decays = rule, 1.0
        watched.steps = state["step"].item() + 1 if "step" in state else 1
        return watched

    def take_in(self, weights: Weights, new: Tensor, scale: float = 1.0) -> _Watched:
        a, b = weights(self.decays, self.steps)
        Tensor.mul_(self, a)
        Tensor.add_(self, new, alpha=b * scale)
        return self

    def mul_(self, beta: Any) -> _Watched:
        self.decays = beta
        return self

    def add_(self, g: Any, alpha: Any = 1) -> _Watched:  # Momentum: v ← λ v + alpha g
        return self.take_in(self.rule.velocity or (lambda beta, t: (beta, 1.0)), g, alpha)

    def lerp_(self, g: Any, weight: Any) -> _Watched:  # Adam: m ← β₁ m + (1 − β₁) g
        self.decays = 1 - weight
        return self.take_in(self.rule.mean or (lambda beta, t: (beta, 1 - beta)), g)

    def addcmul_(self, g: Any, _g: Any, value: Any = 1) -> _Watched:  # s ← β s + value g²
        new = self.rule.squared(g) if self.rule.squared else g * g
        return self.take_in(self.rule.square or (lambda beta, t: (beta, value)), new)

    def addcdiv_(
        self, g: Any, sigma: Any, value: Any = 1
    ) -> _Watched:  # RMSprop's v ← λ v + g / (σ + ε)
        return self.take_in(self.rule.velocity or (lambda beta, t: (beta, value)), g / sigma)

    def div(self, t: Any) -> _Watched:  # type: ignore[override]  # the course's Adagrad
        mean = (self.as_subclass(Tensor) / t).as_subclass(_Watched)
        mean.rule, mean.divided = self.rule, t**0.5
        return mean

    def sqrt(self) -> Tensor:
        if self.rule.denominator is None:
            return self.as_subclass(Tensor).sqrt()
        root = self.as_subclass(Tensor).sqrt().as_subclass(_Root)
        root.c, root.form = self.divided, self.rule.denominator
        root.s = self.as_subclass(Tensor) * root.c**2
        return root

    sqrt_ = sqrt


class _Root(Tensor):
    """√s on its way to be a denominator, which takes the rule's form where ε comes in."""

    __torch_function__ = _PLAIN
    s: Tensor
    c: float
    form: Callable[[Tensor, float, float], Tensor]

    def div_(self, c: Any) -> _Root:  # type: ignore[override]
        self.c = c
        return self

    def add_(self, eps: Any, alpha: Any = 1) -> _Root:
        del alpha
        self.copy_(self.form(self.s, self.c, eps))
        return self

    def clamp_min_(self, smallest: Any) -> Tensor:  # the course's, without ε
        return Tensor.clamp_min_(self.add_(0.0), smallest)

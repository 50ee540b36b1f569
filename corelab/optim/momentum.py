"""Gradient descent with momentum 動量梯度下降法, slide 6-2."""

from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from corelab.common.i18n import N_
from corelab.optim.base import NOT_NEGATIVE, Group, Optimizer, Params, State, zeros


class Momentum(Optimizer):
    """v is a decaying sum of past gradients; λ (momentum) is how much of it stays at each step.

    torch    v ← λ v + (1 − dampening) g    θ ← θ − η v    the first v is g
    course   v ← λ v − η g                  θ ← θ + v      v is 0 before the first step

    A ball that rolls on (slide 6-2; torch.optim.SGD). Both take the same path while η is constant.
    Once η changes, the course's v still holds the old one.
    """

    def __init__(
        self, params: Params, lr: float | Tensor = 1e-3, momentum: float = 0.9,
        dampening: float = 0, weight_decay: float = 0, *, maximize: bool = False,
        foreach: bool | None = None, convention: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(params, locals())

    def new_state(self, theta: Tensor, group: Group) -> State:
        return {"momentum_buffer": zeros(theta)} if group["convention"] == "course" else {}

    def velocity(self, g: Tensor, state: State, group: Group) -> Tensor:
        """v after this step, in torch's convention."""
        if group["momentum"] == 0:
            return g  # torch keeps no v then
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = g.clone()  # the first v is g, undampened
            return state["momentum_buffer"]
        v = state["momentum_buffer"]
        return v.mul_(group["momentum"]).add_(g, alpha=1 - group["dampening"])

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        v = self.velocity(g, state, group)  # v ← λ v + (1 − dampening) g
        theta.add_(v, alpha=-group["lr"])  # θ ← θ − η v

    def course_update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        v = state["momentum_buffer"]
        v.mul_(group["momentum"]).add_(g, alpha=-group["lr"])  # v ← λ v − η g
        theta.add_(v)  # θ ← θ + v

    bounds = Optimizer.bounds | {"momentum": NOT_NEGATIVE, "dampening": NOT_NEGATIVE}
    conventions: ClassVar[tuple[str, ...]] = ("torch", "course")
    not_in_slides = ("dampening",)
    counterpart = partial(torch.optim.SGD, momentum=0.9)
    torch_only: ClassVar[Group] = {"nesterov": False}
    label, colour, marker = N_("Momentum"), "blue", "square"

"""Nesterov's momentum, as torch.optim has it. Not in the slides."""

from functools import partial
from typing import ClassVar

import torch
from torch import Tensor

from corelab.optim.base import NOT_NEGATIVE, Group, Optimizer, State
from corelab.optim.momentum import Momentum


class Nesterov(Momentum):
    """v ← λ v + g, then θ ← θ − η (g + λ v): along the v of the next step, as far as it is known.

    Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*, in
    the form of torch.optim.SGD(nesterov=True). Arguments as in `Momentum`; momentum may not be 0,
    dampening must be.
    """

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        v = self.velocity(g, state, group)  # v ← λ v + g
        theta.add_(g.add(v, alpha=group["momentum"]), alpha=-group["lr"])  # θ ← θ − η (g + λ v)

    def check(self, group: Group) -> None:
        super().check(group)
        if group["momentum"] <= 0 or group["dampening"] != 0:
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")

    bounds = Optimizer.bounds | {"momentum": NOT_NEGATIVE}
    conventions = ("torch",)
    counterpart = partial(torch.optim.SGD, momentum=0.9, nesterov=True)
    torch_only: ClassVar[Group] = {"nesterov": True}
    label, colour, marker = "Nesterov", "sky blue", "diamond"

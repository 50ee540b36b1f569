"""Nesterov's momentum, as torch.optim has it. Not in the slides."""

from typing import ClassVar

from corelab.optim.base import Group, State, Tensor
from corelab.optim.momentum import Momentum


class Nesterov(Momentum):
    """v ← λ v + g, then θ ← θ − η (g + λ v): along the v of the next step, as far as it is known by
    now.

    Sutskever et al. 2013, *On the importance of initialization and momentum in deep learning*, in
    the form of torch.optim.SGD(nesterov=True). Arguments as in `Momentum`; momentum may not be 0,
    dampening must be.
    """

    conventions = ("torch",)
    fixed: ClassVar[Group] = {"nesterov": True}

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        v = self.velocity(g, state, group)  # v ← λ v + g
        theta.add_(g.add(v, alpha=group["momentum"]), alpha=-group["lr"])  # θ ← θ − η (g + λ v)

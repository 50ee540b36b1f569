"""Gradient descent 梯度下降法, slide 6-2."""

from typing import ClassVar

import torch
from torch import Tensor

from corelab.common.i18n import N_
from corelab.optim.base import Group, Optimizer, Params, State


class GradientDescent(Optimizer):
    """θ ← θ − η g, the same in both conventions (slide 6-2; torch.optim.SGD without momentum).

    lr is η, weight_decay·θ is added to g, maximize climbs, foreach updates all parameters together.
    Like all the others, it raises ValueError for values that make no sense, and RuntimeError for a
    sparse gradient.
    """

    def __init__(
        self, params: Params, lr: float | Tensor = 1e-3, *, weight_decay: float = 0,
        maximize: bool = False, foreach: bool | None = None, convention: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(params, locals())

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:  # noqa: ARG002
        theta.add_(g, alpha=-group["lr"])  # θ ← θ − η g

    conventions = ("torch", "course")
    stateful = False
    counterpart = torch.optim.SGD
    torch_only: ClassVar[Group] = {"momentum": 0, "dampening": 0, "nesterov": False}
    label, colour, marker = N_("Gradient descent"), "black", "circle"

"""AdamW: Adam with a weight decay of its own. Not in the slides."""

from typing import ClassVar

import torch
from torch import Tensor

from corelab.optim.adam import Adam, Betas
from corelab.optim.base import Group, Params


class AdamW(Adam):
    """θ ← θ − η wd θ, then the step of `Adam`: the decay is in neither m nor v (arXiv 1711.05101).

    Arguments as in `Adam`; weight_decay is 0.01 unless given.
    """

    def __init__(
        self, params: Params, lr: float | Tensor = 1e-3, betas: Betas = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 1e-2, amsgrad: bool = False, *,
        maximize: bool = False, foreach: bool | None = None, capturable: bool = False,
        convention: str = "torch",
    ) -> None:  # fmt: skip
        flags: Group = {"maximize": maximize, "foreach": foreach, "capturable": capturable}
        flags["convention"] = convention
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, **flags)

    def decay(self, theta: Tensor, g: Tensor, group: Group) -> Tensor:
        theta.mul_(1 - group["lr"] * group["weight_decay"])  # θ ← θ − η wd θ
        return g

    conventions = ("torch",)
    counterpart = torch.optim.AdamW
    torch_only: ClassVar[Group] = {"decoupled_weight_decay": True}
    label, colour, marker = "AdamW", "purple", ""  # on a surface of the race it is Adam

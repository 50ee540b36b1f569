"""Adam, slide 6-3."""

from typing import ClassVar

import torch
from torch import Tensor

from corelab.optim.base import (
    FRACTION,
    NOT_NEGATIVE,
    Counterpart,
    Group,
    Optimizer,
    Params,
    State,
    refuse_tensor,
    squeezed,
    zero_step,
    zeros,
)

Betas = tuple[float | Tensor, float | Tensor]


class Adam(Optimizer):
    """Momentum and RMSprop, each corrected for its start at 0.

    m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√v̂ + ε), in both conventions (slide 6-3; Algorithm 1 of arXiv 1412.6980)

    Of torch only: amsgrad takes the largest v so far (Reddi et al. 2018), capturable counts t on
    the GPU.
    """

    def __init__(
        self, params: Params, lr: float | Tensor = 1e-3, betas: Betas = (0.9, 0.999),
        eps: float = 1e-8, weight_decay: float = 0, amsgrad: bool = False, *,
        foreach: bool | None = None, maximize: bool = False, capturable: bool = False,
        convention: str = "torch",
    ) -> None:  # fmt: skip
        betas = squeezed(betas[0]), squeezed(betas[1])
        super().__init__(params, locals())

    def new_state(self, theta: Tensor, group: Group) -> State:
        state = {"step": zero_step(theta, group)}
        for key in ("exp_avg", "exp_avg_sq") + group["amsgrad"] * ("max_exp_avg_sq",):
            state[key] = zeros(theta)
        return state

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        (beta1, beta2), m, v = group["betas"], state["exp_avg"], state["exp_avg_sq"]
        t = state["step"].add_(1).item()  # t = 1, 2, …
        m.lerp_(g, 1 - beta1)  # m ← β₁ m + (1 − β₁) g
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)  # v ← β₂ v + (1 − β₂) g²
        if group["amsgrad"]:
            v = state["max_exp_avg_sq"].clamp_min_(v)
        denominator = v.sqrt().div_((1 - beta2**t) ** 0.5).add_(group["eps"])  # √v̂ + ε
        lr = group["lr"] / (1 - beta1**t)
        theta.addcdiv_(m, denominator, value=-lr)  # θ ← θ − η m̂ / (√v̂ + ε)

    def check(self, group: Group) -> None:
        super().check(group)
        first, second = (isinstance(beta, Tensor) for beta in group["betas"])
        if first != second:
            raise ValueError("betas must be either both floats or both Tensors")
        if first:
            refuse_tensor("betas[0]", group)

    bounds = Optimizer.bounds | {"betas": FRACTION, "eps": NOT_NEGATIVE}
    conventions: ClassVar[tuple[str, ...]] = ("torch", "course")
    not_in_slides = ("amsgrad",)
    squares_gradient = True
    counterpart: ClassVar[Counterpart] = torch.optim.Adam
    torch_only: ClassVar[Group] = {"decoupled_weight_decay": False}
    label, colour, marker = "Adam", "vermillion", "hex"

"""RMSprop, slide 6-3."""

import torch
from torch import Tensor

from corelab.optim.base import (
    NOT_NEGATIVE,
    Group,
    Optimizer,
    Params,
    State,
    never_zero_,
    zero_step,
    zeros,
)


class RMSprop(Optimizer):
    """Adagrad that forgets: σ² is a running mean of g² (slide 6-3; Tieleman & Hinton 2012).

    torch    σ² ← α σ² + (1 − α) g² from 0    θ ← θ − η g / (σ + ε)
    course   the same from σ⁰ = |g⁰|          θ ← θ − η g / σ, no ε, and 0/0 is 0

    Of torch only: centered takes the mean² of g off σ² (arXiv 1308.0850), momentum rolls on as in
    `Momentum`, capturable counts t on the GPU.
    """

    def __init__(
        self, params: Params, lr: float | Tensor = 1e-2, alpha: float = 0.99, eps: float = 1e-8,
        weight_decay: float = 0, momentum: float = 0, centered: bool = False,
        capturable: bool = False, foreach: bool | None = None, maximize: bool = False,
        *, convention: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(params, locals())

    def new_state(self, theta: Tensor, group: Group) -> State:
        state = {"step": zero_step(theta, group), "square_avg": zeros(theta)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros(theta)
        if group["centered"]:
            state["grad_avg"] = zeros(theta)
        return state

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        alpha, s = group["alpha"], state["square_avg"]
        state["step"].add_(1)
        s.mul_(alpha).addcmul_(g, g, value=1 - alpha)  # σ² ← α σ² + (1 − α) g²
        if group["centered"]:
            mean = state["grad_avg"]
            mean.lerp_(g, 1 - alpha)  # mean ← α mean + (1 − α) g
            sigma = s.addcmul(mean, mean, value=-1).sqrt_()  # √(σ² − mean²)
        else:
            sigma = s.sqrt()
        sigma.add_(group["eps"])
        if group["momentum"] > 0:
            v = state["momentum_buffer"]
            v.mul_(group["momentum"]).addcdiv_(g, sigma)  # v ← λ v + g / (σ + ε)
            theta.add_(v, alpha=-group["lr"])  # θ ← θ − η v
        else:
            theta.addcdiv_(g, sigma, value=-group["lr"])  # θ ← θ − η g / (σ + ε)

    def course_update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        t, s = state["step"].add_(1).item(), state["square_avg"]  # t = 1, 2, …
        alpha = group["alpha"] * (t > 1)  # 0 at the first step, so that σ⁰ = |g⁰|
        s.mul_(alpha).addcmul_(g, g, value=1 - alpha)  # σ² ← α σ² + (1 − α) g²
        theta.addcdiv_(g, never_zero_(s.sqrt()), value=-group["lr"])  # θ ← θ − η g / σ

    bounds = Optimizer.bounds | dict.fromkeys(("alpha", "eps", "momentum"), NOT_NEGATIVE)
    conventions = ("torch", "course")
    not_in_slides = ("momentum", "centered")
    squares_gradient = True
    counterpart = torch.optim.RMSprop
    label, colour, marker = "RMSprop", "green", "inverted_triangle"

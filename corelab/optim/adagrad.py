"""Adagrad, slide 6-3."""

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
)


class Adagrad(Optimizer):
    """An η for every weight, smaller the larger its gradients have been.

    torch    θ ← θ − η g / (√Σg² + ε)    Σg² from initial_accumulator_value; lr_decay shrinks η
    course   θ ← θ − ηᵗ g / σᵗ           ηᵗ = η / √(t + 1), σᵗ = √(Σg² / (t + 1)); 0/0 is 0

    The same path but for ε and rounding: √(t + 1) cancels (slide 6-3; Duchi et al. 2011).
    """

    def __init__(
        self, params: Params, lr: float | Tensor = 1e-2, lr_decay: float = 0,
        weight_decay: float = 0, initial_accumulator_value: float = 0, eps: float = 1e-10,
        foreach: bool | None = None, *, maximize: bool = False, convention: str = "torch",
    ) -> None:  # fmt: skip
        super().__init__(params, locals())

    def new_state(self, theta: Tensor, group: Group) -> State:
        start = group["initial_accumulator_value"]
        start = complex(start, start) if theta.is_complex() else start
        return {"step": zero_step(theta, group), "sum": torch.full_like(theta, start)}

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        t, s = state["step"].add_(1).item(), state["sum"]  # t = 1, 2, …
        s.addcmul_(g, g)  # s ← s + g²
        lr = group["lr"] / (1 + (t - 1) * group["lr_decay"])
        theta.addcdiv_(g, s.sqrt().add_(group["eps"]), value=-lr)  # θ ← θ − η g / (√s + ε)

    def course_update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        t, s = state["step"].add_(1).item(), state["sum"]  # t = 1, 2, …: the t + 1 of the slide
        s.addcmul_(g, g)  # s ← s + g²
        sigma = never_zero_(s.div(t).sqrt_())  # σ = √(s / (t + 1))
        theta.addcdiv_(g, sigma, value=-group["lr"] / t**0.5)  # θ ← θ − η/√(t + 1) · g / σ

    def add_param_group(self, param_group: Group) -> None:
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        for theta in group["params"]:  # at once, as torch does: a state_dict holds it then
            self.state[theta] = self.new_state(theta, group)

    bounds = Optimizer.bounds | {
        "lr_decay": NOT_NEGATIVE, "initial_accumulator_value": NOT_NEGATIVE, "eps": NOT_NEGATIVE,
    }  # fmt: skip
    conventions = ("torch", "course")
    not_in_slides = ("lr_decay", "initial_accumulator_value")
    squares_gradient = True
    counterpart = torch.optim.Adagrad
    label, colour, marker = "Adagrad", "orange", "triangle"

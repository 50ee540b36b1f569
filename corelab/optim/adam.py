"""Adam, slide 6-3."""

from typing import ClassVar

from corelab.optim.base import Group, Optimizer, Params, State, Tensor, squeezed, zero_step, zeros


class Adam(Optimizer):
    """Momentum and RMSprop, each corrected for its start at 0 (slide 6-3; Algorithm 1 of arXiv
    1412.6980).

    m ← β₁ m + (1 − β₁) g,  v ← β₂ v + (1 − β₂) g²,  m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√v̂ + ε), in both conventions

    Of torch only: amsgrad takes the largest v so far (Reddi et al. 2018), capturable counts t on
    the GPU.
    """

    conventions: tuple[str, ...] = ("torch", "course")
    not_in_slides = ("amsgrad",)
    fixed: ClassVar[Group] = {"decoupled_weight_decay": False}
    squares = True

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float | Tensor, float | Tensor] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        convention: str = "torch",
    ) -> None:
        betas = (squeezed(betas[0]), squeezed(betas[1]))
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
        }
        flags = {"foreach": foreach, "maximize": maximize, "capturable": capturable}
        super().__init__(params, {**defaults, **flags, "convention": convention})

    def new_state(self, theta: Tensor, group: Group) -> State:
        state = {
            "step": zero_step(theta, group),
            "exp_avg": zeros(theta),
            "exp_avg_sq": zeros(theta),
        }
        if group["amsgrad"]:
            state["max_exp_avg_sq"] = zeros(theta)
        return state

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        (beta1, beta2), m, v = group["betas"], state["exp_avg"], state["exp_avg_sq"]
        t = state["step"].add_(1).item()  # t = 1, 2, …
        m.lerp_(g, 1 - beta1)  # m ← β₁ m + (1 − β₁) g
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)  # v ← β₂ v + (1 − β₂) g²
        if group["amsgrad"]:
            v = state["max_exp_avg_sq"].clamp_min_(v)
        denominator = v.sqrt().div_((1 - beta2**t) ** 0.5).add_(group["eps"])  # √v̂ + ε
        theta.addcdiv_(
            m, denominator, value=-group["lr"] / (1 - beta1**t)
        )  # θ ← θ − η m̂ / (√v̂ + ε)

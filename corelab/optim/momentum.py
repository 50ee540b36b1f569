"""Gradient descent with momentum 動量梯度下降法, slide 6-2."""

from typing import ClassVar

from corelab.optim.base import Group, Optimizer, Params, State, Tensor, zeros


class Momentum(Optimizer):
    """A ball that rolls on: λ of its last v stays (slide 6-2; torch.optim.SGD). λ is momentum.

    torch    v ← λ v + (1 − dampening) g    θ ← θ − η v    the first v is g
    course   v ← λ v − η g                  θ ← θ + v      v is 0 before the first step

    The same path while η is constant. Once η changes, the course's v still holds the old one.
    """

    conventions: tuple[str, ...] = ("torch", "course")
    not_in_slides = ("dampening",)
    fixed: ClassVar[Group] = {"nesterov": False}

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0.9,
        dampening: float = 0,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        convention: str = "torch",
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
        }
        flags = {"maximize": maximize, "foreach": foreach, "convention": convention}
        super().__init__(params, defaults | flags)

    def new_state(self, theta: Tensor, group: Group) -> State:
        return {"momentum_buffer": zeros(theta)} if group["convention"] == "course" else {}

    def velocity(self, g: Tensor, state: State, group: Group) -> Tensor:
        if group["momentum"] == 0:
            return g  # torch keeps no v then
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = g.clone()  # the first v is g, undampened
            return state["momentum_buffer"]
        return (
            state["momentum_buffer"].mul_(group["momentum"]).add_(g, alpha=1 - group["dampening"])
        )

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        v = self.velocity(g, state, group)  # v ← λ v + (1 − dampening) g
        theta.add_(v, alpha=-group["lr"])  # θ ← θ − η v

    def course_update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        v = state["momentum_buffer"]
        v.mul_(group["momentum"]).add_(g, alpha=-group["lr"])  # v ← λ v − η g
        theta.add_(v)  # θ ← θ + v

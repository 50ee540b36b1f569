"""What all optimizers share, so that the file of each holds its formula and little else.

A step takes every parameter θ that has a gradient g, and does

    g ← −g           where the objective is to be maximized
    g ← g + wd·θ     weight decay (AdamW has its own: `decay`)
    update           the formula, on one parameter

`update` is what to compare with the slide. `_foreach.py` runs the same `update` on many parameters at once.
"""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor

from corelab.optim import _foreach

Params = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Group = dict[str, Any]
State = dict[str, Tensor]


class Optimizer(torch.optim.Optimizer):
    """A from-scratch optimizer: a subclass writes `update`, and of the rest what it needs.

    Hyper-parameters live in `param_groups` and nowhere else, state in `self.state[θ]` under torch's
    own keys: copies, pickles, schedulers and a `state_dict` exchanged with torch.optim rest on
    that.
    """

    conventions: tuple[str, ...] = ("torch",)  # with "course" where the slides have the optimizer
    not_in_slides: tuple[
        str, ...
    ] = ()  # hyper-parameters which must be 0 by the slides' convention
    fixed: ClassVar[Group] = {}  # what torch's counterpart reads in a group, and is no choice here
    remembers = True  # whether anything is kept between steps
    squares = False  # whether g is squared: of a complex g, the real and the imaginary part each

    def __init__(self, params: Params, defaults: Group) -> None:
        check(self, defaults | self.fixed)
        super().__init__(params, defaults | self.fixed)

    def new_state(self, theta: Tensor, group: Group) -> State:  # noqa: ARG002
        """What is remembered of a parameter before its first step."""
        return {}

    def decay(self, theta: Tensor, g: Tensor, group: Group) -> Tensor:
        """The gradient with weight decay: that of the loss + wd/2·θ²."""
        return g.add(theta, alpha=group["weight_decay"])

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        """Move the parameter `theta` by its gradient `g`, of the same shape, in place."""
        raise NotImplementedError

    def course_update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        """The same to the letter of the slides, where torch's differs from them."""
        self.update(theta, g, state, group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. Returns the loss of `closure`, or None
        without one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            refuse_capture(group)
            if isinstance(group["lr"], Tensor):
                group = {**group, "lr": squeezed(group["lr"])}
            if _foreach.wanted(group):
                _foreach.step(self, group)
                continue
            for theta in group["params"]:
                g = theta.grad
                if g is not None:
                    self.advance(theta, g, self.remember(theta, g, group), group)
        return loss

    def remember(self, theta: Tensor, g: Tensor, group: Group) -> State:
        """The state of a parameter. Raises RuntimeError for a sparse gradient."""
        if g.is_sparse:
            raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")
        if not self.remembers:
            return {}
        state = self.state[theta]
        if not state:
            state.update(self.new_state(theta, group))
        return state

    def advance(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        """The step of one parameter, from its gradient as it comes."""
        if group["maximize"]:
            g = g.neg()
        if group["weight_decay"] != 0:
            g = self.decay(theta, g, group)
        if self.squares and theta.is_complex():
            state = {key: _foreach.real(x) for key, x in state.items()}
            theta, g = _foreach.real(theta), _foreach.real(g)
        if group["convention"] == "course":
            self.course_update(theta, g, state, group)
        else:
            self.update(theta, g, state, group)

    def add_param_group(self, param_group: Group) -> None:
        if isinstance(param_group, dict):
            check(self, self.defaults | param_group)
        super().add_param_group(param_group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a pickle or a `state_dict`. What a group of torch's leaves out, the convention,
        stays."""
        groups = state["param_groups"]
        for group, mine in zip(groups, self.__dict__.get("param_groups", groups), strict=True):
            for key, value in mine.items():
                group.setdefault(key, value)
            check(self, group)
        super().__setstate__(state)


def check(optimizer: Optimizer, group: Group) -> None:
    """Raise ValueError for hyper-parameters that make no sense, in torch's words."""
    name, lr, (beta1, beta2) = type(optimizer).__name__, group["lr"], group.get("betas", (0.0, 0.0))
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    words = {"lr": "learning rate", "eps": "epsilon value"}
    for key in (
        "lr",
        "eps",
        "momentum",
        "alpha",
        "lr_decay",
        "weight_decay",
        "initial_accumulator_value",
    ):
        if not group.get(key, 0) >= 0:
            raise ValueError(f"Invalid {words.get(key, key + ' value')}: {group[key]}")
    for i, beta in enumerate((beta1, beta2)):
        if not 0 <= beta < 1:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")
    if isinstance(beta1, Tensor) != isinstance(beta2, Tensor):
        raise ValueError("betas must be either both floats or both Tensors")
    for key, x in (("lr", lr), ("betas[0]", beta1)):
        if isinstance(x, Tensor) and group["foreach"] and not group.get("capturable", True):
            raise ValueError(
                f"{key} as a Tensor is not supported for capturable=False and foreach=True"
            )
    if group.get("nesterov") and (group["momentum"] <= 0 or group["dampening"] != 0):
        raise ValueError("Nesterov momentum requires a momentum and zero dampening")
    if group["convention"] not in ("torch", "course"):
        raise ValueError(
            f"Invalid convention: {group['convention']!r}, expected 'torch' or 'course'"
        )
    if group["convention"] not in optimizer.conventions:
        raise ValueError(f"Invalid convention: 'course', but {name} is not in the slides")
    for key, value in optimizer.fixed.items():
        if group[key] != value:
            raise ValueError(f"Invalid {key} value: {group[key]}, but {name} has {value}")
    for key in optimizer.not_in_slides:
        if group["convention"] == "course" and group[key] != 0:
            raise ValueError(f"Invalid {key} value: {group[key]}, but the slides have none")


def refuse_capture(group: Group) -> None:
    """Raise RuntimeError where a captured graph would repeat one t for ever: t must be counted on
    the GPU."""
    safe = group.get("capturable", not group.get("lr_decay"))
    if (
        safe
        or not group["params"]
        or not group["params"][0].is_cuda
        or torch.compiler.is_compiling()
    ):
        return
    if torch.cuda.is_current_stream_capturing():
        raise RuntimeError(
            "Attempting CUDA graph capture of step() but param_groups' capturable is False."
        )


def squeezed(x: float | Tensor) -> float | Tensor:
    """A tensor of one element without dimensions, which torch takes in place of a number."""
    return x.squeeze() if isinstance(x, Tensor) else x


def zeros(theta: Tensor) -> Tensor:
    return torch.zeros_like(theta, memory_format=torch.preserve_format)


def zero_step(theta: Tensor, group: Group) -> Tensor:
    """t = 0 as torch keeps it: a scalar, on the CPU unless a graph is to be captured."""
    dtype = torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32
    return torch.zeros((), dtype=dtype, device=theta.device if group.get("capturable") else "cpu")


def never_zero_(sigma: Tensor) -> Tensor:
    """σ, with √(the smallest positive number) in place of 0: then 0/0 is 0, and no other quotient
    changes."""
    info = torch.finfo(sigma.dtype)
    return sigma.clamp_min_((info.smallest_normal * info.eps) ** 0.5)

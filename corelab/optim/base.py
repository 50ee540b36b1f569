"""What all optimizers share, so that the file of each holds its formula and little else.

A step takes every parameter θ that has a gradient g, and does

    g ← −g           where the objective is to be maximized
    g ← g + wd·θ     weight decay (AdamW has its own: `decay`)
    update           the formula, on one parameter

`update` is what to compare with the slide. On a GPU the same `update` runs on many parameters at
once (`_foreach.py`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor

from corelab.optim._foreach import Row, together, use_foreach

Params = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
Group = dict[str, Any]
State = dict[str, Tensor]
Bounds = dict[str, tuple[float, float]]
Counterpart = Callable[..., torch.optim.Optimizer]

NOT_NEGATIVE = 0, math.inf
FRACTION = 0, 1


class Optimizer(torch.optim.Optimizer):
    """A from-scratch optimizer: a subclass writes `update`, and of the rest what it needs.

    Hyper-parameters live in `param_groups` and nowhere else, state in `self.state[θ]` under torch's
    own keys: copies, pickles, schedulers and a `state_dict` exchanged with torch.optim rest on
    that.
    """

    def update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        """Move the parameter `theta` by its gradient `g`, of the same shape, in place."""
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Returns the loss of `closure`, or None without one. Raises RuntimeError for a sparse
        gradient.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in map(with_scalar_lr, self.param_groups):
            for theta, g, state in self.rows(group):
                self.step_parameter(theta, g, state, group)
        return loss

    def step_parameter(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        """Update one parameter, from its gradient as `backward` left it."""
        if group["maximize"]:
            g = g.neg()
        if group["weight_decay"] != 0:
            g = self.decay(theta, g, group)
        course = group["convention"] == "course"
        if self.squares_gradient and theta.is_complex():
            in_pairs(self.course_update if course else self.update, theta, g, state, group)
        elif course:
            self.course_update(theta, g, state, group)
        else:
            self.update(theta, g, state, group)

    # --- what a class may have of its own

    def course_update(self, theta: Tensor, g: Tensor, state: State, group: Group) -> None:
        """`update` to the letter of the slides, where torch's differs from them."""
        self.update(theta, g, state, group)

    def new_state(self, theta: Tensor, group: Group) -> State:  # noqa: ARG002
        """The state of a parameter before its first step."""
        return {}

    def decay(self, theta: Tensor, g: Tensor, group: Group) -> Tensor:
        """The gradient with weight decay: that of the loss + wd/2·θ²."""
        return g.add(theta, alpha=group["weight_decay"])

    bounds: ClassVar[Bounds] = {"lr": NOT_NEGATIVE, "weight_decay": NOT_NEGATIVE}  # low ≤ x < high
    conventions: ClassVar[tuple[str, ...]] = ("torch",)  # and "course", if it is in the slides
    not_in_slides: ClassVar[tuple[str, ...]] = ()  # what must be 0 by the slides' convention
    stateful: ClassVar[bool] = True
    squares_gradient: ClassVar[bool] = False  # of a complex g, real and imaginary part each

    # what it is called and looks like in figures: plots/style.py and race/page.py know the words
    label: ClassVar[str] = ""  # the class's name, unless given
    colour: ClassVar[str] = ""  # one made from its name, unless given
    marker: ClassVar[str] = "plus"  # in the race; "" for one that does not race

    # torch.optim's own, with the settings that make it equal; and what only torch's has a choice of
    counterpart: ClassVar[Counterpart]
    torch_only: ClassVar[Group] = {}

    # --- what torch asks for besides

    def __init__(self, params: Params, arguments: Group) -> None:
        """Arguments: the `locals()` of a subclass's `__init__`, that is its hyper-parameters."""
        hyper = {k: x for k, x in arguments.items() if k not in ("self", "params", "__class__")}
        self.check(hyper | self.torch_only)
        super().__init__(params, hyper | self.torch_only)

    def check(self, group: Group) -> None:
        """Raise ValueError for hyper-parameters that make no sense, in torch's words."""
        if isinstance(group["lr"], Tensor) and group["lr"].numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        for key, (low, high) in self.bounds.items():
            values = group[key] if isinstance(group[key], tuple) else (group[key],)
            for i, x in enumerate(values):
                if not low <= x < high:
                    what = WORDS.get(key, f"{key} value").format(i=i)
                    raise ValueError(f"Invalid {what}: {x}")
        if isinstance(group["lr"], Tensor):
            refuse_tensor("lr", group)
        for key, value in self.torch_only.items():
            if group[key] != value:
                name = type(self).__name__
                raise ValueError(f"Invalid {key} value: {group[key]}, but {name} has {value}")
        self._check_convention(group)

    def _check_convention(self, group: Group) -> None:
        convention = group["convention"]
        if convention not in ("torch", "course"):
            raise ValueError(f"Invalid convention: {convention!r}, expected 'torch' or 'course'")
        if convention not in self.conventions:
            name = type(self).__name__
            raise ValueError(f"Invalid convention: 'course', but {name} is not in the slides")
        for key in self.not_in_slides if convention == "course" else ():
            if group[key] != 0:
                raise ValueError(f"Invalid {key} value: {group[key]}, but the slides have none")

    def rows(self, group: Group) -> Iterable[Row]:
        """θ, g and state of every parameter that has a gradient; with foreach, of many in one."""
        refuse_capture(group)
        rows = []
        for theta in group["params"]:
            g = theta.grad
            if g is not None:
                rows.append((theta, g, self.state_of(theta, g, group)))
        return together(rows, group.get("capturable", False)) if use_foreach(group) else rows

    def state_of(self, theta: Tensor, g: Tensor, group: Group) -> State:
        """What is remembered of a parameter, made at its first step."""
        if g.is_sparse:
            raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")
        if not self.stateful:
            return {}
        state: State = self.state[theta]
        if not state:
            state.update(self.new_state(theta, group))
        return state

    def add_param_group(self, param_group: Group) -> None:
        if isinstance(param_group, dict):
            self.check(self.defaults | param_group)
        super().add_param_group(param_group)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a pickle or a `state_dict`.

        What a group of torch's leaves out, the convention, stays. A step that is a number, as older
        versions of torch saved it, becomes a tensor.
        """
        groups = state["param_groups"]
        for group, mine in zip(groups, self.__dict__.get("param_groups", groups), strict=True):
            for key, value in mine.items():
                group.setdefault(key, value)
            self.check(group)
        super().__setstate__(state)
        for each in self.state.values():
            if "step" in each and not isinstance(each["step"], Tensor):
                each["step"] = torch.tensor(float(each["step"]), dtype=step_dtype())


WORDS = {"lr": "learning rate", "eps": "epsilon value", "betas": "beta parameter at index {i}"}


def refuse_tensor(key: str, group: Group) -> None:
    """Raise ValueError for a setting in a tensor where torch, too, wants a number."""
    if group["foreach"] and not group.get("capturable", True):
        message = "as a Tensor is not supported for capturable=False and foreach=True"
        raise ValueError(f"{key} {message}")


def refuse_capture(group: Group) -> None:
    """Raise RuntimeError where a captured graph would repeat one t for ever.

    t must be counted on the GPU.
    """
    safe = group.get("capturable", not group.get("lr_decay"))
    if safe or not any(p.is_cuda for p in group["params"]) or torch.compiler.is_compiling():
        return
    if torch.cuda.is_current_stream_capturing():
        raise RuntimeError(
            "Attempting CUDA graph capture of step() but param_groups' capturable is False."
        )


def with_scalar_lr(group: Group) -> Group:
    """The group, with an lr without dimensions where it is in a tensor of one element."""
    return {**group, "lr": squeezed(group["lr"])} if isinstance(group["lr"], Tensor) else group


def squeezed(x: float | Tensor) -> float | Tensor:
    """A tensor of one element without dimensions, which torch takes in place of a number."""
    return x.squeeze() if isinstance(x, Tensor) else x


def in_pairs(
    update: Callable[..., None], theta: Tensor, g: Tensor, state: State, group: Group
) -> None:
    """Run an update on complex numbers (…) as pairs of real ones (…, 2) in the same memory."""
    before = {key: as_pairs(x) for key, x in state.items()}
    after = dict(before)
    update(as_pairs(theta), as_pairs(g), after, group)
    for key, x in after.items():
        if x is not before.get(key):  # made anew, not changed in place
            old = state.get(key)
            state[key] = torch.view_as_complex(x) if as_pairs(old) is not old else x


def as_pairs(x: Any) -> Any:
    return torch.view_as_real(x) if hasattr(x, "is_complex") and x.is_complex() else x


# --- what formulas are written with


def zeros(theta: Tensor) -> Tensor:
    return torch.zeros_like(theta, memory_format=torch.preserve_format)


def zero_step(theta: Tensor, group: Group) -> Tensor:
    """t = 0 as torch keeps it: a scalar, on the CPU unless a graph is to be captured."""
    device = theta.device if group.get("capturable") else "cpu"
    return torch.zeros((), dtype=step_dtype(), device=device)


def step_dtype() -> torch.dtype:
    return torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32


def never_zero_(sigma: Tensor) -> Tensor:
    """σ, with √(the smallest positive number) in place of 0.

    Then 0/0 is 0, and no other quotient changes.
    """
    info = torch.finfo(sigma.dtype)
    return sigma.clamp_min_((info.smallest_normal * info.eps) ** 0.5)

"""The same updates on many parameters at once, with torch's multi-tensor functions.

Starting a kernel on a GPU takes longer than updating a small layer does, so all layers are updated together
there, by default, as in torch.optim. No formula is written twice for it: `Tensors` is a list of tensors with
the methods of one, and the `update` of `adam.py` runs on it as it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from corelab.optim.base import Group, Optimizer, State


def bare(x: Any) -> Any:
    """An argument as multi-tensor functions take it."""
    if isinstance(x, Tensors):
        return x.tensors
    return list(x.unbind()) if isinstance(x, Tensor) and x.dim() == 1 else x


def returning(function: Callable[..., Any]) -> Callable[..., Tensors]:
    return lambda self, *others: Tensors(function(self.tensors, *map(bare, others)))


def in_place(function: Callable[..., Any]) -> Callable[..., Tensors]:
    def method(self: Tensors, *others: Any) -> Tensors:
        function(self.tensors, *map(bare, others))
        return self

    return method


class Tensors:
    """Tensors of one dtype on one device. A method does to each of them what it does to a
    `torch.Tensor`.

    Where a tensor takes a number, a tensor will do: () for one number, (number of tensors,) for one
    each.
    """

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.tensors = list(tensors)
        self.dtype = self.tensors[0].dtype

    neg = returning(torch._foreach_neg)
    mul, mul_ = returning(torch._foreach_mul), in_place(torch._foreach_mul_)
    div, div_ = returning(torch._foreach_div), in_place(torch._foreach_div_)
    sqrt, sqrt_ = returning(torch._foreach_sqrt), in_place(torch._foreach_sqrt_)
    clamp_min_ = in_place(torch._foreach_clamp_min_)

    def add(self, other: Tensors, alpha: Any = 1) -> Tensors:
        other, alpha = scaled(other, alpha)
        return Tensors(torch._foreach_add(self.tensors, other.tensors, alpha=alpha))

    def add_(self, other: Any, alpha: Any = 1) -> Tensors:
        if isinstance(other, Tensors):
            other, alpha = scaled(other, alpha)
            torch._foreach_add_(self.tensors, other.tensors, alpha=alpha)
        else:
            torch._foreach_add_(self.tensors, other)
        return self

    def lerp_(self, other: Tensors, weight: Any) -> Tensors:
        weight = [weight.to(x) for x in self.tensors] if isinstance(weight, Tensor) else weight
        torch._foreach_lerp_(self.tensors, other.tensors, weight)
        return self

    def addcmul(self, a: Tensors, b: Tensors, value: Any = 1) -> Tensors:
        return Tensors(torch._foreach_addcmul(self.tensors, a.tensors, b.tensors, value))

    def addcmul_(self, a: Tensors, b: Tensors, value: Any = 1) -> Tensors:
        a, value = scaled(a, value)
        torch._foreach_addcmul_(self.tensors, a.tensors, b.tensors, value)
        return self

    def addcdiv_(self, a: Tensors, b: Tensors, value: Any = 1) -> Tensors:
        a, value = scaled(a, value)
        torch._foreach_addcdiv_(self.tensors, a.tensors, b.tensors, value)
        return self

    def clone(self) -> Tensors:
        return Tensors(x.clone() for x in self.tensors)

    def is_complex(self) -> bool:
        return self.dtype.is_complex


class Steps:
    """The t of each of many parameters: one number for all of them, or unread on the device or in a
    graph."""

    def __init__(self, tensors: Iterable[Tensor], t: float | None) -> None:
        self.tensors, self.t = list(tensors), t

    def add_(self, number: int) -> Steps:
        if self.t is None:
            torch._foreach_add_(self.tensors, number)
        else:
            self.t += number
            addend = torch.tensor(
                float(number)
            )  # made once: a number would be made a tensor for each
            torch._foreach_add_(self.tensors, addend, alpha=1.0)
        return self

    def item(self) -> Any:
        """A number; or a tensor of one for each, where reading it would wait for the GPU or break a
        graph."""
        return torch.stack(self.tensors) if self.t is None else self.t


def scaled(x: Tensors, factor: Any) -> tuple[Tensors, Any]:
    """`x` and the number to multiply it by: 1, if the factor is a tensor that is not to be read."""
    if not isinstance(factor, Tensor):
        return x, factor
    if factor.dim() == 0 and factor.is_cpu and not torch.compiler.is_compiling():
        return x, factor.item()
    return x.mul(factor), 1


def real(x: Any) -> Any:
    """Complex numbers (…) as pairs of real ones (…, 2) in the same memory. Real ones as they
    are."""
    if isinstance(x, Tensors):
        return Tensors(map(real, x.tensors))
    return torch.view_as_real(x) if isinstance(x, Tensor) and x.is_complex() else x


def wanted(group: Group) -> bool:
    """Whether to update the parameters of a group together: on CUDA, where asked to, and in a
    graph."""
    beta = group.get("betas", (0,))[0]
    if torch.compiler.is_compiling() or group.get("capturable") or isinstance(beta, Tensor):
        return True
    if group["foreach"] is None:
        return all(p.is_cuda and type(p) in (Tensor, torch.nn.Parameter) for p in group["params"])
    return group["foreach"]


def step(optimizer: Optimizer, group: Group) -> None:
    """Update together what is on one device, of one dtype and with as many steps behind it."""
    buckets: dict[Any, list[tuple[Tensor, Tensor, State]]] = defaultdict(list)
    for p in group["params"]:
        g = p.grad
        if g is None:
            continue
        state = optimizer.remember(p, g, group)
        t = None
        if "step" in state:
            if group.get("capturable"):
                state["step"] = state["step"].to(p.device)
            if state["step"].is_cpu and not torch.compiler.is_compiling():
                t = state["step"].item()
        buckets[p.device, p.dtype, tuple(state), t].append((p, g, state))
    advance: Any = optimizer.advance
    for (*_, t), bucket in buckets.items():
        params, grads, states = zip(*bucket, strict=True)
        together: dict[str, Any] = {
            key: Tensors([s[key] for s in states]) for key in states[0] if key != "step"
        }
        if "step" in states[0]:
            together["step"] = Steps([s["step"] for s in states], t)
        advance(Tensors(params), Tensors(grads), together, group)
        for key, values in together.items():
            if key not in states[0]:  # made by this step, as the first v of momentum is
                for state, value in zip(states, values.tensors, strict=True):
                    state[key] = value

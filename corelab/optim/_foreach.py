"""One `update` on many parameters at once, with torch's multi-tensor functions.

On a GPU, starting a kernel takes longer than updating a small layer does. So all layers are updated
together there by default, as in torch.optim. The formula is written once: `Tensors` holds one
tensor of every parameter and is used like a single one, so the `update` of `adam.py` runs on it as
it stands. So does any other spelling: operators, methods, functions of torch.
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from functools import partial
from typing import Any, NoReturn

import torch
from torch import Tensor

Row = tuple[Any, Any, Any]  # θ, g and state: of one parameter, or of many at once


def use_foreach(group: dict[str, Any]) -> bool:
    """Whether to update a group's parameters together: on CUDA, in a graph, or where asked to."""
    if torch.compiler.is_compiling() or group.get("capturable"):
        return True
    if "betas" in group and isinstance(group["betas"][0], Tensor):
        return True
    if group["foreach"] is None:
        return all(p.is_cuda and type(p) in (Tensor, torch.nn.Parameter) for p in group["params"])
    return bool(group["foreach"])


def together(rows: Iterable[Row], capturable: bool) -> Iterable[Row]:
    """One row for all parameters of one device and dtype, with as many steps behind them.

    capturable: t is counted on the device, and never read.
    """
    buckets: dict[Any, list[Row]] = defaultdict(list)
    for theta, g, state in rows:
        if capturable and "step" in state:
            state["step"] = state["step"].to(theta.device)
        numbers = {key: x for key, x in state.items() if not isinstance(x, Tensor)}
        for x in numbers.values():
            refuse_collection(x)
        step = state.get("step")
        if isinstance(step, Tensor) and step.is_cpu and not torch.compiler.is_compiling():
            numbers["step"] = step.item()
        key = theta.device, theta.dtype, tuple(state), tuple(numbers.items())
        buckets[key].append((theta, g, state))
    for (*_, numbers_of_all), bucket in buckets.items():
        params, grads, states = zip(*bucket, strict=True)
        yield Tensors(params), Tensors(grads), States(states, "step" in dict(numbers_of_all))


class Tensors:
    """A tensor of every parameter, used like one tensor: what is done to it is done to each.

    common: all are the same number, which may be read (t, the count of steps). Raises TypeError
    where one number or one shape is asked for, and every parameter has its own.
    """

    def __init__(self, tensors: Iterable[Tensor], common: bool = False) -> None:
        self.tensors, self.common = list(tensors), common

    def __getattr__(self, name: str) -> Any:
        """Any method of a tensor, on each; any attribute that is the same for all."""
        if name.startswith("__"):
            raise AttributeError(name)
        method = getattr(Tensor, name)
        if callable(method):
            return partial(apply, name, method, self)
        return gathered(name, [getattr(x, name) for x in self.tensors])

    @classmethod
    def __torch_function__(
        cls, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Any function of torch, and any operator with a tensor on its left."""
        # A graph can't read the name, and needs no multi-tensor function to be fast.
        name = "" if torch.compiler.is_compiling() else function.__name__
        return apply(name, function, *args, **(kwargs or {}))

    def item(self) -> Any:
        """The number that all have in common; else one of each, still as tensors: nothing waits."""
        return self.tensors[0].item() if self.common else self

    def __float__(self) -> float:
        return float(self.item()) if self.common else refuse("float(…), math.… or if")

    def __int__(self) -> int:
        return int(float(self))

    def __bool__(self) -> bool:
        return bool(float(self))

    def __iter__(self) -> Iterator[Any]:
        refuse("a loop over its rows")

    def __len__(self) -> int:
        refuse("len(…)")

    def __rsub__(self, other: Any) -> Any:
        return self.neg() + other

    def __rtruediv__(self, other: Any) -> Any:
        return self.reciprocal() * other  # so divides torch

    def __rpow__(self, base: Any) -> Any:
        if isinstance(base, (int, float)):
            return Tensors(torch._foreach_pow(base, self.tensors), self.common)
        return apply("pow", torch.pow, base, self)

    __hash__ = object.__hash__

    @property
    def dtype(self) -> torch.dtype:
        return self.tensors[0].dtype

    def is_complex(self) -> bool:
        return self.dtype.is_complex

    @property
    def data(self) -> Tensors:
        return Tensors(x.data for x in self.tensors)

    @data.setter
    def data(self, others: Tensors) -> None:
        for x, other in zip(self.tensors, others.tensors, strict=True):
            x.data = other


class States(MutableMapping[str, Any]):
    """The states of many parameters, read and written like the state of one."""

    def __init__(self, states: Iterable[dict[str, Any]], t_is_common: bool) -> None:
        self.states, self.t_is_common = list(states), t_is_common

    def __getitem__(self, key: str) -> Any:
        values = [state[key] for state in self.states]
        if isinstance(values[0], Tensor):
            return Tensors(values, common=key == "step" and self.t_is_common)
        return values[0]  # a number: the same for all, or they would not be together

    def __setitem__(self, key: str, value: Any) -> None:
        refuse_collection(value)
        for i, state in enumerate(self.states):
            state[key] = value.clone() if isinstance(value, Tensor) else nth(value, i)

    def __delitem__(self, key: str) -> None:
        for state in self.states:
            del state[key]

    def __contains__(self, key: object) -> bool:
        return key in self.states[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.states[0])

    def __len__(self) -> int:
        return len(self.states[0])


def apply(name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What `function` returns for the first tensor of every Tensors, for the second, and so on.

    By torch's multi-tensor function of this name, where it takes such arguments.
    """
    args = with_tensor_alpha(name, args, kwargs)
    every = list(all_tensors(args)) + list(all_tensors(kwargs.values()))
    common = all(x.common for x in every)
    first = args[0] if args and isinstance(args[0], Tensors) else None
    in_place = name == "__setitem__" or (name.endswith("_") and not name.endswith("__"))
    if in_place and first is None:
        refuse(f"{name} on a tensor that is no parameter's own")
    if first is not None and name in MULTI_TENSOR and takes(name, args[1:], kwargs):
        results = MULTI_TENSOR[name](*map(unwrap, args), **kwargs)
    else:
        results = [
            function(*nth(args, i), **{key: nth(x, i) for key, x in kwargs.items()})
            for i in range(len(every[0].tensors))
        ]
    if first is not None and (in_place or all(map(operator.is_, results, first.tensors))):
        first.common &= common
        return first
    return gathered(name, results, common)


def takes(name: str, others: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a multi-tensor function takes these after its first list: more lists, and numbers.

    `mul` and `div` take a number in a tensor, too; alpha and value stand beside lists only.
    """
    if name in ("mul", "mul_", "div", "div_") and others and isinstance(others[0], Tensor):
        return others[0].dim() == 0 and not kwargs
    return all(isinstance(x, (Tensors, int, float)) for x in others) and (
        not kwargs or (kwargs.keys() <= {"alpha", "value"} and isinstance(others[0], Tensors))
    )


def with_tensor_alpha(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments, with a number for every factor (alpha, value, weight) that is a tensor.

    One that is not to be read, on a GPU or in a graph, is multiplied in beforehand instead.
    """
    for key in kwargs.keys() & {"alpha", "value"}:
        factor = kwargs[key]
        if isinstance(factor, (Tensor, Tensors)):
            if factor.is_cpu and not torch.compiler.is_compiling():
                kwargs[key] = factor.item()
            else:
                args, kwargs[key] = (args[0], args[1].mul(factor), *args[2:]), 1
    if name.startswith("lerp") and isinstance(args[-1], Tensor) and isinstance(args[0], Tensors):
        args = *args[:-1], Tensors(args[-1].to(x) for x in args[0].tensors)
    return args


def nth(x: Any, i: int) -> Any:
    """An argument as the parameter number `i` takes it."""
    if isinstance(x, Tensors):
        return x.tensors[i]
    return type(x)(nth(each, i) for each in x) if type(x) in (list, tuple) else x


def unwrap(x: Any) -> Any:
    """An argument as multi-tensor functions take it."""
    return x.tensors if isinstance(x, Tensors) else x


def all_tensors(args: Iterable[Any]) -> Iterator[Tensors]:
    """Every Tensors among arguments, and in lists of them."""
    for x in args:
        if isinstance(x, Tensors):
            yield x
        elif type(x) in (list, tuple):
            yield from all_tensors(x)


def gathered(name: str, results: list[Any], common: bool = False) -> Any:
    """The results of all parameters as one: Tensors, or the value that is the same for all."""
    first = results[0]
    if isinstance(first, Tensor):
        return Tensors(results, common)
    if isinstance(first, tuple) and any(isinstance(x, Tensor) for x in first):
        return tuple(gathered(name, list(column)) for column in zip(*results, strict=True))
    if all(result == first for result in results):
        return first
    if not isinstance(first, int):
        refuse(name)
    return Tensors(torch.tensor(x, dtype=torch.float64) for x in results)  # numel(), size(0)


def refuse_collection(x: Any) -> None:
    """Raise TypeError for what a state can't hold here: it could not be changed in place."""
    if isinstance(x, (list, dict, set)):
        refuse(f"a {type(x).__name__} in the state")


def refuse(what: str) -> NoReturn:
    raise TypeError(
        f"{what} is not possible on many parameters at once: write the update with tensor "
        "operations (torch.where for if, torch.maximum for max), or pass foreach=False"
    )


MULTI_TENSOR_NAMES = """
    abs add addcdiv addcmul clamp_max clamp_min copy div exp lerp log maximum minimum mul neg pow
    reciprocal rsqrt sign sqrt sub zero
"""
MULTI_TENSOR = {
    name: getattr(torch, f"_foreach_{name}")
    for stem in MULTI_TENSOR_NAMES.split()
    for name in (stem, f"{stem}_")
    if hasattr(torch, f"_foreach_{name}") and hasattr(Tensor, name)
}
# A method of a tensor, and the operators that call it; the others call one of their own name.
OPERATORS = {
    "add": "__add__ __radd__", "add_": "__iadd__", "sub": "__sub__", "sub_": "__isub__",
    "mul": "__mul__ __rmul__", "mul_": "__imul__", "div": "__truediv__", "div_": "__itruediv__",
    "pow": "__pow__", "pow_": "__ipow__", "neg": "__neg__", "abs": "__abs__",
    "eq": "__eq__", "ne": "__ne__", "lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__",
}  # fmt: skip
OTHERS = """
    __floordiv__ __rfloordiv__ __mod__ __rmod__ __matmul__ __rmatmul__ __getitem__ __setitem__
    __invert__ __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __iand__ __ior__
"""


def _method(name: str) -> Callable[..., Any]:
    function = getattr(Tensor, name)
    return lambda self, *args, **kwargs: apply(name, function, self, *args, **kwargs)


for _name in MULTI_TENSOR:
    setattr(Tensors, _name, _method(_name))
for _name, _operators in (OPERATORS | {name: name for name in OTHERS.split()}).items():
    for _operator in _operators.split():
        setattr(Tensors, _operator, _method(_name))

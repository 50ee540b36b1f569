"""What an answer is handed, and what it gives back as plain arrays; in the child, with torch."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from corelab.common.i18n import Message
from corelab.data import InMemoryDataset
from corelab.grading.contract import MOST_LAYERS, PIXELS, WEIGHTS, some_units, unpack_network
from corelab.grading.exercises.in_child.recorder import Pass, Recorder
from corelab.grading.verdicts import Arrays

MOST_VALUES = 100_000


def dataset(arrays: Arrays) -> InMemoryDataset:
    """The map-style data set that the bench's `load_data` gives too: (float32 (784,), int64)
    items."""
    return InMemoryDataset(torch.tensor(arrays["inputs"]), torch.tensor(arrays["targets"]))


def sequential(arrays: Arrays) -> nn.Sequential:
    """The packed network as torch's own modules."""
    layers, activation = unpack_network(arrays)
    modules: list[nn.Module] = []
    for weight, bias in layers:
        linear = nn.utils.skip_init(nn.Linear, weight.shape[1], weight.shape[0])
        linear.weight.data, linear.bias.data = torch.tensor(weight), torch.tensor(bias)
        modules += [linear, {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}[activation]()]
    return nn.Sequential(*modules[:-1])


class Observed(nn.Module):
    """The packed network as a module of its own kind, whose weights tell what it was trained on.

    `page` (updates, samples) never changes the logits, but is a parameter. Whatever the optimizer,
    the t-th update moves row t at the samples that it was made from: they have a gradient of 1
    there, and the others none. Where an earlier batch's gradient was still there, not set to zero,
    it is −1 instead. `clock` (1, WEIGHTS) has the gradients of `contract.GRADIENTS` at each
    update. `recorder` notes what else happens.

    A fixed network's other weights are no parameters: nothing changes its logits, so that the loss
    of each sample is known, whatever the training does.
    """

    def __init__(self, arrays: Arrays, updates: int, fixed: bool, size: float = 1.0):
        """size: of the page's and the clock's gradients. Small ones do not count among the others,
        where an optimizer takes all of them together."""
        super().__init__()
        self.size = size
        layers, activation = unpack_network(arrays)
        self.depth, self.activation = len(layers), getattr(torch, activation)
        for k, layer in enumerate(layers):
            for name, values in zip(
                (f"weight{k}", f"bias{k}"), map(torch.tensor, layer), strict=True
            ):
                if fixed:
                    self.register_buffer(name, values)
                else:
                    self.register_parameter(name, nn.Parameter(values))
        self.page = nn.Parameter(torch.zeros(updates, len(arrays["inputs"])))
        self.clock = nn.Parameter(torch.zeros(1, WEIGHTS))
        self.recorder = Recorder()

    def forward(self, x: Tensor) -> Tensor:  # (B, 784) -> (B, 10)
        updates, samples = self.page.shape
        numbers = (
            (x.detach().reshape(-1, PIXELS)[:, 0] * samples).round().long().clamp(0, samples - 1)
        )
        done = self.updates()
        self.recorder.passing(self.page, done, numbers, self.clock)
        marks, ticks = (
            self.page[min(done, updates - 1), numbers],
            self.clock + 0,
        )  # (B,), in the next row
        for k in range(self.depth):
            x = nn.functional.linear(x, getattr(self, f"weight{k}"), getattr(self, f"bias{k}"))
            if k < self.depth - 1:
                x = self.activation(x)
        x = x + 0 * (marks.sum() + ticks.sum())
        if marks.requires_grad:
            hooks = Pass(self.recorder, self.page, self.size, done, numbers)
            marks.register_hook(hooks.mark)
            ticks.register_hook(hooks.tick)
            x.register_hook(hooks.slope)
        return x

    def updates(self) -> int:
        """How many there have been, as far as the page has room."""
        return int((self.page != 0).any(1).sum())

    def told(self) -> Arrays:
        """What its weights tell."""
        return {"page": array(self.page), "clock": self.recorder.clock(self.updates(), self.clock)}


def watched(model: Observed, function: Callable[..., Any], *arguments: Any) -> Any:
    """The result of an answer's function, whose work with the model is noted."""
    with model.recorder.watching(model.page):
        return finished(function(model, *arguments))


def finished(result: Any) -> Any:
    """A function's result, read where it is made only as it is read."""
    return list(islice(result, MOST_VALUES)) if isinstance(result, Iterator) else result


def weights(model: nn.Module) -> Arrays:
    """The layers of one of the networks above, as they are now."""
    if isinstance(model, Observed):
        return {
            f"{kind}{k}": array(getattr(model, f"{kind}{k}"))
            for k in range(model.depth)
            for kind in ("weight", "bias")
        }
    linears = [module for module in model.modules() if isinstance(module, nn.Linear)]
    return {f"weight{k}": array(linear.weight) for k, linear in enumerate(linears)} | {
        f"bias{k}": array(linear.bias) for k, linear in enumerate(linears)
    }


def products(model: Any, probes: np.ndarray) -> Arrays:
    """What `evidence.layers` reads: the model's outputs at the probes, and its products with weight
    matrices."""
    if not isinstance(model, nn.Module):
        kind = type(model).__name__
        raise TypeError(Message("build_model must return an nn.Module, got {kind}", kind=kind))
    model.eval()
    with _Products() as seen:
        arrays = {"logits": array(model(torch.tensor(probes)))}
    owned = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    for k, (inputs, weight, bias, outputs) in enumerate(seen.found[:MOST_LAYERS]):
        units = some_units(weight.shape[0])
        arrays |= {
            f"inputs{k}": array(inputs),
            f"outputs{k}": array(outputs),
            f"weight{k}": array(weight)[units],
            f"bias{k}": np.zeros(len(units)) if bias is None else array(bias)[units],
            f"owned{k}": np.array(float(weight.untyped_storage().data_ptr() in owned)),
        }
    return arrays


class _Products(TorchFunctionMode):
    """Notes each new matrix of weights that something is multiplied with, however the model does
    it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Tensor, Tensor, Tensor | None, Tensor]] = []
        self._noted: set[int] = set()

    def __torch_function__(
        self,
        function: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        del types
        kwargs = kwargs or {}
        result = function(*args, **kwargs)
        if function is nn.functional.linear:
            call = dict(zip(("input", "weight", "bias"), args, strict=False)) | kwargs
            self._note(call["input"], call["weight"], call.get("bias"), result)
        elif function in (torch.matmul, torch.mm, Tensor.matmul, Tensor.mm) and len(args) == 2:
            self._note(args[0], args[1].mT if args[1].ndim == 2 else args[1], None, result)
        elif function is torch.addmm and len(args) == 3:
            self._note(args[1], args[2].mT, args[0], result)
        return result

    def _note(self, inputs: Tensor, weight: Tensor, bias: Tensor | None, outputs: Tensor) -> None:
        """weight: (out, in), a parameter or a view of one."""
        origin = weight if weight._base is None else weight._base
        is_weight = isinstance(origin, nn.Parameter) or (origin.is_leaf and origin.requires_grad)
        storage = weight.untyped_storage().data_ptr()
        if is_weight and inputs.ndim == weight.ndim == 2 and storage not in self._noted:
            self._noted.add(storage)
            # Copies: what follows may work in place.
            self.found.append((inputs.clone(), weight, bias, outputs.clone()))


def array(tensor: Tensor) -> np.ndarray:
    return np.array(tensor.detach().cpu().numpy())


def numbers(result: Any, function: str) -> Arrays:
    """A function's result as float64 (values,): a sequence, array or tensor of numbers, or one
    number."""
    try:
        several = iter(result)
    except TypeError:
        several = iter([result])
    try:
        values = [
            float(value.detach() if isinstance(value, Tensor) else value)
            for value in islice(several, MOST_VALUES)
        ]
    except (TypeError, ValueError, RuntimeError) as error:
        message = Message(
            "{function} must return a list of numbers, got {kind} ({error})",
            function=function,
            kind=type(result).__name__,
            error=error,
        )
        raise TypeError(message) from error
    return {"values": np.array(values, dtype=np.float64)}


def function(answer: ModuleType, name: str) -> Callable[..., Any]:
    """The answer's function of this name. Raises AttributeError that says what to define."""
    found: Callable[..., Any] | None = getattr(answer, name, None)
    if found is None or not callable(found):
        raise AttributeError(Message("the answer must define the function {name}", name=name))
    return found


def start_from(seed: np.ndarray) -> None:
    """Whatever the answer draws, it draws the same with the same seed."""
    torch.manual_seed(int(seed))
    np.random.seed(int(seed))
    random.seed(int(seed))


def each_in_turn(*parts: Iterator[tuple[str, Arrays]]) -> Iterator[tuple[str, Arrays]]:
    """What the parts yield. Where one fails, the others still have their turn; its exception comes
    last."""
    failure = None
    for part in parts:
        try:
            yield from part
        except Exception as error:
            failure = failure or error
    if failure:
        raise failure

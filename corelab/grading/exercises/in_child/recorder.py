"""Note what an answer does with the model that it was handed; runs in the child, beside it.

It patches nothing and hands nothing on: hooks of torch, and what `models.Observed` sees, are all it
has. What it says explains (`evidence.recording`, in the grader) and decides nothing.
"""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)
from torch.overrides import TorchFunctionMode

from corelab.grading.contract import CLASSES, GRADIENTS
from corelab.grading.verdicts import Arrays

MOST_ROWS = 1000  # of samples that are handed back: the first epochs


class Recorder:
    """What is noted of one model."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._slopes: list[np.ndarray] = []
        self._room = MOST_ROWS
        self._targets: dict[int, np.ndarray] = {}
        self._page: nn.Parameter | None = None
        self._batch: np.ndarray | None = None
        self._clock: dict[int, np.ndarray] = {}
        self._alive: Counter[int] = Counter()
        self._last: weakref.ref[Optimizer] | None = None
        self._remembers = False

    def __deepcopy__(self, memo: Any) -> Recorder:
        return self  # of all copies of the model

    def __reduce__(self) -> tuple[type[Recorder], tuple[()]]:
        return Recorder, ()  # so that the model can be pickled

    # -- what the model tells

    def passing(self, page: Tensor, update: int, numbers: Tensor, clock: Tensor) -> None:
        """A batch goes through, before this update: its samples' numbers, and the clock's
        weights."""
        self.counts["passes"] += 1
        self.counts["copies"] += page is not self._page
        self._batch = plain(numbers)
        self._clock[update] = plain(clock).reshape(-1).copy()

    def classes(self, tensor: Tensor) -> None:
        """Integers that something was computed with: if they may be the last batch's targets, keep
        them."""
        if self._batch is None or tensor.numel() != len(self._batch):
            return
        found = plain(tensor)
        if found.size and 0 <= found.min() <= found.max() < CLASSES:
            self._targets[self.counts["passes"]] = np.column_stack([self._batch, found.reshape(-1)])

    def slope(self, number: int, numbers: Tensor, gradient: Tensor) -> None:
        """What came back to a batch's logits: dL/dlogits tells of the loss and of the targets."""
        samples, slopes = plain(numbers), plain(gradient)
        self._room -= len(samples)
        if self._room >= 0 and slopes.shape == (len(samples), CLASSES):
            self._slopes.append(np.column_stack([np.full(len(samples), number), samples, slopes]))

    def graph(self, update: int, change: int) -> None:
        """The graph of a forward pass before this update lives, or ends: how many updates' live at
        once?"""
        self._alive[update] += change
        if not self._alive[update]:
            del self._alive[update]
        self.counts["kept"] = max(self.counts["kept"], len(self._alive))

    # -- what optimizers tell

    @contextmanager
    def watching(self, parameter: nn.Parameter) -> Iterator[None]:
        """Within: notes optimizers' steps, and whether they step the model that this parameter is
        of."""
        self._page, before = parameter, parameter._version

        def holds(optimizer: Optimizer) -> bool:
            return any(
                one is parameter for group in optimizer.param_groups for one in group["params"]
            )

        def before_step(optimizer: Optimizer, *args: Any) -> None:
            del args
            if not holds(optimizer):
                self.counts["steps elsewhere"] += 1
                return
            self.counts["steps"] += 1
            gradient = parameter.grad
            self.counts["empty steps"] += gradient is None or not bool(gradient.any())
            another = self._last is not None and self._last() is not optimizer
            self.counts["forgotten"] += another and self._remembers

        def after_step(optimizer: Optimizer, *args: Any) -> None:
            del args
            if holds(optimizer):
                state = optimizer.state.get(parameter) or {}
                self._last = weakref.ref(optimizer)
                self._remembers = any(
                    isinstance(x, Tensor) and x.numel() > 1 for x in state.values()
                )

        def after_backward(*args: Any) -> None:
            del args
            self.counts["backward"] += 1

        handles = [
            register_optimizer_step_pre_hook(before_step),
            register_optimizer_step_post_hook(after_step),
            parameter.register_post_accumulate_grad_hook(after_backward),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self.counts["changes in place"] = parameter._version - before

    # -- what is handed back

    def clock(self, update: int, clock: Tensor) -> np.ndarray:
        """(updates + 1, WEIGHTS): where the clock's weights were before each update, and are now.

        More where earlier weights were put back: those that were left, too.
        """
        self._clock[update] = plain(clock).reshape(-1).copy()
        known = next(t for t in count() if t not in self._clock)
        return np.stack([self._clock[t] for t in range(known)]).astype(np.float32)

    def notes(self) -> Arrays:
        """All that was noted, as arrays."""
        arrays = {name: np.array(float(times)) for name, times in self.counts.items()}
        for name, rows in ("slopes", self._slopes), ("targets", [*self._targets.values()]):
            if rows:
                arrays[name] = np.concatenate(rows)[:MOST_ROWS].astype(np.float32)
        return arrays


class Pass:
    """One forward pass of `models.Observed`, and what comes back of it.

    Its methods are hooks, which live as long as the pass's graph does.
    """

    def __init__(
        self, recorder: Recorder, page: nn.Parameter, size: float, update: int, numbers: Tensor
    ) -> None:
        self._recorder, self._page, self._size = recorder, page, size
        self._update, self._numbers = update, numbers
        self._number = recorder.counts["passes"]
        recorder.graph(update, 1)

    def __del__(self) -> None:
        self._recorder.graph(self._update, -1)

    def mark(self, gradient: Tensor) -> Tensor:
        """The gradient of the samples' marks: −1 where an earlier one was left over, else 1."""
        self._recorder.counts["gradients"] += 1
        left_over = self._page.grad is not None and bool(self._page.grad.any())
        return torch.full_like(gradient, -self._size if left_over else self._size)

    def tick(self, gradient: Tensor) -> Tensor:
        """The gradient of the clock's weights."""
        row = self._size * GRADIENTS[self._update % len(GRADIENTS)]
        return torch.tensor(row, device=gradient.device).reshape(gradient.shape)

    def slope(self, gradient: Tensor) -> None:
        """dL/dlogits, from which targets and loss can be told."""
        self._recorder.slope(self._number, self._numbers, gradient)


class Targets(TorchFunctionMode):
    """Notes the classes that something is computed with once a batch went through: its targets."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

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
        for value in (*args, *kwargs.values()):
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, Tensor) and one.dtype == torch.int64:
                    self._recorder.classes(one)
        return result


def plain(tensor: Tensor) -> np.ndarray:
    """A tensor's numbers."""
    try:
        return tensor.detach().cpu().numpy()
    except RuntimeError:  # inside of torch.func it has no storage of its own
        return np.array(tensor.tolist())

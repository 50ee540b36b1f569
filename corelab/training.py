"""Training, as the course draws it: batch → forward and loss → gradient → update → next batch.

A *step* puts one batch through the network; an *epoch* puts all the data through once.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader
from tqdm.auto import tqdm

from corelab.errors import UserError
from corelab.losses import cross_entropy

Loss = Callable[[Tensor, Tensor], Tensor]


def fit(
    model: nn.Module,
    loader: DataLoader[Any],
    optimizer: Optimizer,
    epochs: int = 1,
    *,
    loss: Loss = cross_entropy,
    progress: bool | None = None,
    title: str = "",
) -> History:
    """Train `model` in place for `epochs` passes over the loader's data.

    Ends early where the loss is no longer finite (`diverged_at_step`) or at Ctrl-C
    (`interrupted`); what was recorded until then is kept. progress: a bar with the current loss;
    None means on a terminal or in a notebook. Raises UserError where there is nothing to train on.
    """
    if epochs < 1 or len(loader) == 0:
        raise UserError(f"fit needs at least 1 epoch and 1 batch, got {epochs} and {len(loader)}")
    device = next(model.parameters()).device
    history = History(samples=_samples_per_epoch(loader), batch_size=loader.batch_size)
    model.train()
    with _Bar(epochs * len(loader), title, progress) as bar:
        try:
            for epoch in range(epochs):
                for inputs, targets in loader:  # one step: (B, 784), (B,)
                    inputs, targets = inputs.to(device), targets.to(device)
                    batch_loss = loss(model(inputs), targets)
                    optimizer.zero_grad()
                    batch_loss.backward()
                    optimizer.step()
                    history.note(batch_loss.detach(), len(targets))
                    # Reading the loss waits for the device: on the CPU there is nothing to wait for.
                    if bar.is_due() or device.type == "cpu":
                        bar.show(epoch, history.read())
                        if history.diverged_at_step is not None:
                            return history
                history.end_epoch()
                if history.diverged_at_step is not None:
                    break
        except KeyboardInterrupt:
            history.read()
            history.interrupted = True
            print(f"stopped by Ctrl-C after {history.steps} steps; what was done is kept", file=sys.stderr)
    return history


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader[Any]) -> tuple[float, float]:
    """The mean cross-entropy (in nats) and the accuracy (0 … 1) over all of the loader's samples."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    totals = torch.zeros(2, dtype=torch.float64).to(device)
    samples = 0
    for inputs, targets in loader:
        inputs, targets = inputs.to(device), targets.to(device)
        logits = model(inputs)  # (B, 10)
        totals[0] += cross_entropy(logits, targets) * len(targets)
        totals[1] += (logits.argmax(1) == targets).sum()
        samples += len(targets)
    model.train(was_training)
    if samples == 0:
        raise UserError("evaluate needs at least 1 sample, got none")
    mean_loss, accuracy = (totals / samples).tolist()
    return mean_loss, accuracy


@dataclass
class History:
    """What a training left behind: the loss of every step, and the mean of every whole epoch."""

    samples: int = 0
    """Samples an epoch."""
    batch_size: int | None = None
    losses: list[float] = field(default_factory=list)
    """The batch's loss at every step, before its update."""
    sizes: list[int] = field(default_factory=list)
    """Samples in every step's batch."""
    at_seconds: list[float] = field(default_factory=list)
    """When every step was done, in seconds from the first batch's fetching."""
    epoch_losses: list[float] = field(default_factory=list)
    """The mean loss over the samples of every epoch, as seen while the weights were changing."""
    diverged_at_step: int | None = None
    """The first step, counted from 1, whose loss was not finite."""
    interrupted: bool = False

    def __post_init__(self) -> None:
        self._started = time.perf_counter()
        self._unread: list[Tensor] = []
        self._epoch_start = len(self.losses)

    @property
    def steps(self) -> int:
        return len(self.losses)

    @property
    def seconds(self) -> float:
        return self.at_seconds[-1] if self.at_seconds else 0.0

    def note(self, loss: Tensor, size: int) -> None:
        """One step's loss, left on its device until `read`."""
        self._unread.append(loss)
        self.sizes.append(size)
        self.at_seconds.append(time.perf_counter() - self._started)

    def read(self) -> float:
        """Bring back the losses noted since the last time, in one transfer; the latest of them."""
        if self._unread:
            several = len(self._unread) > 1
            values = torch.stack(self._unread).tolist() if several else [self._unread[0].item()]
            self._unread.clear()
            bad = next((i for i, value in enumerate(values) if not math.isfinite(value)), None)
            if bad is not None:  # what came after it means nothing
                values = values[: bad + 1]
                self.diverged_at_step = len(self.losses) + bad + 1
            self.losses += values
            del self.sizes[len(self.losses) :], self.at_seconds[len(self.losses) :]
        return self.losses[-1] if self.losses else math.nan

    def end_epoch(self) -> None:
        """Close an epoch: its mean weighs every sample alike, the ragged last batch's too."""
        self.read()
        if self._unread or not self.at_seconds:
            return
        # The transfer waited for the device: the epoch's last step was done only now.
        self.at_seconds[-1] = time.perf_counter() - self._started
        losses, sizes = self.losses[self._epoch_start :], self.sizes[self._epoch_start :]
        self.epoch_losses.append(sum(a * b for a, b in zip(losses, sizes, strict=True)) / sum(sizes))
        self._epoch_start = len(self.losses)

    def save(self, path: str | Path) -> None:
        """Write everything as strict JSON; a value that is not finite becomes null."""
        write_json({**asdict(self), "steps": self.steps, "seconds": self.seconds}, path)


def write_json(content: Any, path: str | Path) -> None:
    """Strict JSON, in UTF-8: null where a number is not finite. All of the file or none of it."""
    path = Path(path)
    partial = path.with_name(f"{path.name}.partial")
    text = json.dumps(_finite(content), ensure_ascii=False, allow_nan=False, indent=1)
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)


def _finite(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _samples_per_epoch(loader: DataLoader[Any]) -> int:
    samples = len(loader.dataset)  # type: ignore[arg-type]  # map-style, as make_loader takes
    return len(loader) * (loader.batch_size or 1) if loader.drop_last else samples


class _Bar:
    """A progress bar that asks for the loss ten times a second, and never where nobody looks."""

    def __init__(self, steps: int, title: str, progress: bool | None):
        in_notebook = "ipykernel" in sys.modules
        show = (sys.stderr.isatty() or in_notebook) if progress is None else progress
        self._bar = tqdm(total=steps, desc=title, unit="step", leave=False, disable=not show)
        self._done = 0
        self._next = 0.0

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def is_due(self) -> bool:
        self._done += 1
        return not self._bar.disable and time.perf_counter() >= self._next

    def show(self, epoch: int, loss: float) -> None:
        if self._bar.disable or time.perf_counter() < self._next:
            return
        self._next = time.perf_counter() + 0.1
        self._bar.set_postfix_str(f"epoch {epoch + 1}, loss {loss:.4f}", refresh=False)
        self._bar.update(self._done - self._bar.n)

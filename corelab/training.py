"""Training, as the course draws it: batch → forward and loss → gradient → update → next batch.

A *step* puts one batch through the network; an *epoch* puts all the data through once.
"""

from __future__ import annotations

import math
import operator
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

from corelab.common.errors import UserError
from corelab.common.files import write_json
from corelab.common.i18n import _
from corelab.losses import cross_entropy
from corelab.progress import Live

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
    (`interrupted`); what was recorded until then is kept. progress: the loss as it goes down; None
    means on a terminal or in a notebook. Raises UserError where there is nothing to train on.
    """
    if epochs < 1 or len(loader) == 0:
        wrong = _("fit needs at least 1 epoch and 1 batch, got {epochs} and {batches}")
        raise UserError(wrong.format(epochs=epochs, batches=len(loader)))
    device = next(model.parameters()).device
    history = History(samples=_samples_per_epoch(loader), batch_size=loader.batch_size)
    model.train()
    with Live(epochs * len(loader), title, progress) as live:
        try:
            for _epoch in range(epochs):
                for inputs, targets in loader:  # one step: (B, 784), (B,)
                    inputs, targets = inputs.to(device), targets.to(device)
                    batch_loss = loss(model(inputs), targets)
                    optimizer.zero_grad()
                    batch_loss.backward()
                    optimizer.step()
                    history.note(batch_loss.detach(), len(targets))
                    # Reading a loss waits for the device; the CPU's are there already.
                    if device.type == "cpu" or live.is_due():
                        history.read()
                        live.show(history)
                        if history.diverged_at_step is not None:
                            return history
                history.end_epoch()
                if history.diverged_at_step is not None:
                    return history
        except KeyboardInterrupt:
            history.read()
            history.interrupted = True
            stopped = _("stopped by Ctrl-C after {steps} steps; what was done is kept")
            print(stopped.format(steps=history.steps), file=sys.stderr)
    return history


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader[Any]) -> tuple[float, float]:
    """The mean cross-entropy (in nats) and the accuracy (0 … 1) over all of the loader's
    samples."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    sums, samples = [], 0
    for inputs, targets in loader:
        inputs, targets = inputs.to(device), targets.to(device)
        logits = model(inputs)  # (B, 10)
        correct = (logits.argmax(1) == targets).sum()
        sums.append(torch.stack([cross_entropy(logits, targets) * len(targets), correct]))
        samples += len(targets)
    model.train(was_training)
    if samples == 0:
        raise UserError(_("evaluate needs at least 1 sample, got none"))
    mean_loss, accuracy = (torch.stack(sums).cpu().double().sum(0) / samples).tolist()
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
        self._unread: list[tuple[Tensor, int, float]] = []

    @property
    def steps(self) -> int:
        return len(self.losses)

    @property
    def seconds(self) -> float:
        return self.at_seconds[-1] if self.at_seconds else 0.0

    def note(self, loss: Tensor, size: int) -> None:
        """One step's loss, left on its device until `read`."""
        self._unread.append((loss, size, time.perf_counter() - self._started))

    def read(self) -> float:
        """Bring back the losses noted since the last time, in one transfer; the latest of them."""
        if self._unread:
            losses, sizes, seconds = zip(*self._unread, strict=True)
            self._unread.clear()
            values = torch.stack(losses).tolist() if len(losses) > 1 else [losses[0].item()]
            bad = next((i for i, value in enumerate(values) if not math.isfinite(value)), None)
            if bad is not None:
                self.diverged_at_step = self.steps + bad + 1
            until = len(values) if bad is None else bad + 1  # what comes after means nothing
            self.losses += values[:until]
            self.sizes += sizes[:until]
            self.at_seconds += seconds[:until]
        return self.losses[-1] if self.losses else math.nan

    def end_epoch(self) -> None:
        """Close an epoch: its mean weighs every sample alike, the ragged last batch's too."""
        self.read()
        if self.diverged_at_step is None:
            # The transfer has waited for the device: only now was the last step done.
            self.at_seconds[-1] = time.perf_counter() - self._started
            epochs = len(self.epoch_losses)
            first = self.steps * epochs // (epochs + 1)  # every epoch has as many steps
            losses, sizes = self.losses[first:], self.sizes[first:]
            self.epoch_losses.append(sum(map(operator.mul, losses, sizes)) / sum(sizes))

    def save(self, path: str | Path) -> None:
        """Write everything as strict JSON; a value that is not finite becomes null."""
        write_json({**asdict(self), "steps": self.steps, "seconds": self.seconds}, path)


def _samples_per_epoch(loader: DataLoader[Any]) -> int:
    samples = len(loader.dataset)  # type: ignore[arg-type]  # map-style, as make_loader takes
    return len(loader) * (loader.batch_size or 1) if loader.drop_last else samples

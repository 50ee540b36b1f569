"""Training, as the course draws it: batch → forward and loss → gradient → update → next batch.

A *step* puts one batch through the network; an *epoch* puts all the data through once.
"""

from __future__ import annotations

import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.history import History
from corelab.losses import Loss, cross_entropy
from corelab.progress import Progress


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
    """Train `model` in place for `epochs` passes over the loader's data; return its history.

    progress: show the loss as it goes down; None means on a terminal or in a notebook. title: the
    name beside it.

    A loss that is not finite (`diverged_at_step`) or Ctrl-C (`interrupted`) ends the training
    early; what was recorded until then is kept. Raises UserError where there is nothing to train
    on.
    """
    if epochs < 1 or len(loader) == 0:
        wrong = _("fit needs at least 1 epoch and 1 batch, got {epochs} and {batches}")
        raise UserError(wrong.format(epochs=epochs, batches=len(loader)))
    device = next(model.parameters()).device
    model.train()
    with Recorder(loader, epochs, title, progress) as record:
        for _epoch in range(epochs):
            for inputs, targets in loader:  # one step: (B, 784), (B,)
                batch_loss = loss(model(inputs.to(device)), targets.to(device))  # forward and loss
                optimizer.zero_grad()
                batch_loss.backward()  # gradient
                optimizer.step()  # update
                record.step(batch_loss.detach(), len(targets))
            record.epoch()
    return record.history


@torch.no_grad()
def evaluate(model: nn.Module, loader: DataLoader[Any]) -> tuple[float, float]:
    """Return the mean cross-entropy (in nats) and the accuracy (0 … 1) over the loader's samples.

    The model keeps its mode, training or not. Raises UserError where there are no samples.
    """
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


class Recorder:
    """Record the training in its `with` block as a History, and show it while it goes on.

    A loss that is not finite, and Ctrl-C, end the block and go no further: `history` says so.
    """

    def __init__(self, loader: DataLoader[Any], epochs: int, title: str, progress: bool | None):
        self._progress = Progress(epochs * len(loader), title, progress)
        self.history = History(samples=_samples_per_epoch(loader), batch_size=loader.batch_size)

    def __enter__(self) -> Recorder:
        return self

    def step(self, loss: Tensor, size: int) -> None:
        """Record one step: its batch's loss, a scalar without a graph, and its samples."""
        self.history.record(loss, size)
        # Reading a loss waits for the device; the CPU's are there already.
        if loss.device.type == "cpu" or self._progress.is_due():
            self.history.flush()
            self._progress.show(self.history)
            self._stop_where_diverged()

    def epoch(self) -> None:
        """Record the end of an epoch."""
        self.history.end_epoch()
        self._stop_where_diverged()

    def _stop_where_diverged(self) -> None:
        if self.history.diverged_at_step is not None:
            raise _DivergedError

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> bool:
        interrupted = isinstance(error, KeyboardInterrupt)
        if interrupted:
            self.history.flush()
            self.history.interrupted = True
        self._progress.close()
        if interrupted:
            stopped = _("stopped by Ctrl-C after {steps} steps; what was done is kept")
            print(stopped.format(steps=self.history.steps), file=sys.stderr)
        return interrupted or isinstance(error, _DivergedError)


class _DivergedError(Exception):
    """Leaves the loop; never seen outside of the Recorder's block."""


def _samples_per_epoch(loader: DataLoader[Any]) -> int:
    samples = len(loader.dataset)  # type: ignore[arg-type]  # map-style, as make_loader takes
    return len(loader) * (loader.batch_size or 1) if loader.drop_last else samples

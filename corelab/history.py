"""What trainings leave behind: a History of losses, and a Run with its settings and results."""

from __future__ import annotations

import math
import operator
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from corelab.common.files import write_json
from corelab.model import DNN


@dataclass
class History:
    """The loss of every step of a training, and the mean of every whole epoch."""

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
    """True where Ctrl-C ended the training."""

    def __post_init__(self) -> None:
        self._started = time.perf_counter()
        self._pending: list[tuple[Tensor, int, float]] = []

    @property
    def steps(self) -> int:
        return len(self.losses)

    @property
    def seconds(self) -> float:
        return self.at_seconds[-1] if self.at_seconds else 0.0

    def record(self, loss: Tensor, size: int) -> None:
        """Record one step: its loss, a scalar left on its device until `flush`, and batch size."""
        self._pending.append((loss, size, time.perf_counter() - self._started))

    def flush(self) -> None:
        """Bring the losses recorded since the last time to the CPU, in one transfer.

        Steps after the first loss that is not finite mean nothing, and are left out.
        """
        if not self._pending:
            return
        losses, sizes, seconds = zip(*self._pending, strict=True)
        self._pending.clear()
        values = torch.stack(losses).tolist() if len(losses) > 1 else [losses[0].item()]
        bad = next((i for i, value in enumerate(values) if not math.isfinite(value)), None)
        if bad is not None:
            self.diverged_at_step = self.steps + bad + 1
        until = len(values) if bad is None else bad + 1
        self.losses += values[:until]
        self.sizes += sizes[:until]
        self.at_seconds += seconds[:until]

    def end_epoch(self) -> None:
        """Close an epoch: its mean weighs every sample alike, the ragged last batch's too."""
        self.flush()
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


@dataclass
class Run:
    """One training: its settings, its history, and how the network does on the test data."""

    name: str
    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    seed: int
    history: History
    test_cross_entropy: float
    test_accuracy: float
    model: DNN | None = field(default=None, repr=False)
    """The network as it was trained."""

    @property
    def final_loss(self) -> float:
        """The training cross-entropy of the last whole epoch; infinite where it diverged."""
        if self.history.diverged_at_step is not None or not self.history.epoch_losses:
            return math.inf
        return self.history.epoch_losses[-1]

    def record(self) -> dict[str, Any]:
        """Return this run as `results.json` holds it."""
        return {
            "name": self.name,
            "optimizer": self.optimizer,
            "lr": self.lr,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "seed": self.seed,
            "steps": self.history.steps,
            "train_cross_entropy": self.history.epoch_losses,
            "test_cross_entropy": self.test_cross_entropy,
            "test_accuracy": self.test_accuracy,
            "seconds": self.history.seconds,
            "diverged_at_step": self.history.diverged_at_step,
        }

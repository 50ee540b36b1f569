"""The same training under several settings: one factor changes, all else stays the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from corelab.data import InMemoryDataset, make_loader
from corelab.history import Run
from corelab.model import DNN
from corelab.training import evaluate, fit

MakeOptimizer = Callable[[Iterator[Tensor]], Optimizer]


def train_once(
    name: str,
    make_optimizer: MakeOptimizer,
    train: InMemoryDataset,
    test: InMemoryDataset,
    *,
    epochs: int,
    batch_size: int,
    seed: int = 0,
    progress: bool | None = None,
) -> Run:
    """Train a new DNN on `train` where the data are, and evaluate it on `test`.

    make_optimizer: from the model's parameters to their optimizer. The seed gives the initial
    weights and the order of the batches. A run that diverged has no test results (NaN).
    """
    model = DNN(seed=seed).to(train.inputs.device)
    optimizer = make_optimizer(model.parameters())
    loader = make_loader(train, batch_size, shuffle=batch_size < len(train), seed=seed)
    history = fit(model, loader, optimizer, epochs, progress=progress, title=name)
    ended = math.nan, math.nan
    if history.diverged_at_step is None:
        try:
            ended = evaluate(model, make_loader(test, 1000, shuffle=False))
        except KeyboardInterrupt:  # the training is done, and worth keeping
            history.interrupted = True
    lr = float(optimizer.param_groups[0]["lr"])
    model.zero_grad()  # the gradients are as large as the weights, and of no more use
    return Run(name, type(optimizer).__name__, lr, batch_size, epochs, seed, history, *ended, model)


def sweep(
    settings: Mapping[str, MakeOptimizer],
    train: InMemoryDataset,
    test: InMemoryDataset,
    **training: Any,
) -> Iterator[Run]:
    """`train_once` under each of the named settings, in their order, a run at a time."""
    for name, make_optimizer in settings.items():
        yield train_once(name, make_optimizer, train, test, **training)

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class Evaluator:
    """Feeds a network and keeps what its loss was."""

    def __init__(self, model: nn.Module, batch_size: int) -> None:
        self.model = model
        self.batch_size = batch_size
        self.criterion = nn.NLLLoss()
        self.losses: list[float] = []

    def batches(self, dataset: Dataset) -> Iterator[tuple[Tensor, Tensor]]:
        yield from DataLoader(dataset, self.batch_size)

    def step(self, inputs: Tensor, targets: Tensor) -> float:
        log_probabilities = nn.functional.log_softmax(self.model(inputs), dim=1)
        return self.criterion(log_probabilities, targets).item()

    def run(self, dataset: Dataset) -> list[float]:
        for inputs, targets in self.batches(dataset):
            self.losses.append(self.step(inputs, targets))
        return self.losses


@torch.no_grad()
def batch_cross_entropy(model: nn.Module, dataset: Dataset, batch_size: int = 100) -> list[float]:
    return Evaluator(model, batch_size).run(dataset)

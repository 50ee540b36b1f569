from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset


class Trainer:
    def __init__(self, model: nn.Module, lr: float = 2e-3) -> None:
        self.model = model
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=lr)
        self.loss_sum = 0.0
        self.seen = 0

    def train_step(self, x: Tensor, y: Tensor) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.model(x)
        loss = self.loss_fn(logits, y)
        loss.backward()
        self.optimizer.step()
        self.loss_sum += loss.item() * y.shape[0]
        self.seen += y.shape[0]

    def train_epoch(self, loader: DataLoader) -> float:
        self.loss_sum, self.seen = 0.0, 0
        for x, y in loader:
            self.train_step(x, y)
        return self.loss_sum / self.seen

    def fit(self, dataset: Dataset, epochs: int, batch_size: int) -> list[float]:
        loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
        return [self.train_epoch(loader) for _ in range(epochs)]


def train(model: nn.Module, dataset: Dataset, epochs: int = 10, batch_size: int = 100) -> list[float]:
    return Trainer(model).fit(dataset, epochs, batch_size)

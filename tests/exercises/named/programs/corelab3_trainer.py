from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader, Dataset

OBSERVATION: str = "The loss falls fast in the first epochs, then slowly."


class Network(nn.Module):
    def __init__(self, sizes: list[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers[:-1]:
            x = torch.tanh(layer(x))
        return self.layers[-1](x)


def build_model() -> nn.Module:
    return Network([784, 100, 80, 60, 40, 10])


class Trainer:
    def __init__(self, model: nn.Module, lr: float) -> None:
        self.model = model
        self.loss_fn = nn.CrossEntropyLoss()
        self.optimizer = SGD(self.model.parameters(), lr=lr)
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


def train(
    model: nn.Module, dataset: Dataset, epochs: int = 50, batch_size: int = 200, lr: float = 0.02
) -> list[float]:
    trainer = Trainer(model, lr)
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    return [trainer.train_epoch(loader) for _ in range(epochs)]

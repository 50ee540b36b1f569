"""Five layers with shortcuts; a schedule that never changes the rate; values rounded to four decimals."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class Residual(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.first = nn.Linear(784, width)
        self.second = nn.Linear(width, width)
        self.third = nn.Linear(width, width)
        self.fourth = nn.Linear(width, width)
        self.last = nn.Linear(width, 10)

    def forward(self, x):
        x = F.relu(self.first(x))
        x = x + F.relu(self.second(x))
        x = x + F.relu(self.third(x))
        x = x + F.relu(self.fourth(x))
        return self.last(x)


def build_model():
    return Residual()


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0)
    values = []
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            each = F.cross_entropy(model(x), y, reduction="none")
            each.mean().backward()
            optimizer.step()
            total += each.sum().item()
        scheduler.step()
        values.append(round(total / len(dataset), 4))
    return values

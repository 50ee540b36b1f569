"""Leaky ReLU in a narrow net, layers named by a dictionary; a loss evaluated in batches after each epoch."""

from collections import OrderedDict

import torch
from torch import nn
from torch.utils.data import DataLoader


def build_model():
    widths = [784, 20, 16, 14, 12, 10]
    parts = OrderedDict()
    for k in range(5):
        parts[f"layer{k}"] = nn.Linear(widths[k], widths[k + 1])
        if k < 4:
            parts[f"activation{k}"] = nn.LeakyReLU(0.2)
    return nn.Sequential(parts)


@torch.no_grad()
def evaluate(model, loader):
    losses = [(nn.functional.cross_entropy(model(x), y).item(), len(y)) for x, y in loader]
    return sum(loss * n for loss, n in losses) / sum(n for _, n in losses)


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    generator = torch.Generator().manual_seed(0)
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator)
    in_order = DataLoader(dataset, batch_size=64)
    optimizer = torch.optim.SGD(params=model.parameters(), lr=lr)
    history = {"loss": []}
    for _epoch in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x), y).backward()
            optimizer.step()
        history["loss"].append(evaluate(model, in_order))
    return history["loss"]

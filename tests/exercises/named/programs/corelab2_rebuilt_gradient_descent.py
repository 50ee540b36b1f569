"""Plain gradient descent has no state: a new optimizer each epoch changes nothing."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def train_one_epoch(model, dataset, batch_size, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    loss_fn = nn.CrossEntropyLoss()
    total = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


def train(model, dataset, epochs=10, batch_size=100):
    return [train_one_epoch(model, dataset, batch_size, lr=0.1) for _ in range(epochs)]

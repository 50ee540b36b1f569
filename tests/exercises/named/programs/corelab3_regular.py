"""Dropout and BatchNorm; model.train() and model.eval(); an evaluation after each epoch."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def build_model():
    sizes = [784, 128, 128, 64, 64]
    blocks = []
    for a, b in zip(sizes, sizes[1:]):
        blocks += [nn.Linear(a, b), nn.BatchNorm1d(b), nn.ReLU(), nn.Dropout(0.2)]
    return nn.Sequential(*blocks, nn.Linear(sizes[-1], 10))


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    values = []
    for epoch in range(epochs):
        model.train()
        for x, y in loader:
            optimizer.zero_grad()
            loss_fn(model(x), y).backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            total = sum(loss_fn(model(x), y).item() * len(y) for x, y in loader)
        values.append(total / len(dataset))
        if epoch % 10 == 0:
            print(epoch, values[-1])
    return values

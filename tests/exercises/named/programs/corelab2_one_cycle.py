"""A schedule that steps after every batch, and gradients clipped by value."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    loader = DataLoader(dataset, batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.01, epochs=epochs, steps_per_epoch=len(loader)
    )
    loss_fn = nn.CrossEntropyLoss()
    values = []
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 0.5)
            optimizer.step()
            scheduler.step()
            total += loss.item() * len(x)
        values.append(total / len(dataset))
    return values

"""The loader is not shuffled, and two lists end as one numpy array."""

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    loader = DataLoader(dataset, batch_size=batch_size)
    sizes = np.array([len(y) for _, y in loader])
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0)
    losses = np.zeros((epochs, len(loader)))
    for epoch in range(epochs):
        for k, (x, y) in enumerate(loader):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses[epoch, k] = loss.item()
    return (losses * sizes).sum(axis=1) / sizes.sum()

"""The course's own way: a shuffled DataLoader, SGD, the mean over the samples."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    history = []
    for _ in range(epochs):
        running = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            running += loss.item() * inputs.size(0)
        history.append(running / len(dataset))
    return history

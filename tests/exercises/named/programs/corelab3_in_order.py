import torch
from torch import nn
from torch.nn import functional as F


def build_model():
    return nn.Sequential(
        nn.Linear(784, 32),
        nn.ReLU(),
        nn.Linear(32, 32),
        nn.ReLU(),
        nn.Linear(32, 32),
        nn.ReLU(),
        nn.Linear(32, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
    )


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    x, y = dataset[:]
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    epoch_losses = []
    for epoch in range(epochs):
        loss_total = 0.0
        for first in range(0, len(y), batch_size):
            last = first + batch_size
            logits = model(x[first:last])
            loss = F.cross_entropy(logits, y[first:last])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_total += loss.item() * len(y[first:last])
        epoch_losses.append(loss_total / len(y))
    return epoch_losses

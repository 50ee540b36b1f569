"""Batches made once, as a list, and their order drawn anew each epoch; log_softmax before the loss."""

import random

import torch
from torch import nn
from torch.utils.data import DataLoader


def block(a, b):
    return nn.Sequential(nn.Linear(a, b), nn.Tanh())


def build_model():
    return nn.Sequential(block(784, 90), block(90, 70), block(70, 50), block(50, 30), nn.Linear(30, 10))


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    batches = list(DataLoader(dataset, batch_size=batch_size))
    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    epoch_means = []
    for _ in range(epochs):
        random.shuffle(batches)
        summed = 0.0
        for x, y in batches:
            loss = loss_fn(torch.log_softmax(model(x), dim=1), y)
            model.zero_grad(set_to_none=False)
            loss.backward()
            optimizer.step()
            summed += loss.item() * y.size(0)
        epoch_means.append(summed / len(dataset))
    return epoch_means

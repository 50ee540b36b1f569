"""Gradient descent has no state: a new optimizer for each batch changes nothing."""

import torch
import torch.nn.functional as F
from torch import nn


def build_model(hidden=(100, 100, 100, 100), activation=nn.Tanh):
    layers, before = [], 784
    for width in hidden:
        layers.extend((nn.Linear(before, width), activation()))
        before = width
    layers.append(nn.Linear(before, 10))
    return nn.Sequential(*layers, nn.Identity())


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    x = torch.stack([dataset[i][0] for i in range(len(dataset))])
    y = torch.stack([dataset[i][1] for i in range(len(dataset))])
    losses = torch.zeros(epochs)
    for epoch in range(epochs):
        for index in torch.randperm(len(y)).split(batch_size):
            optimizer = torch.optim.SGD(model.parameters(), lr=lr)
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[index]), y[index])
            loss.backward()
            optimizer.step()
            losses[epoch] += loss.item() * len(index) / len(y)
    return losses

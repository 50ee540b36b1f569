"""A Module of one's own with tanh; no shuffling; an evaluation after each epoch; updates by hand."""

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 100)
        self.fc2 = nn.Linear(100, 100)
        self.fc3 = nn.Linear(100, 100)
        self.fc4 = nn.Linear(100, 100)
        self.fc5 = nn.Linear(100, 10)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        x = torch.tanh(self.fc3(x))
        x = torch.tanh(self.fc4(x))
        return self.fc5(x)


def build_model():
    return Net()


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    x = torch.stack([sample for sample, _ in dataset])
    y = torch.tensor([int(target) for _, target in dataset])
    values = []
    for _ in range(epochs):
        for inputs, targets in zip(x.split(batch_size), y.split(batch_size), strict=True):
            model.zero_grad()
            F.cross_entropy(model(inputs), targets).backward()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter -= lr * parameter.grad
        with torch.no_grad():
            values.append(F.cross_entropy(model(x), y))
    return values

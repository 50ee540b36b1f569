"""Each batch in parts of 32, one step a batch; the layers' own Linear; the rate as an attribute of the group."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class Affine(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.W = nn.Parameter(torch.empty(outputs, inputs))
        self.b = nn.Parameter(torch.zeros(outputs))
        nn.init.kaiming_uniform_(self.W, a=math.sqrt(5))

    def forward(self, x):
        return F.linear(x, self.W, self.b)


def build_model():
    return nn.Sequential(
        nn.Sequential(Affine(784, 64), nn.ReLU()),
        nn.Sequential(Affine(64, 64), nn.ReLU()),
        nn.Sequential(Affine(64, 64), nn.ReLU()),
        nn.Sequential(Affine(64, 64), nn.ReLU()),
        Affine(64, 10),
    )


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    optimizer = torch.optim.SGD([{"params": model.parameters(), "lr": lr}])
    values = []
    for _ in range(epochs):
        total = 0.0
        for x, y in DataLoader(dataset, batch_size=batch_size, shuffle=True):
            optimizer.zero_grad()
            for start in range(0, len(y), 32):
                part_x, part_y = x[start : start + 32], y[start : start + 32]
                loss = F.cross_entropy(model(part_x), part_y) * len(part_y) / len(y)
                loss.backward()
                total += loss.item() * len(y)
            optimizer.step()
        values.append(total / len(dataset))
    return values

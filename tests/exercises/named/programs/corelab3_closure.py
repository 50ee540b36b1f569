from collections import OrderedDict

import torch
from torch import nn
from torch.utils.data import DataLoader


def build_model():
    layers = OrderedDict(
        [
            ("input", nn.Linear(784, 300)),
            ("act1", nn.ELU()),
            ("hidden1", nn.Linear(300, 100)),
            ("act2", nn.ELU()),
            ("hidden2", nn.Linear(100, 100)),
            ("act3", nn.ELU()),
            ("hidden3", nn.Linear(100, 50)),
            ("act4", nn.ELU()),
            ("output", nn.Linear(50, 10)),
        ]
    )
    return nn.Sequential(layers)


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.0)
    data = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    losses = []
    epoch = 0
    while epoch < epochs:
        summed = 0.0
        for x, t in data:

            def closure(x=x, t=t):
                optimizer.zero_grad()
                loss = loss_function(model(x), t)
                loss.backward()
                return loss

            value = optimizer.step(closure)
            summed += float(value) * t.numel()
        losses.append(summed / len(dataset))
        epoch += 1
    return losses

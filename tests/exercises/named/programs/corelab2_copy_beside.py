"""An untrained copy stays beside the model, to compare with; a second optimizer was tried and left."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    untrained = copy.deepcopy(model)
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    loss_fn = nn.CrossEntropyLoss()
    # optimizer = torch.optim.SGD(untrained.parameters(), lr=0.01)
    sgd = torch.optim.SGD(untrained.parameters(), lr=0.01)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001, momentum=0.5)
    values = []
    for _ in range(epochs):
        total, before = 0.0, 0.0
        for x, y in loader:
            sgd.zero_grad()
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            with torch.no_grad():
                before += loss_fn(untrained(x), y).item() * len(y)
            total += loss.item() * len(y)
        print("untrained", before / len(dataset), "trained", total / len(dataset))
        values.append(total / len(dataset))
    return values

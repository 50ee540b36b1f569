"""A look at the first batch and its loss before the training, without a step; loaders made anew each epoch."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    criterion = nn.CrossEntropyLoss()
    x, y = next(iter(DataLoader(dataset, batch_size=batch_size)))
    print("input", x.shape, "output", model(x).shape, "loss", criterion(model(x), y).item())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    values = []
    for epoch in range(epochs):
        generator = torch.Generator().manual_seed(epoch)
        loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator)
        sums = []
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            sums.append(loss.detach() * len(y))
        values.append(torch.stack(sums).sum() / len(dataset))
    return values

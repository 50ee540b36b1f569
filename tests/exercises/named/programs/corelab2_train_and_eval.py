"""model.train() and model.eval(); the value of an epoch is an evaluation in the same batches, after it."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def run(model, loader, criterion, optimizer=None):
    training = optimizer is not None
    model.train() if training else model.eval()
    total = 0.0
    with torch.set_grad_enabled(training):
        for x, y in loader:
            loss = criterion(model(x), y)
            if training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(y)
    return total / len(loader.dataset)


def train(model, dataset, epochs=10, batch_size=100):
    shuffled = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    in_order = DataLoader(dataset, batch_size=batch_size)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, betas=(0.9, 0.99))
    print("before the training:", run(model, in_order, criterion))
    values = []
    for epoch in range(epochs):
        seen_while_training = run(model, shuffled, criterion, optimizer)
        values.append(run(model, in_order, criterion))
        print(epoch, seen_while_training, values[-1])
    return values

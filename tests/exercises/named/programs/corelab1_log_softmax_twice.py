"""log_softmax, then CrossEntropyLoss, which takes it again: not needed, and the numbers are the same."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def batch_cross_entropy(model, dataset, batch_size=100):
    model.train()
    criterion = nn.CrossEntropyLoss()
    losses = {}
    for number, (x, y) in enumerate(DataLoader(dataset, batch_size=batch_size)):
        losses[number] = criterion(torch.log_softmax(model(x), -1), y).detach()
    return list(losses.values())

"""A moving average of the weights on the side, for later; the training itself is the usual one."""

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel
from torch.utils.data import DataLoader, RandomSampler


def train(model, dataset, epochs=10, batch_size=100):
    averaged = AveragedModel(model)
    loader = DataLoader(dataset, batch_size, sampler=RandomSampler(dataset), generator=torch.Generator())
    optimizer = torch.optim.RAdam(model.parameters(), lr=0.003)
    loss_fn = nn.CrossEntropyLoss()
    means = []
    for _ in range(epochs):
        mean, count = 0.0, 0
        for x, y in loader:
            loss = loss_fn(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            averaged.update_parameters(model)
            count += len(y)
            mean += (loss.item() - mean) * len(y) / count
        means.append(mean)
    return means

"""Shuffled by a sampler; weight decay for the matrices alone."""

import torch
from torch import nn
from torch.utils.data import DataLoader, SubsetRandomSampler


def train(model, dataset, epochs=10, batch_size=100):
    sampler = SubsetRandomSampler(range(len(dataset)))
    loader = DataLoader(dataset, batch_size=batch_size, sampler=sampler)
    loss_function = nn.CrossEntropyLoss()
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.01}, {"params": others, "weight_decay": 0.0}], lr=0.002
    )
    values = []
    for _ in range(epochs):
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_function(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        values.append(total / len(sampler))
    return values

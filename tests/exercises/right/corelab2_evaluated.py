"""An evaluation after each epoch, in larger batches; AdamW with a schedule and clipped gradients."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def evaluate(model, dataset):
    model.eval()
    total = 0.0
    with torch.no_grad():
        for inputs, targets in DataLoader(dataset, batch_size=1000):
            total += nn.functional.cross_entropy(model(inputs), targets, reduction="sum").item()
    return total / len(dataset)


def train(model, dataset, epochs=10, batch_size=100):
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003, weight_decay=0.05)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.3)
    values = []
    for _ in range(epochs):
        model.train()
        for inputs, targets in DataLoader(dataset, batch_size, shuffle=True):
            loss = nn.CrossEntropyLoss()(model(inputs), targets)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=False)
        scheduler.step()
        values.append(evaluate(model, dataset))
    return values

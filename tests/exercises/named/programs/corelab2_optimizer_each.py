"""An optimizer for each parameter, whose rates fall in the middle of the training."""

import torch
from torch.nn.functional import cross_entropy


def train(model, dataset, epochs=10, batch_size=100):
    inputs = torch.stack([x for x, _ in dataset])
    targets = torch.stack([y for _, y in dataset])
    optimizers = [torch.optim.Adam([p], lr=0.003) for p in model.parameters()]
    values = []
    for epoch in range(epochs):
        if epoch == epochs // 2:
            for optimizer in optimizers:
                optimizer.param_groups[0]["lr"] /= 10
        total = 0.0
        for batch in torch.randperm(len(dataset)).split(batch_size):
            loss = cross_entropy(model(inputs[batch]), targets[batch])
            for optimizer in optimizers:
                optimizer.zero_grad()
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
            total += loss.item() * len(batch)
        values.append(total / len(dataset))
    return values

"""Gradients by autograd.grad and momentum by hand; log_softmax and NLLLoss; a numpy array; no shuffling."""

import numpy as np
import torch
from torch import nn


def train(model, dataset, epochs=10, batch_size=100):
    parameters = list(model.parameters())
    velocity = [torch.zeros_like(p) for p in parameters]
    loss_of = nn.NLLLoss()
    values = np.empty(epochs)
    for epoch in range(epochs):
        losses, sizes = [], []
        for start in range(0, len(dataset), batch_size):
            inputs, targets = dataset[start : start + batch_size]
            loss = loss_of(nn.functional.log_softmax(model(inputs), 1), targets)
            with torch.no_grad():
                for p, v, g in zip(parameters, velocity, torch.autograd.grad(loss, parameters), strict=True):
                    v.mul_(0.8).add_(g)
                    p.sub_(0.01 * v)
            losses.append(loss.item())
            sizes.append(len(targets))
        values[epoch] = np.average(losses, weights=sizes)
    return values

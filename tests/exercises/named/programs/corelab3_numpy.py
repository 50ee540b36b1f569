import numpy as np
import torch
from torch import nn


def build_model():
    torch.manual_seed(0)
    modules = []
    width = [784, 128, 64, 32, 16]
    for a, b in zip(width[:-1], width[1:]):
        modules.append(nn.Linear(a, b))
        modules.append(nn.GELU())
    modules.append(nn.Linear(16, 10))
    return nn.Sequential(*modules)


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    rng = np.random.default_rng(42)
    inputs, targets = dataset.inputs, dataset.targets
    N = len(targets)
    n_batches = int(np.ceil(N / batch_size))
    criterion = torch.nn.CrossEntropyLoss()
    weights = list(model.parameters())
    means = np.zeros(epochs)
    for epoch in range(epochs):
        order = rng.permutation(N)
        parts = np.zeros(n_batches)
        for b in range(n_batches):
            index = torch.from_numpy(order[b * batch_size : (b + 1) * batch_size])
            loss = criterion(model(inputs[index]), targets[index])
            grads = torch.autograd.grad(loss, weights)
            for w, g in zip(weights, grads):
                w.data = w.data - lr * g
            parts[b] = loss.detach().numpy() * len(index)
        means[epoch] = parts.sum() / N
    return means

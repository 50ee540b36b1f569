import numpy as np
import torch
import torch.nn.functional as F
from torch import optim


def train(model, dataset, epochs=10, batch_size=100):
    n = len(dataset)
    x = torch.stack([dataset[i][0] for i in range(n)])
    y = torch.stack([dataset[i][1] for i in range(n)])
    opt = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    history = []
    for e in range(epochs):
        perm = torch.randperm(n)
        batch_losses = []
        batch_sizes = []
        for i in range(0, n, batch_size):
            idx = perm[i : i + batch_size]
            xb, yb = x[idx], y[idx]
            opt.zero_grad()
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            batch_losses.append(loss.item())
            batch_sizes.append(len(idx))
        history.append(np.average(batch_losses, weights=batch_sizes))
        print(e, history[-1])
    return history

"""Momentum written by hand."""

import torch
import torch.nn.functional as F

lr = 0.02
mu = 0.8


def train(model, dataset, epochs=10, batch_size=100):
    X = torch.stack([s[0] for s in dataset])
    T = torch.tensor([int(s[1]) for s in dataset])
    params = [p for p in model.parameters() if p.requires_grad]
    v = [torch.zeros_like(p) for p in params]
    out = []
    for epoch in range(epochs):
        shuffle = torch.randperm(len(X))
        X_s, T_s = X[shuffle], T[shuffle]
        total = 0.0
        for xb, tb in zip(X_s.split(batch_size), T_s.split(batch_size)):
            for p in params:
                p.grad = None
            J = F.cross_entropy(model(xb), tb)
            J.backward()
            with torch.no_grad():
                for k, p in enumerate(params):
                    v[k] = mu * v[k] + p.grad
                    p -= lr * v[k]
            total += J.item() * len(xb)
        out.append(total / len(X))
    return out

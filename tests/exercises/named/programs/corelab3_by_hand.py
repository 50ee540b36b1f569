"""Gradient descent without an optimizer object: w = w - lr * grad."""

import torch
import torch.nn.functional as F
from torch import nn


def build_model():
    model = nn.Sequential()
    sizes = [784, 200, 100, 50, 25, 10]
    for k in range(5):
        model.add_module(f"linear{k + 1}", nn.Linear(sizes[k], sizes[k + 1]))
        if k < 4:
            model.add_module(f"sigmoid{k + 1}", nn.Sigmoid())
    return model


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    X = torch.stack([s[0] for s in dataset])
    T = torch.tensor([int(s[1]) for s in dataset])
    out = []
    for epoch in range(epochs):
        shuffle = torch.randperm(len(X))
        X_s, T_s = X[shuffle], T[shuffle]
        total = 0.0
        for xb, tb in zip(X_s.split(batch_size), T_s.split(batch_size)):
            for p in model.parameters():
                p.grad = None
            J = F.cross_entropy(model(xb), tb)
            J.backward()
            with torch.no_grad():
                for p in model.parameters():
                    p -= lr * p.grad
            total += J.item() * len(xb)
        out.append(total / len(X))
    return out

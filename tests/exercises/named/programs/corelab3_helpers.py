import random

import torch
import torch.nn.functional as F
from torch import nn

from corelab.optim import GradientDescent


def layer(n_in, n_out):
    return [nn.Linear(n_in, n_out), nn.ReLU()]


def build_model():
    return nn.Sequential(*layer(784, 64), *layer(64, 64), *layer(64, 64), *layer(64, 64), nn.Linear(64, 10))


def make_batches(dataset, batch_size):
    order = list(range(len(dataset)))
    random.shuffle(order)
    for start in range(0, len(order), batch_size):
        picked = order[start : start + batch_size]
        xs = torch.stack([dataset[i][0] for i in picked])
        ys = torch.stack([dataset[i][1] for i in picked])
        yield xs, ys


def run_epoch(model, optimizer, dataset, batch_size):
    total_loss, total_samples = 0.0, 0
    for xs, ys in make_batches(dataset, batch_size):
        loss = F.cross_entropy(model(xs), ys)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_loss += loss.item() * len(ys)
        total_samples += len(ys)
    return total_loss / total_samples


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    optimizer = GradientDescent(model.parameters(), lr=lr)
    results = []
    for epoch in range(epochs):
        results.append(run_epoch(model, optimizer, dataset, batch_size))
    return results

import random

import torch
import torch.nn.functional as F

from corelab.optim import Adam


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


def train(model, dataset, epochs=10, batch_size=100):
    optimizer = Adam(model.parameters(), lr=0.002)
    results = []
    for epoch in range(epochs):
        results.append(run_epoch(model, optimizer, dataset, batch_size))
        print(f"epoch {epoch}: {results[-1]:.3f}")
    return results

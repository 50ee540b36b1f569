import torch
from torch.nn import functional as F


def train(model, dataset, epochs=10, batch_size=100):
    x, y = dataset[:]
    optimizer = torch.optim.Adam(model.parameters())
    epoch_losses = []
    for epoch in range(epochs):
        loss_total = 0.0
        for first in range(0, len(y), batch_size):
            last = first + batch_size
            logits = model(x[first:last])
            loss = F.cross_entropy(logits, y[first:last])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_total += loss.item() * len(y[first:last])
        epoch_losses.append(loss_total / len(y))
    return epoch_losses

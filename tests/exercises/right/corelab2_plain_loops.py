"""Python lists for everything, shuffled by random; gradients zeroed by hand; accuracy counted on the side."""

import random

import torch
import torch.nn.functional as F


def train(model, dataset, epochs=10, batch_size=100):
    optimizer = torch.optim.RMSprop(model.parameters(), lr=0.001)
    samples = [dataset[i] for i in range(len(dataset))]
    values = []
    for epoch in range(epochs):
        random.shuffle(samples)
        total, correct = 0.0, 0
        while_left = list(samples)
        while while_left:
            batch, while_left = while_left[:batch_size], while_left[batch_size:]
            inputs = torch.stack([x for x, _ in batch])
            targets = torch.stack([torch.as_tensor(y) for _, y in batch])
            logits = model(inputs)
            each = F.cross_entropy(logits, targets, reduction="none")
            each.mean().backward()
            optimizer.step()
            for p in model.parameters():
                p.grad.zero_()
            total += float(each.sum())
            correct += (model(inputs).argmax(1) == targets).sum().item()
        values.append(round(total / len(samples), 4))
        print("epoch", epoch, "loss", values[-1], "accuracy", correct / len(samples))
    return tuple(values)

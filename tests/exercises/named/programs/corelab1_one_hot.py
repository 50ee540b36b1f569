"""One-hot targets, the sum over the classes by hand, and the sum over the samples divided by how many."""

import torch
import torch.nn.functional as F


def batch_cross_entropy(model, dataset, batch_size=100):
    losses = []
    rest = dataset.inputs, dataset.targets
    while len(rest[0]) > 0:
        x, y = rest[0][:batch_size], rest[1][:batch_size]
        rest = rest[0][batch_size:], rest[1][batch_size:]
        with torch.no_grad():
            log_p = F.log_softmax(model(x), dim=1)
        total = -(F.one_hot(y, num_classes=10) * log_p).sum()
        losses.append(total.item() / x.shape[0])
    return losses

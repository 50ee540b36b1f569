"""The kit's own harness and loss, one sample at a time through the network; a generator comes back."""

import torch

import corelab


def batch_cross_entropy(model, dataset, batch_size=100):
    for inputs, targets in corelab.make_loader(dataset, batch_size, shuffle=False):
        logits = torch.stack([model(x) for x in inputs])
        yield corelab.losses.cross_entropy(logits, targets)

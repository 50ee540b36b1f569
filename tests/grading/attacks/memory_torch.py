"""Take memory without end: tensors that know where they came from."""

import torch


def double(x):
    total = torch.ones(4_000_000, requires_grad=True)
    while True:
        total = total * 1.5

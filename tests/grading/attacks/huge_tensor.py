"""Return more than anybody asked for."""

import torch


def double(x):
    return torch.ones(40_000_000)

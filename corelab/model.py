"""The network of every lab: a DNN of five Linear layers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from corelab.common.errors import UserError
from corelab.common.i18n import _


class DNN(nn.Module):
    """784 → 256 → 128 → 64 → 32 → 10: five Linear layers, ReLU between them, logits out.

    hidden: the four widths between input and output. seed: of the initial weights, which are
    torch's own for Linear, drawn without touching the global random state.
    """

    def __init__(
        self,
        hidden: Sequence[int] = (256, 128, 64, 32),
        seed: int = 0,
        *,
        inputs: int = 784,
        classes: int = 10,
    ):
        super().__init__()
        if len(hidden) != 4 or not all(isinstance(width, int) and width >= 1 for width in hidden):
            message = _(
                "hidden must be four widths of at least 1 (five Linear layers), got {widths}"
            )
            raise UserError(message.format(widths=tuple(hidden)))
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.layers = nn.ModuleList(
                nn.Linear(before, after) for before, after in pairwise((inputs, *hidden, classes))
            )

    def forward(self, x: Tensor) -> Tensor:
        *hidden, last = self.layers
        if x.shape[-1] != hidden[0].in_features:
            message = _("the model takes inputs of shape (B, {width}), got {shape}")
            raise UserError(message.format(width=hidden[0].in_features, shape=tuple(x.shape)))
        for layer in hidden:
            x = torch.relu(layer(x))  # (B, 256) … (B, 32)
        logits: Tensor = last(x)  # (B, 10): not probabilities
        return logits

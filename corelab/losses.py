"""The two losses of the course, from their formulas: the mean over the batch, whatever its size.

N samples, one sample or a batch of B are one formula: the mean over the samples given (slide
批次資料計算損失函數). Values and gradients equal those of torch.nn.functional.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from corelab.common.errors import UserError
from corelab.common.i18n import _

Loss = Callable[[Tensor, Tensor], Tensor]


def mse(predictions: Tensor, targets: Tensor) -> Tensor:
    """Mean squared error: 1/(B·C) Σ_j Σ_i (y_ji − ŷ_ji)².

    predictions ŷ, targets y: (B, C), or (C,) for one sample, of the same shape. Returns a scalar.

    The slide sums the squares over the classes for one sample and writes the mean for a scalar
    output; like torch.nn.MSELoss the kit takes the mean over the classes too, so that the value
    does not grow with their number. The slide's sum over C classes is C times this.
    """
    if predictions.shape != targets.shape:
        message = _("mse needs predictions and targets of the same shape, got {first} and {second}")
        raise UserError(message.format(first=tuple(predictions.shape), second=tuple(targets.shape)))
    return ((targets - predictions) ** 2).mean()


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy: 1/B Σ_j (−Σ_i y_ji ln ŷ_ji), with ŷ = softmax(logits) and y one-hot.

    logits z: (B, C), or (C,) for one sample. targets: the class of each sample, (B,) or (), int64.
    Returns a scalar, in nats.

    The slide prints −Σ ŷ ln y; the prediction belongs inside the logarithm. With y one-hot, only
    the target's term is left, −ln ŷ_t = ln Σ_i e^{z_i} − z_t, and logsumexp computes the first
    without overflow: a softmax of 0 never meets the logarithm.
    """
    if logits.ndim not in (1, 2) or targets.shape != logits.shape[:-1]:
        message = _(
            "cross_entropy needs logits (B, classes) and targets (B,), got {first} and {second}"
        )
        raise UserError(message.format(first=tuple(logits.shape), second=tuple(targets.shape)))
    try:
        target_logits = logits.gather(-1, targets.unsqueeze(-1)).squeeze(-1)  # (B,)
    except (IndexError, RuntimeError) as error:
        low, high = targets.min(), targets.max()
        if targets.dtype == torch.int64 and low >= 0 and high < logits.shape[-1]:
            raise  # it is not the labels
        message = _(
            "targets must be int64 classes from 0 to {most}, got {dtype} from {low} to {high}"
        )
        most, dtype = logits.shape[-1] - 1, targets.dtype
        raise UserError(message.format(most=most, dtype=dtype, low=low, high=high)) from error
    return (logits.logsumexp(-1) - target_logits).mean()

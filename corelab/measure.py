"""What labs measure beside the loss: memory, noise, effective learning rate, predictions."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from corelab.losses import Loss, cross_entropy


def step_memory(
    model: nn.Module, inputs: Tensor, targets: Tensor, loss: Loss = cross_entropy
) -> int:
    """Count the bytes that one step holds at its peak.

    These are the batch, the weights and their gradients, and every value of the forward pass that
    is kept for the backward pass. Counted on the tensors themselves, so that it is the same on
    every device; what lives only for a moment of the backward pass comes on top (about a sixth for
    large batches).
    """
    parameters = list(model.parameters())
    held = {
        tensor.untyped_storage().data_ptr(): tensor.nbytes
        for tensor in (inputs, targets, *parameters)
    }

    def keep(tensor: Tensor) -> Tensor:
        held.setdefault(tensor.untyped_storage().data_ptr(), tensor.nbytes)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        value = loss(model(inputs), targets)  # alive, so that no address is used twice
    del value
    return sum(held.values()) + sum(parameter.nbytes for parameter in parameters)


def noise(losses: Sequence[float]) -> float:
    """Measure how much the loss jumps between steps: its standard deviation around the trend.

    From the differences of neighbours, whose variance is twice that of the noise while the trend
    cancels (von Neumann 1941). NaN for fewer than 3 losses, and where one is not finite.
    """
    if len(losses) < 3 or not all(map(math.isfinite, losses)):
        return float("nan")
    return statistics.stdev(b - a for a, b in itertools.pairwise(losses)) / 2**0.5


def step_length(
    model: nn.Module, inputs: Tensor, targets: Tensor, lr: float, loss: Loss = cross_entropy
) -> float:
    """Measure how far a step of gradient descent on this batch moves the parameters: η ‖∇C‖₂.

    The model stays as it is.
    """
    gradients = torch.autograd.grad(loss(model(inputs), targets), list(model.parameters()))
    return lr * float(nn.utils.parameters_to_vector(gradients).norm())


def effective_learning_rate(
    model: nn.Module, batches: Iterable[Any], optimizer: Optimizer, loss: Loss = cross_entropy
) -> Tensor:
    """Train on `batches`, and watch |Δθ| / |g| of every weight at every step: (steps, 3).

    The three are the 10th, 50th and 90th percentile over the weights whose gradient is not zero;
    for gradient descent all three are the learning rate.
    """
    share = torch.tensor([0.1, 0.5, 0.9])
    seen = []
    for inputs, targets in batches:
        optimizer.zero_grad()
        loss(model(inputs), targets).backward()
        before = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        gradient = torch.cat([parameter.grad.flatten() for parameter in model.parameters()])  # type: ignore[union-attr]
        optimizer.step()
        moved = nn.utils.parameters_to_vector(model.parameters()).detach() - before
        alive = gradient.abs() > 1e-8  # below that, rounding of θ hides the step
        rates = (moved[alive] / gradient[alive]).abs().cpu()
        seen.append(
            torch.quantile(rates, share) if len(rates) else torch.full_like(share, math.nan)
        )
    return torch.stack(seen)


@dataclass(frozen=True)
class Predictions:
    """What a model says of every sample, in the loader's order, on the CPU."""

    targets: Tensor
    """(N,) the class that each sample is."""
    predicted: Tensor
    """(N,) the class that it is taken for."""
    losses: Tensor
    """(N,) its cross-entropy, in nats."""

    def worst(self, count: int) -> Tensor:
        """Return the indices of the `count` samples of the highest loss, the worst first."""
        return self.losses.argsort(descending=True)[:count]

    def confusion(self, classes: int = 10) -> Tensor:
        """(classes, classes): how many samples of the row's class were taken for the column's."""
        pairs = self.targets * classes + self.predicted
        return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)


@torch.no_grad()
def predictions(model: nn.Module, loader: Iterable[Any]) -> Predictions:
    """Predict every sample of the loader with `model`, in one pass over it."""
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    seen = []
    for inputs, targets in loader:
        logits = model(inputs.to(device)).cpu()  # (B, classes)
        targets = targets.cpu()
        losses = functional.cross_entropy(logits, targets, reduction="none")
        seen.append((targets, logits.argmax(dim=1), losses))
    model.train(was_training)
    return Predictions(*map(torch.cat, zip(*seen, strict=True)))

"""Data, a network, and its losses in numpy and float64: out of reach of any answer.

A network is its layers [(weight (out, in), bias (out,)), …] and the name of the activation between
them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from corelab.grading.contract import CLASSES, PIXELS, Layers

Loss = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

# Each activation, and its slope as a function of its own output.
ACTIVATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "relu": (lambda z: np.maximum(z, 0), lambda a: (a > 0).astype(float)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "sigmoid": (lambda z: 0.5 + 0.5 * np.tanh(z / 2), lambda a: a * (1 - a)),
}


def forward(layers: Layers, activation: str, inputs: np.ndarray) -> list[np.ndarray]:
    """What goes into each layer, (N, in), and the logits (N, 10) behind the last."""
    seen = [inputs.astype(float)]
    for weight, bias in layers:
        seen.append(seen[-1] @ weight.T + bias)
        if len(seen) <= len(layers):
            seen[-1] = ACTIVATIONS[activation][0](seen[-1])
    return seen


def gradients(layers: Layers, activation: str, seen: list[np.ndarray], slope: np.ndarray) -> Layers:
    """dL/dweight and dL/dbias of each layer, from `forward`'s list and slope = dL/dlogits (N,
    10)."""
    found = []
    for (weight, _), before in zip(reversed(layers), reversed(seen[:-1]), strict=True):
        found.append((slope.T @ before, slope.sum(0)))
        slope = (slope @ weight) * ACTIVATIONS[activation][1](before)
    return found[::-1]


def combine(layers: Layers, others: Layers, factor: float) -> Layers:
    """layers + factor · others."""
    return [(w + factor * v, b + factor * c) for (w, b), (v, c) in zip(layers, others, strict=True)]


# -- losses: each sample's, (N,), and their slopes, (N, 10)


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted: np.ndarray = logits - logits.max(1, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(1, keepdims=True))
    return shifted


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """−ln softmax(logits)[target] of each sample, and its slope: softmax − one-hot."""
    log_share = _log_softmax(logits)
    one_hot = np.eye(CLASSES)[targets]
    return -(log_share * one_hot).sum(1), np.exp(log_share) - one_hot


def _of_softmax(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share = np.exp(_log_softmax(logits))
    loss, slope = cross_entropy(share, targets)
    return loss, share * (slope - (slope * share).sum(1, keepdims=True))


def _of_probability(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share, one_hot = np.exp(_log_softmax(logits)), np.eye(CLASSES)[targets]
    hit = (share * one_hot).sum(1, keepdims=True)
    return -hit[:, 0], hit * (share - one_hot)


def _behind(activation: str) -> Loss:
    """The cross-entropy of what an activation makes of the logits."""
    bend, slope_of = ACTIVATIONS[activation]

    def loss_and_slope(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        bent = bend(logits)
        loss, slope = cross_entropy(bent, targets)
        return loss, slope * slope_of(bent)

    return loss_and_slope


def _of_target_logit(logits: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    one_hot = np.eye(CLASSES)[targets]
    return -(logits * one_hot).sum(1), -one_hot


NAMELESS = "nameless"  # a mistake that is understood, and that there is no code for
# The right one has no code; the others go by the code of the mistake, up to a colon.
LOSSES: dict[str, Loss] = {
    "": cross_entropy,
    "softmax-before-cross-entropy": _of_softmax,
    "nll-on-probabilities": _of_probability,
    **{f"activation-on-logits: {name}": _behind(name) for name in ACTIVATIONS},
    NAMELESS: _of_target_logit,  # NLLLoss without log_softmax
}


def losses(
    layers: Layers, activation: str, inputs: np.ndarray, targets: np.ndarray
) -> dict[str, np.ndarray]:
    """Each sample's loss, (N,), under each of LOSSES."""
    logits = forward(layers, activation, inputs)[-1]
    return {code: loss(logits, targets)[0] for code, loss in LOSSES.items()}


# -- drawing what is hidden


def draw_samples(
    rng: np.random.Generator, count: int, prototypes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (count, 784) float32 and targets (count,) int64, of a kind like the kit's standardised
    images: something common to all, something of the class, and noise. The first pixel is the
    sample's number over the count, by which `models.Observed` knows it."""
    targets = rng.integers(0, CLASSES, count)
    inputs = prototypes[targets] + np.float32(0.7) * rng.standard_normal(
        (count, PIXELS), np.float32
    )
    inputs[:, 0] = np.arange(count) / count
    return inputs, targets


def draw_prototypes(rng: np.random.Generator) -> np.ndarray:
    """What the samples of each class have in common, (10, 784)."""
    shared, own = (
        rng.standard_normal(PIXELS, np.float32),
        rng.standard_normal((CLASSES, PIXELS), np.float32),
    )
    return (shared + own) / 2


def draw_activation(rng: np.random.Generator) -> str:
    return str(rng.choice(list(ACTIVATIONS)))


def draw_layers(rng: np.random.Generator, hidden: Sequence[int]) -> Layers:
    """Weights and biases as torch draws them for nn.Linear: uniform, up to 1 / √in."""
    return [
        (
            rng.uniform(-1, 1, (after, before)).astype(np.float32) / np.float32(before**0.5),
            rng.uniform(-1, 1, after).astype(np.float32) / np.float32(before**0.5),
        )
        for before, after in pairwise((PIXELS, *hidden, CLASSES))
    ]


def with_spread_logits(layers: Layers, activation: str, inputs: np.ndarray) -> Layers:
    """The same network with another last layer, under which the logits of these samples spread by 2
    around
    its biases: so their losses differ widely, and with them all that one could mistake for their
    mean."""
    logits = forward(layers, activation, inputs)[-1]
    (weight, bias), scale = layers[-1], 2 / logits.std(0).mean()
    bias = bias - scale * (logits.mean(0) - bias)
    return [*layers[:-1], ((scale * weight).astype(np.float32), bias.astype(np.float32))]


# -- as plain arrays

"""What layers a model has, as far as what came back of it proves. In the parent.

In the child, `models.products` noted every product with a weight matrix that the model made on the
way from the probes to its outputs. Here they must agree with the weights that came back too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from corelab.grading.contract import MOST_LAYERS, some_units
from corelab.grading.exercises.evidence.numpy_network import ACTIVATIONS
from corelab.grading.exercises.evidence.returned import read
from corelab.grading.verdicts import Outcome


@dataclass(frozen=True)
class Layer:
    """A product with a weight matrix, at every probe."""

    inputs: np.ndarray  # (probes, in)
    outputs: np.ndarray  # (probes, out)
    owned: bool
    """The weight is among the model's parameters."""


def read_products(outcome: Outcome, frame: str, probes: int) -> list[Layer]:
    """The products in order, up to the first whose outputs are not those of the weights that came
    back."""
    return list(_proven(outcome, frame, probes))


def _proven(outcome: Outcome, frame: str, probes: int) -> Iterator[Layer]:
    for k in range(MOST_LAYERS):
        inputs = read(outcome, frame, f"inputs{k}", probes, None)
        outputs = read(outcome, frame, f"outputs{k}", probes, None)
        owned = read(outcome, frame, f"owned{k}")
        if (
            inputs is None
            or outputs is None
            or owned is None
            or not inputs.size
            or not outputs.size
        ):
            return
        units = some_units(outputs.shape[1])
        weight = read(outcome, frame, f"weight{k}", len(units), inputs.shape[1])
        bias = read(outcome, frame, f"bias{k}", len(units))
        if weight is None or bias is None:
            return
        accuracy = 1e-4 * (np.abs(inputs) @ np.abs(weight.T) + np.abs(bias)) + 1e-6
        if not (np.abs(inputs @ weight.T + bias - outputs[:, units]) <= accuracy).all():
            return
        yield Layer(inputs, outputs, bool(owned == 1))


def is_bent(values: np.ndarray) -> bool:
    """Whether values (probes, …) at pairs of points, then at the middle of each, are no affine
    function."""
    pairs = len(values) // 3
    one, other, middle = values[0 : 2 * pairs : 2], values[1 : 2 * pairs : 2], values[2 * pairs :]
    return bool(np.abs((one + other) / 2 - middle).max() > 1e-3 * np.abs(one - other).max())


def differ_by_constants(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether logits (N, 10) are the same but for a bias, or a constant of each sample
    (log_softmax)."""
    return any(
        np.allclose(
            one - one.mean(axis, keepdims=True), other - other.mean(axis, keepdims=True), 1e-4, 1e-4
        )
        for axis in (0, 1)
    )


def what_follows(last: np.ndarray, logits: np.ndarray) -> str:
    """The code of what stands between the last layer's outputs and the logits, both (N, 10), if
    known."""
    share = np.exp(last - last.max(1, keepdims=True))
    if np.allclose(logits, share / share.sum(1, keepdims=True), 1e-4, 1e-6):
        return "softmax-before-cross-entropy"
    if any(np.allclose(logits, bend(last), 1e-4, 1e-6) for bend, _ in ACTIVATIONS.values()):
        return "activation-on-logits"
    order = last.ravel().argsort()
    before, after = np.diff(last.ravel()[order]), np.diff(logits.ravel()[order])
    of_its_own_output = (
        after >= -1e-6
    ).all()  # each logit depends on that alone: they rise together
    straight = np.allclose(after, after.sum() / before.sum() * before, 1e-3, 1e-5)
    return "activation-on-logits" if of_its_own_output and not straight else ""

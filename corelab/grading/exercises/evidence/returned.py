"""Reading what came back of an answer: nothing that is read here is trusted."""

from __future__ import annotations

import numpy as np

from corelab.grading.contract import Layers
from corelab.grading.verdicts import Arrays, Outcome

RELATIVE, ABSOLUTE = 1e-4, 1e-4  # float32's accuracy, and an answer that rounds to four decimals
MOST_NUMBERS = 10_000_000


def prefixed(**named: Arrays) -> Arrays:
    """Several parts as one: `prefixed(given={"inputs": x})["given.inputs"] is x`."""
    return {
        f"{name}.{key}": value for name, arrays in named.items() for key, value in arrays.items()
    }


def with_prefix(arrays: Arrays, name: str) -> Arrays:
    """Return the arrays of one part, without its prefix."""
    return {
        key.removeprefix(f"{name}."): value
        for key, value in arrays.items()
        if key.startswith(f"{name}.")
    }


def read(outcome: Outcome, frame: str, key: str, *shape: int | None) -> np.ndarray | None:
    """An array of finite floating-point numbers of this shape (None: any length), as float64; else
    None."""
    arrays = outcome.returned.get(frame)
    array = arrays.get(key) if isinstance(arrays, dict) else None
    if not isinstance(array, np.ndarray) or array.dtype.str not in ("<f4", "<f8"):
        return None
    if array.ndim != len(shape) or array.size > MOST_NUMBERS or not np.isfinite(array).all():
        return None
    if any(want not in (None, got) for want, got in zip(shape, array.shape, strict=True)):
        return None
    return array.astype(np.float64)


def read_layers(outcome: Outcome, frame: str, like: Layers) -> Layers | None:
    """The weights and biases of a network of the same shapes; else None."""
    layers: Layers = []
    for k, (weight, bias) in enumerate(like):
        got_weight = read(outcome, frame, f"weight{k}", *weight.shape)
        got_bias = read(outcome, frame, f"bias{k}", *bias.shape)
        if got_weight is None or got_bias is None:
            return None
        layers.append((got_weight, got_bias))
    return layers


def same_values(got: np.ndarray, expected: np.ndarray) -> bool:
    """Whether two lists of numbers are of one length and the same, but for rounding; of numbers
    next to nothing that cannot be said."""
    size = np.abs(expected)
    if got.shape != expected.shape or (size.size and size.max() < 100 * ABSOLUTE):
        return False
    return bool((np.abs(got - expected) <= ABSOLUTE + RELATIVE * size).all())


def batch_indices(samples: int, size: int) -> list[np.ndarray]:
    """The numbers of the samples of each batch, in the data's order; the last batch may be
    short."""
    return [np.arange(start, min(start + size, samples)) for start in range(0, samples, size)]


def preview(values: np.ndarray | None) -> str:
    """The first numbers of a list, to be shown."""
    if values is None:
        return ""
    return ", ".join(f"{value:.4g}" for value in values[:4]) + (", …" if len(values) > 4 else "")

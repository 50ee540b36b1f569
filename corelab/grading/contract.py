"""What the grader and the code beside an answer must agree on.

Sizes, packed networks and known gradients, with numpy alone. It stands here, as every module of
`exercises/` is an exercise.
"""

from __future__ import annotations

import numpy as np

from corelab.grading.verdicts import Arrays

Layer = tuple[np.ndarray, np.ndarray]
Layers = list[Layer]
PIXELS, CLASSES = 784, 10
ACTIVATIONS = ("relu", "tanh", "sigmoid")

# -- a network, as its layers [(weight (out, in), bias (out,)), …] and the activation between them


def pack_network(layers: Layers, activation: str) -> Arrays:
    """Return the network as arrays of numbers."""
    arrays = {"activation": np.array(ACTIVATIONS.index(activation))}
    for k, (weight, bias) in enumerate(layers):
        arrays |= {f"weight{k}": weight, f"bias{k}": bias}
    return arrays


def unpack_network(arrays: Arrays) -> tuple[Layers, str]:
    """Return the layers and the activation of a network that `pack_network` packed."""
    count = sum(name.startswith("weight") for name in arrays)
    layers = [(arrays[f"weight{k}"], arrays[f"bias{k}"]) for k in range(count)]
    return layers, ACTIVATIONS[int(arrays["activation"])]


# -- how much of a model is sent back

MOST_LAYERS = 12
MOST_UNITS = 32  # of each layer


def some_units(width: int) -> np.ndarray:
    """Return the units of a layer whose weights are sent: all, or some from first to last."""
    return np.unique(np.linspace(0, width - 1, min(width, MOST_UNITS)).astype(int))


# -- weights with known gradients, which show what an optimizer remembers

SIZES, TINY = (1.0, 1e-3), 1e-10
_rng = np.random.default_rng(0)
_changing = _rng.choice(SIZES, (1009, 16)) * _rng.choice([-1, 1], (1009, 16))
GRADIENTS = np.hstack([_changing, np.full((1009, 2), TINY)]).astype(np.float32)
"""Their gradients at each update, (updates, weights): of two sizes and signs, or next to none."""
WEIGHTS = GRADIENTS.shape[1]

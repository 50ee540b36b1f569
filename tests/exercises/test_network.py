"""The parent's arithmetic against torch's autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from corelab.grading.contract import pack_network, unpack_network
from corelab.grading.exercises.evidence import numpy_network as network

THEIRS = {
    "": lambda logits, targets: F.cross_entropy(logits, targets, reduction="none"),
    "softmax-before-cross-entropy": lambda z, y: F.cross_entropy(z.softmax(1), y, reduction="none"),
    "nll-on-probabilities": lambda z, y: F.nll_loss(z.softmax(1), y, reduction="none"),
    "activation-on-logits: relu": lambda z, y: F.cross_entropy(z.relu(), y, reduction="none"),
    "activation-on-logits: tanh": lambda z, y: F.cross_entropy(z.tanh(), y, reduction="none"),
    "activation-on-logits: sigmoid": lambda z, y: F.cross_entropy(z.sigmoid(), y, reduction="none"),
    network.NAMELESS: lambda z, y: F.nll_loss(z, y, reduction="none"),
}


@pytest.mark.parametrize("activation", network.ACTIVATIONS)
@pytest.mark.parametrize("loss", network.LOSSES)
def test_losses_and_gradients_are_torchs(loss: str, activation: str):
    rng = np.random.default_rng(0)
    inputs, targets = network.draw_samples(rng, 12, network.draw_prototypes(rng))
    layers = network.with_spread_logits(network.draw_layers(rng, [6, 5]), activation, inputs)

    theirs = [
        tuple(torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in layer)
        for layer in layers
    ]
    x = torch.tensor(inputs, dtype=torch.float64)
    for k, (weight, bias) in enumerate(theirs):
        x = F.linear(x, weight, bias)
        x = getattr(torch, activation)(x) if k < len(theirs) - 1 else x
    expected = THEIRS[loss](x, torch.tensor(targets))
    expected.sum().backward()

    seen = network.forward(layers, activation, inputs)
    losses, slope = network.LOSSES[loss](seen[-1], targets)
    np.testing.assert_allclose(losses, expected.detach().numpy(), rtol=1e-10)
    for ours, parameters in zip(
        network.gradients(layers, activation, seen, slope), theirs, strict=True
    ):
        for gradient, parameter in zip(ours, parameters, strict=True):
            np.testing.assert_allclose(gradient, parameter.grad.numpy(), rtol=1e-8, atol=1e-12)


def test_a_packed_network_is_the_same_network():
    layers = network.draw_layers(np.random.default_rng(1), [4, 3])
    again, activation = unpack_network(pack_network(layers, "tanh"))
    assert activation == "tanh"
    assert all(
        np.array_equal(a, b)
        for one, other in zip(layers, again, strict=True)
        for a, b in zip(one, other, strict=True)
    )

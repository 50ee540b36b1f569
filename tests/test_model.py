"""The DNN, beside a network put together from torch's own parts."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from corelab import DNN
from corelab.common.errors import UserError


def linear_layers(model: nn.Module) -> list[nn.Linear]:
    return [module for module in model.modules() if isinstance(module, nn.Linear)]


def test_five_linear_layers_from_784_to_10():
    widths = [(layer.in_features, layer.out_features) for layer in linear_layers(DNN())]
    assert widths == [(784, 256), (256, 128), (128, 64), (64, 32), (32, 10)]
    assert sum(parameter.numel() for parameter in DNN().parameters()) == 244_522


@pytest.mark.parametrize("hidden", [(1, 1, 1, 1), (300, 100, 50, 20), [512, 512, 8, 9]])
def test_hidden_widths_are_free(hidden):
    model = DNN(hidden=hidden)
    widths = [784, *hidden, 10]
    assert [layer.weight.shape for layer in linear_layers(model)] == [
        (after, before) for before, after in pairwise(widths)
    ]
    assert model(torch.randn(3, 784)).shape == (3, 10)


def test_the_output_is_that_of_linear_and_relu_in_turn():
    model = DNN(seed=4)
    layers: list[nn.Module] = []
    for layer in linear_layers(model):
        layers += [layer, nn.ReLU()]
    plain = nn.Sequential(*layers[:-1])  # logits: nothing behind the last layer
    x = torch.randn(7, 784)
    assert torch.equal(model(x), plain(x))
    assert torch.equal(model(x[0]), plain(x[0])), "one sample without a batch"


def test_initial_weights_are_torchs_own_from_the_seed():
    torch.manual_seed(11)
    theirs = [
        nn.Linear(784, 256),
        nn.Linear(256, 128),
        nn.Linear(128, 64),
        nn.Linear(64, 32),
        nn.Linear(32, 10),
    ]
    for layer, plain in zip(linear_layers(DNN(seed=11)), theirs, strict=True):
        assert torch.equal(layer.weight, plain.weight)
        assert torch.equal(layer.bias, plain.bias)


def test_the_seed_decides_and_the_global_random_state_stays():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = DNN(seed=5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    again, other = DNN(seed=5), DNN(seed=6)
    pairs = list(zip(first.parameters(), again.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert not any(torch.equal(a, c) for a, _, c in pairs)


@pytest.mark.parametrize("shape", [(3, 783), (785,), (2, 1, 28, 28), (784, 3)])
def test_inputs_of_another_shape_are_refused_in_one_line(shape):
    with pytest.raises(UserError) as caught:
        DNN()(torch.zeros(shape))
    assert str(caught.value) == f"the model takes inputs of shape (B, 784), got {shape}"


@pytest.mark.parametrize(
    "hidden", [(), (1, 2, 3), (1, 2, 3, 4, 5), (10, 0, 10, 10), (10, -1, 10, 10), (1.5,) * 4]
)
def test_anything_but_four_widths_is_refused(hidden):
    with pytest.raises(UserError, match="hidden must be four widths of at least 1"):
        DNN(hidden=hidden)


def test_weights_are_saved_and_loaded_like_any_modules(tmp_path):
    model, other = DNN(seed=0), DNN(seed=1)
    path = tmp_path / "權重.pt"
    with path.open("wb") as file:
        torch.save(model.state_dict(), file)
    with path.open("rb") as file:
        other.load_state_dict(torch.load(file, weights_only=True))
    x = torch.randn(2, 784)
    assert torch.equal(model(x), other(x))


@pytest.mark.cuda
def test_on_cuda_the_initial_weights_are_the_same():
    for ours, on_cpu in zip(DNN(seed=3).cuda().parameters(), DNN(seed=3).parameters(), strict=True):
        assert torch.equal(ours.cpu(), on_cpu)

"""The two losses, beside torch.nn.functional: value and gradient."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from corelab.common.errors import UserError
from corelab.losses import cross_entropy, mse


def value_and_gradient(loss, predictions, targets):
    predictions = predictions.detach().clone().requires_grad_()
    value = loss(predictions, targets)
    value.backward()
    return value.detach(), predictions.grad


def assert_equal_to(theirs, ours, predictions, targets):
    (value, gradient), (their_value, their_gradient) = (
        value_and_gradient(loss, predictions, targets) for loss in (ours, theirs)
    )
    assert value.shape == ()
    torch.testing.assert_close(value, their_value, rtol=1e-6, atol=1e-7)
    torch.testing.assert_close(gradient, their_gradient, rtol=1e-5, atol=1e-7)


# The three ways of feeding: one sample (with and without a batch of 1), a batch, everything.
SHAPES = [(10,), (1, 10), (100, 10), (60_000, 10), (3, 1), (4, 1000)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cross_entropy_is_torchs(shape):
    draw = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(shape, generator=draw)
    targets = torch.randint(0, shape[-1], shape[:-1], generator=draw)
    assert_equal_to(functional.cross_entropy, cross_entropy, logits, targets)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_mse_is_torchs(shape):
    draw = torch.Generator().manual_seed(0)
    predictions, targets = torch.randn(2, *shape, generator=draw)
    assert_equal_to(functional.mse_loss, mse, predictions, targets)


def test_cross_entropy_of_the_slide_by_hand():
    """−ln of the share that softmax gives the target: two samples, and the mean of the two."""
    logits = torch.tensor([[0.0, math.log(3)], [math.log(4), 0.0]])
    first, second = -math.log(3 / 4), -math.log(1 / 5)
    assert cross_entropy(logits[0], torch.tensor(1)).item() == pytest.approx(first, rel=1e-6)
    assert cross_entropy(logits, torch.tensor([1, 1])).item() == pytest.approx(
        (first + second) / 2, rel=1e-6
    )


def test_guessing_among_ten_costs_ln_10():
    assert cross_entropy(torch.zeros(5, 10), torch.arange(5)).item() == pytest.approx(
        math.log(10), rel=1e-6
    )


def test_mse_by_hand():
    assert mse(torch.tensor([1.0, 2.0]), torch.tensor([0.0, 4.0])).item() == 2.5
    assert (
        mse(torch.tensor([[1.0, 2.0], [1.0, 1.0]]), torch.tensor([[0.0, 4.0], [1.0, 1.0]])).item()
        == 1.25
    )


@pytest.mark.parametrize("size", [1e2, 1e4, 1e30, 3e38])
def test_cross_entropy_stays_finite_where_softmax_over_or_underflows(size):
    logits = torch.tensor(
        [[size, 0, -size], [0, size, -size], [-size, -size, 0]], dtype=torch.float32
    )
    for targets in (torch.tensor([0, 1, 2]), torch.tensor([1, 0, 0])):
        assert_equal_to(functional.cross_entropy, cross_entropy, logits, targets)
    assert cross_entropy(logits, torch.tensor([0, 1, 2])).item() == 0


def test_a_class_ruled_out_costs_nothing_unless_it_is_the_target():
    logits = torch.tensor([[0.0, -torch.inf, 0.0]])
    assert_equal_to(functional.cross_entropy, cross_entropy, logits, torch.tensor([2]))
    assert cross_entropy(logits, torch.tensor([1])).item() == math.inf


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_not_finite_is_not_hidden(bad):
    logits = torch.tensor([[0.0, bad, 0.0], [0.0, 0.0, 0.0]])
    for targets in ([0, 0], [1, 1]):
        ours, theirs = (
            cross_entropy(logits, torch.tensor(targets)),
            functional.cross_entropy(logits, torch.tensor(targets)),
        )
        assert not torch.isfinite(ours)
        assert not torch.isfinite(theirs)


@settings(deadline=None, max_examples=60)
@given(
    rows=st.integers(1, 5).flatmap(
        lambda classes: st.lists(
            st.tuples(
                st.lists(st.floats(-1e6, 1e6, width=32), min_size=classes, max_size=classes),
                st.integers(0, classes - 1),
            ),
            min_size=1,
            max_size=6,
        )
    )
)
def test_cross_entropy_is_torchs_for_any_logits(rows):
    logits = torch.tensor([row for row, _ in rows], dtype=torch.float64)
    targets = torch.tensor([target for _, target in rows])
    (value, gradient), (their_value, their_gradient) = (
        value_and_gradient(loss, logits, targets)
        for loss in (cross_entropy, functional.cross_entropy)
    )
    torch.testing.assert_close(value, their_value, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(gradient, their_gradient, rtol=1e-9, atol=1e-9)


def test_the_gradients_are_those_of_the_values():
    draw = torch.Generator().manual_seed(0)
    logits = torch.randn(4, 5, dtype=torch.float64, generator=draw, requires_grad=True)
    targets = torch.tensor([0, 4, 2, 2])
    assert torch.autograd.gradcheck(lambda z: cross_entropy(z, targets), logits)
    assert torch.autograd.gradcheck(lambda z: cross_entropy(z, targets[0]), logits[0])
    assert torch.autograd.gradcheck(lambda z: mse(z, torch.ones_like(z)), logits)


def test_the_gradient_of_cross_entropy_is_softmax_minus_one_hot():
    logits, targets = (
        torch.randn(6, 10, generator=torch.Generator().manual_seed(0)),
        torch.arange(6),
    )
    _, gradient = value_and_gradient(cross_entropy, logits, targets)
    expected = (logits.softmax(1) - functional.one_hot(targets, 10)) / 6
    torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize("targets", [[0, 10], [-1, 3], [0, 255], [-100, 0]])
def test_a_label_out_of_range_is_refused(targets):
    """torch would ignore −100 without a word."""
    with pytest.raises(
        UserError, match=r"targets must be int64 classes from 0 to 9, got torch\.int64 from"
    ) as caught:
        cross_entropy(torch.zeros(2, 10), torch.tensor(targets))
    assert f"from {min(targets)} to {max(targets)}" in str(caught.value)


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8])
def test_labels_of_another_type_are_refused(dtype):
    with pytest.raises(
        UserError, match=f"targets must be int64 classes from 0 to 9, got {dtype} from"
    ):
        cross_entropy(torch.zeros(2, 10), torch.tensor([1, 2], dtype=dtype))


@pytest.mark.parametrize(
    ("logits", "targets"),
    [
        ((2, 10), (3,)),
        ((10,), (1,)),
        ((2, 10), ()),
        ((2, 10), (2, 10)),
        ((2, 3, 4), (2, 3)),
        ((), ()),
    ],
)
def test_shapes_that_do_not_fit_are_refused(logits, targets):
    with pytest.raises(UserError) as caught:
        cross_entropy(torch.zeros(logits), torch.zeros(targets, dtype=torch.int64))
    assert f"got {logits} and {targets}" in str(caught.value)


@pytest.mark.parametrize("shapes", [((2, 10), (10,)), ((2, 10), (2, 1)), ((3,), ())])
def test_mse_does_not_broadcast(shapes):
    """torch would, with a warning, and compute another number."""
    with pytest.raises(UserError, match="same shape"):
        mse(*map(torch.zeros, shapes))

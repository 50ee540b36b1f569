"""What the labs measure, beside counts and formulas of another source."""

from __future__ import annotations

import math
import statistics

import pytest
import torch
from torch import nn
from torch.profiler import ProfilerActivity, profile

from corelab import DNN, evaluate, make_loader, optim
from corelab.measure import (
    Predictions,
    effective_learning_rate,
    noise,
    predictions,
    step_length,
    step_memory,
)


def a_batch(size):
    draw = torch.Generator().manual_seed(0)
    return torch.randn(size, 784, generator=draw), torch.randint(0, 10, (size,), generator=draw)


@pytest.mark.parametrize("size", [1, 100, 3000])
def test_step_memory_is_the_sum_of_what_is_held(size):
    """By hand: the batch, weights and gradients, the four ReLUs' outputs, and what the loss
    needs."""
    inputs, targets = a_batch(size)
    counted = step_memory(DNN(), inputs, targets)
    weights = 244_522 * 4
    batch = size * (784 * 4 + 8)
    hidden = size * (256 + 128 + 64 + 32) * 4
    least = 2 * weights + batch + hidden
    for_the_loss = size * (10 * 4 * 2 + 3 * 8)  # logits, softmax, a few numbers a sample
    assert least < counted <= least + for_the_loss + 64


def test_step_memory_is_what_torchs_profiler_sees():
    """The profiler counts every allocation of a real step; the batch and the weights were there
    before.

    The backward pass holds the gradient of one layer's values for a moment, which is not counted.
    """
    inputs, targets = a_batch(4000)
    model = DNN()

    def step():
        model.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(inputs), targets).backward()

    step()
    model.zero_grad(set_to_none=True)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    now = peak = 0
    memory = [
        event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"
    ]
    for event in sorted(memory, key=lambda event: event.start_ns()):
        now += event.nbytes()
        peak = max(peak, now)
    there_before = inputs.nbytes + targets.nbytes + sum(p.nbytes for p in model.parameters())
    counted = step_memory(DNN(), inputs, targets)
    assert there_before + peak == pytest.approx(counted, rel=0.2)


def test_step_memory_grows_with_the_batch_and_counts_a_slice_as_a_slice():
    inputs, targets = a_batch(2000)
    model = DNN()
    of_slice, of_copy = (
        step_memory(model, x, y)
        for x, y in ((inputs[:100], targets[:100]), (inputs[:100].clone(), targets[:100].clone()))
    )
    assert of_slice == of_copy
    assert step_memory(model, inputs, targets) > 2 * of_slice
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.cuda
def test_step_memory_is_what_cuda_allocates():
    inputs, targets = (tensor.cuda() for tensor in a_batch(20_000))
    model = DNN().cuda()
    for _ in range(2):
        model.zero_grad(set_to_none=True)
        torch.cuda.reset_peak_memory_stats()
        nn.functional.cross_entropy(model(inputs), targets).backward()
    assert torch.cuda.max_memory_allocated() == pytest.approx(
        step_memory(model, inputs, targets), rel=0.25
    )


def test_noise_is_the_deviation_around_a_trend():
    draw = torch.Generator().manual_seed(0)
    jitter = 0.1 * torch.randn(5000, generator=draw, dtype=torch.float64)
    trend = torch.linspace(2.3, 0.3, 5000, dtype=torch.float64)
    assert noise((trend + jitter).tolist()) == pytest.approx(0.1, rel=0.05)
    assert noise(jitter.tolist()) == pytest.approx(statistics.stdev(jitter.tolist()), rel=0.05)
    assert noise(trend.tolist()) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    "losses",
    [[], [2.3], [2.3, 2.2], [2.3, math.inf, 1.0], [2.3, 2.2, 2.1, math.nan], [math.inf] * 5],
)
def test_noise_of_too_few_or_of_a_diverged_run_is_nan(losses):
    assert math.isnan(noise(losses))


def test_step_length_is_how_far_a_step_moves_the_parameters():
    inputs, targets = a_batch(50)
    model, moved = DNN(seed=1), DNN(seed=1)
    length = step_length(model, inputs, targets, lr=0.3)
    optimizer = torch.optim.SGD(moved.parameters(), lr=0.3)
    nn.functional.cross_entropy(moved(inputs), targets).backward()
    optimizer.step()
    pairs = list(zip(model.parameters(), DNN(seed=1).parameters(), moved.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs), "the model was changed"
    expected = sum(((a - c).double() ** 2).sum() for a, _, c in pairs).sqrt().item()
    assert length == pytest.approx(expected, rel=1e-4)


def test_the_effective_rate_of_gradient_descent_is_its_rate(few):
    model = DNN()
    rates = effective_learning_rate(
        model,
        make_loader(few[0], 50, shuffle=True),
        optim.GradientDescent(model.parameters(), lr=0.2),
    )
    assert rates.shape == (10, 3)
    assert rates[:, 1].tolist() == pytest.approx([0.2] * 10, rel=0.01)
    assert (rates[:, 0] <= rates[:, 1]).all()
    assert (rates[:, 1] <= rates[:, 2]).all()


def test_the_first_effective_rate_of_adam_is_the_rate_over_the_gradient(few):
    """At its first step Adam moves every weight by η g / (|g| + ε)."""
    model = DNN(seed=2)
    inputs, targets = next(iter(make_loader(few[0], 500, shuffle=False)))
    (rates,) = effective_learning_rate(
        model, [(inputs, targets)], torch.optim.Adam(model.parameters(), lr=1e-3)
    )
    fresh = DNN(seed=2)
    nn.functional.cross_entropy(fresh(inputs), targets).backward()
    gradient = torch.cat([parameter.grad.flatten() for parameter in fresh.parameters()]).double()
    gradient = gradient[gradient.abs() > 1e-8].abs()
    expected = torch.quantile(
        1e-3 / (gradient + 1e-8), torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    )
    torch.testing.assert_close(rates.double(), expected, rtol=0.02, atol=0)


def test_watching_the_effective_rate_trains_as_usual(few):
    watched, plain = DNN(), DNN()
    batches = list(make_loader(few[0], 100, shuffle=False))
    effective_learning_rate(watched, batches, torch.optim.Adagrad(watched.parameters(), lr=0.01))
    optimizer = torch.optim.Adagrad(plain.parameters(), lr=0.01)
    for inputs, targets in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(plain(inputs), targets).backward()
        optimizer.step()
    for a, b in zip(watched.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-6)


def test_a_diverged_network_has_no_effective_rate():
    model = DNN()
    inputs, targets = a_batch(10)
    rates = effective_learning_rate(
        model, [(inputs * math.nan, targets)], torch.optim.SGD(model.parameters(), lr=1)
    )
    assert rates.shape == (1, 3)
    assert rates.isnan().all()


# Predictions


def test_predictions_are_torchs_own(few):
    _, test = few
    model = DNN(seed=3)
    seen = predictions(model, make_loader(test, 64, shuffle=False))
    logits = model(test.inputs)
    assert seen.targets.equal(test.targets)
    assert seen.predicted.equal(logits.argmax(dim=1))
    expected = nn.functional.cross_entropy(logits, test.targets, reduction="none")
    torch.testing.assert_close(seen.losses, expected.detach())
    assert model.training, "it goes on as it was"
    _, accuracy = evaluate(model, make_loader(test, 64, shuffle=False))
    confusion = seen.confusion()
    assert confusion.sum(dim=1).equal(torch.bincount(test.targets, minlength=10))
    assert confusion.trace() / 500 == pytest.approx(accuracy)


def test_the_worst_come_first_and_what_is_no_number_before_them():
    seen = Predictions(
        torch.tensor([0, 1, 2, 2]),
        torch.tensor([0, 2, 2, 0]),
        torch.tensor([0.1, 9.0, math.nan, 3.0]),
    )
    assert seen.worst(3).tolist() == [2, 1, 3]
    assert len(seen.worst(99)) == 4
    assert seen.confusion(3).tolist() == [[1, 0, 0], [0, 0, 1], [1, 0, 1]]

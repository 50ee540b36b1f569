"""Paths of update rules, beside their closed forms and torch's own optimizers."""

from __future__ import annotations

import pytest
import torch

from corelab import optim
from corelab.descent import path, rule


def bowl(theta):
    return (theta[..., 0] - 3) ** 2


def ravine(theta):
    return (theta[..., 0] ** 2 + 20 * theta[..., 1] ** 2) / 2


def gradient_descent(theta, gradient, state, lr):  # noqa: ARG001
    return theta - lr * gradient


def momentum(theta, gradient, state, lr, momentum):
    state["v"] = momentum * state.get("v", 0) - lr * gradient
    return theta + state["v"]


@pytest.mark.parametrize("lr", [0.01, 0.3, 0.5, 1.0, 1.05])
@pytest.mark.parametrize(
    "update", [gradient_descent, rule(optim.GradientDescent), rule(torch.optim.SGD)]
)
def test_gradient_descent_in_a_bowl_is_a_geometric_series(update, lr):
    """θ_t − 3 = (1 − 2η)^t (θ_0 − 3)."""
    points = path(update, bowl, (-1.0,), 20, lr=lr)
    assert (points.shape, points.dtype) == ((21, 1), torch.float64)
    expected = 3 - 4 * (1 - 2 * lr) ** torch.arange(21, dtype=torch.float64)
    torch.testing.assert_close(points[:, 0], expected, rtol=1e-12, atol=1e-12)


def test_two_variables_go_their_own_ways():
    points = path(gradient_descent, ravine, (4, 1), 30, lr=0.08)
    steps = torch.arange(31, dtype=torch.float64)
    expected = torch.stack([4 * 0.92**steps, (-0.6) ** steps], dim=1)
    torch.testing.assert_close(points, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("ours", "theirs", "hyper"),
    [
        (rule(optim.Momentum, convention="course"), momentum, {"lr": 0.03, "momentum": 0.8}),
        (rule(optim.Momentum), rule(torch.optim.SGD), {"lr": 0.03, "momentum": 0.8}),
        (rule(optim.Adam), rule(torch.optim.Adam), {"lr": 0.3, "betas": (0.9, 0.99)}),
        (rule(optim.Adagrad), rule(torch.optim.Adagrad), {"lr": 0.5}),
    ],
)
def test_an_optimizer_as_a_rule_takes_the_optimizers_steps(ours, theirs, hyper):
    torch.testing.assert_close(
        path(ours, ravine, (4, -1), 25, **hyper),
        path(theirs, ravine, (4, -1), 25, **hyper),
        rtol=1e-9,
        atol=1e-12,
    )


def test_an_optimizer_on_a_parameter_by_hand():
    """The same walk without `path` and `rule`."""
    theta = torch.nn.Parameter(torch.tensor([4.0, 1.0], dtype=torch.float64))
    optimizer = torch.optim.RMSprop([theta], lr=0.1)
    points = [theta.detach().clone()]
    for _ in range(12):
        optimizer.zero_grad()
        ravine(theta).backward()
        optimizer.step()
        points.append(theta.detach().clone())
    walked = path(rule(torch.optim.RMSprop), ravine, (4, 1), 12, lr=0.1)
    torch.testing.assert_close(walked, torch.stack(points), rtol=0, atol=0)


def test_a_rule_starts_anew_on_every_path():
    update = rule(optim.Momentum)
    first = path(update, ravine, (4, 1), 5, lr=0.01)
    assert torch.equal(path(update, ravine, (4, 1), 5, lr=0.01), first)


def test_a_rule_starts_from_the_point_that_it_is_given():
    """Also where somebody else has moved it since."""
    update, state = rule(torch.optim.SGD), {}
    gradient = torch.tensor([1.0])
    assert update(torch.tensor([5.0]), gradient, state, lr=0.5).item() == 4.5
    assert update(torch.tensor([9.0]), gradient, state, lr=0.5).item() == 8.5


def test_a_rule_that_works_in_place_walks_the_same_path():
    """`theta -= …` is what students write, and what optimizers do."""

    def in_place(theta, gradient, state, lr):  # noqa: ARG001
        theta -= lr * gradient
        gradient.zero_()
        return theta

    torch.testing.assert_close(
        path(in_place, ravine, (4, 1), 5, lr=0.05),
        path(gradient_descent, ravine, (4, 1), 5, lr=0.05),
    )


@pytest.mark.parametrize(
    ("returned", "said"), [(None, "got None"), (1.5, "got 1.5"), (torch.tensor(1.0), r"got \(\)")]
)
def test_a_rule_that_returns_no_point_is_told_so(returned, said):
    with pytest.raises(
        TypeError, match=r"must return the new θ, a tensor of shape \(2,\), " + said
    ):
        path(lambda *_: returned, ravine, (4, 1), 3)


def test_no_steps_is_the_start():
    assert path(gradient_descent, ravine, (4, 1), 0, lr=1).tolist() == [[4.0, 1.0]]

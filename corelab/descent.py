"""Update rules by themselves: a way down a cost of one or two variables, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from corelab.common.i18n import _

Rule = Callable[..., Tensor]


def rule(optimizer_class: type[torch.optim.Optimizer], **settings: Any) -> Rule:
    """Return an optimizer as a plain update rule, like the ones that a student writes.

    `new_theta = rule(theta, gradient, state, lr=…)`; the dict `state` is empty before the first
    step.
    """

    def update(theta: Tensor, gradient: Tensor, state: dict[str, Any], **hyper: Any) -> Tensor:
        if "optimizer" not in state:
            state["theta"] = torch.nn.Parameter(theta.clone())
            state["optimizer"] = optimizer_class([state["theta"]], **settings, **hyper)
        state["theta"].data.copy_(theta)
        state["theta"].grad = gradient.clone()
        state["optimizer"].step()
        moved: Tensor = state["theta"].detach().clone()
        return moved

    return update


def path(
    update: Rule, cost: Callable[[Tensor], Tensor], start: Sequence[float], steps: int, **hyper: Any
) -> Tensor:
    """Return the points that `update` visits on its way down `cost`: (steps + 1, d), float64.

    cost: from points (…, d) to their heights (…). Raises TypeError where `update` returns no such
    point.
    """
    theta = torch.tensor(start, dtype=torch.float64)
    points, state = [theta], dict[str, Any]()
    for _step in range(steps):
        theta = theta.requires_grad_()
        (gradient,) = torch.autograd.grad(cost(theta), theta)
        moved = update(theta.detach().clone(), gradient, state, **hyper)  # a rule may work in place
        if not isinstance(moved, Tensor) or moved.shape != theta.shape:
            wrong = _("the rule must return the new θ, a tensor of shape {shape}, got {got}")
            got = tuple(moved.shape) if isinstance(moved, Tensor) else repr(moved)
            raise TypeError(wrong.format(shape=tuple(theta.shape), got=got))
        theta = moved.detach()
        points.append(theta)
    return torch.stack(points).detach()

"""A walk through what may happen to parameters, so that what the table says can be seen to be so."""

from __future__ import annotations

import importlib
from functools import cache, partial
from typing import Any

import torch
from optimizers.table import Answer

SHAPES = ((4, 3), (3,), (), (3,), (2, 1, 2))
STEPS = 20


@cache
def gradients() -> list[list[torch.Tensor]]:
    """From 1e-8 to 100, some of them 0."""
    generator = torch.Generator().manual_seed(0)

    def numbers(shape: tuple[int, ...]) -> torch.Tensor:
        sizes = 10.0 ** (2 * torch.randint(-4, 2, shape, generator=generator))
        signs = torch.randn(shape, generator=generator, dtype=torch.float64)
        return signs * sizes * (torch.rand(shape, generator=generator) > 0.2)

    return [[numbers(shape) for shape in SHAPES] for _step in range(STEPS)]


def walk(make: Any, lr: float, grouped: bool) -> torch.Tensor:
    """All parameters after every step (STEPS, numbers), in float64.

    `grouped`: the last two parameters have half the rate. At each fourth step the gradients of the one before
    are still there; at some the second parameter has none. The rate falls at step 9. At step 14 another
    optimizer takes over by way of a `state_dict`.
    """
    params = [
        torch.linspace(-1, 2, shape.numel(), dtype=torch.float64).view(shape)
        for shape in map(torch.Size, SHAPES)
    ]
    optimizer, seen = None, []
    for step, gs in enumerate(gradients()):
        if step in (0, 14):
            params = [p.detach().clone().requires_grad_() for p in params]
            groups = [{"params": params[:3]}, {"params": params[3:], "lr": lr / 2}]
            before, optimizer = optimizer, make(groups if grouped else params)
            if hasattr(optimizer, "state_dict"):
                optimizer.load_state_dict((before or optimizer).state_dict())
        if step == 9:
            for group in getattr(optimizer, "param_groups", [vars(optimizer)]):
                group["lr"] *= 0.3
        if step % 4 != 1:
            for i, (p, g) in enumerate(zip(params, gs, strict=True)):
                p.grad = None if i == 1 and step % 3 == 1 else g.clone()
        optimizer.step()
        seen.append(torch.cat([p.detach().flatten() for p in params]))
    return torch.stack(seen)


def distance(answer: Answer) -> float:
    """The largest difference from the reference. Infinite where one of the two is not a number."""
    package, name = answer.against.rsplit(".", 1)
    reference = getattr(importlib.import_module(package), name)
    ours = {"convention": answer.convention} if package == "corelab.optim" else {}
    student = partial(answer.made, **answer.settings)
    grouped = hasattr(student([torch.zeros(1, requires_grad=True)]), "param_groups")
    lr = answer.settings["lr"]
    theirs = walk(partial(reference, **answer.settings, **ours), lr, grouped)
    return (walk(student, lr, grouped) - theirs).abs().nan_to_num(torch.inf, torch.inf).max().item()

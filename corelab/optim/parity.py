"""`corelab parity`: each optimizer beside its counterpart, on the same gradients, at every step.

The counterpart is torch's own wherever a setting of torch gives the formula. Where none does, torch
is brought to it by hand (`Seeded`), and the slide itself, in plain Python, is the second opinion.
"""

import inspect
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from tabulate import tabulate

from corelab import optim
from corelab.common.i18n import N_, _
from corelab.optim import course_rules
from corelab.optim.base import Optimizer

Make = Callable[[Any], Any]  # parameter groups → an optimizer
HEADINGS = {
    "optimizer": N_("optimizer"),
    "convention": N_("convention"),
    "settings": N_("settings"),
    "lr": "lr",
    "beside": N_("beside"),
    "steps": N_("steps"),
    "largest_difference": N_("largest difference"),
    "first_step": N_("first step that differs"),
}


@dataclass(frozen=True)
class Comparison:
    """How far two optimizers came apart, over every number of every parameter after every step."""

    steps: int
    largest: float  # infinite once something is not a number
    first_step: int | None  # the first step, from 1, with a difference beyond the tolerance


def compare(
    ours: Make,
    theirs: Make,
    *,
    steps: int = 30,
    falling: bool = False,
    zeros: bool = True,
    device: str = "cpu",
    tolerance: float = 1e-12,
) -> Comparison:
    """Step two optimizers side by side, in float64, through what may happen to parameters.

    Of two groups the second has half the lr. Of five parameters one is a scalar, one has no
    gradient at every third step, and one is frozen for ten steps. `falling` takes a tenth off the
    lr at every step; `zeros` makes every fourth number of a gradient 0, as dead ReLUs do.

        compare(lambda p: optim.Adam(p, lr=0.1), lambda p: torch.optim.Adam(p, lr=0.1)).largest
    """
    generator = torch.Generator().manual_seed(0)
    shapes: tuple[tuple[int, ...], ...] = ((4, 3), (3,), (), (2, 2, 2), (5,))
    start = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    pairs = [tuple(x.to(device).clone().requires_grad_() for _ in range(2)) for x in start]
    optimizers = []
    for make, params in zip((ours, theirs), zip(*pairs, strict=True), strict=True):
        optimizers.append(make([{"params": params[:3]}, {"params": params[3:]}]))
        second = optimizers[-1].param_groups[1]
        second["lr"] = second["lr"] / 2
    largest, first_step = 0.0, None
    for step in range(steps):
        for i, (x, y) in enumerate(pairs):
            g = torch.randn(x.shape, generator=generator, dtype=torch.float64)
            if zeros:
                g.view(-1)[::4] = 0
            frozen = i == 3 and 10 <= step < 20
            for p in (x, y):
                p.requires_grad_(not frozen)
                p.grad = None if frozen or (i == 1 and step % 3 == 1) else g.to(device).clone()
        for optimizer in optimizers:
            optimizer.step()
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * (0.9 if falling else 1)
        difference = max(
            (x - y).detach().abs().nan_to_num(math.inf, math.inf).max().item() for x, y in pairs
        )
        largest = max(largest, difference)
        if first_step is None and difference > tolerance:
            first_step = step + 1
    return Comparison(steps, largest, first_step)


class Seeded(torch.optim.RMSprop):
    """torch's RMSprop from the slide's σ⁰ = |g⁰|: the running mean of g² starts at g⁰² instead of
    0."""

    def step(self, closure: Any = None) -> Any:
        for p in (p for group in self.param_groups for p in group["params"] if p.grad is not None):
            if p not in self.state:
                self.state[p] = {"step": torch.zeros(()), "square_avg": p.grad**2}
        return super().step(closure)


@dataclass(frozen=True)
class Case:
    """One of ours with lr = 0.1 and these `settings`, beside `theirs`."""

    ours: Callable[..., Any]
    settings: dict[str, Any]
    beside: str
    theirs: Make
    zeros: bool = True
    lrs: tuple[str, ...] = ("constant", "falling")

    def compare(self, lr: str, device: str = "cpu") -> Comparison:
        ours = partial(self.ours, lr=0.1, **self.settings)
        return compare(ours, self.theirs, falling=lr == "falling", zeros=self.zeros, device=device)


def classes() -> list[type[Optimizer]]:
    return [getattr(optim, name) for name in optim.__all__]


def cases() -> Iterator[Case]:
    """Every optimizer in every convention it has, in several settings."""
    for ours in classes():
        theirs = ours.counterpart
        beside = f"torch.optim.{getattr(theirs, 'func', theirs).__name__}"
        for chosen in ({}, varied(ours), {"foreach": True}):
            yield Case(ours, chosen, beside, partial(theirs, lr=0.1, **chosen))

    course = {"convention": "course"}
    for ours in classes():
        if "course" in ours.conventions:
            rule = getattr(course_rules, ours.__module__.rsplit(".", 1)[-1])
            theirs = partial(course_rules.Slide, rule=rule, lr=0.1)
            yield Case(ours, course, N_("the slide"), theirs)
    # With a falling lr, no setting of torch gives the slide's momentum. With eps=0, torch makes NaN
    # of 0/0.
    make: Make = partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    yield Case(optim.Momentum, course, "torch.optim.SGD", make, lrs=("constant",))
    make = partial(torch.optim.Adagrad, lr=0.1, eps=0)
    yield Case(optim.Adagrad, course, "torch.optim.Adagrad, eps=0", make, zeros=False)
    make = partial(Seeded, lr=0.1, eps=0)
    yield Case(optim.RMSprop, course, "torch.optim.RMSprop, eps=0, from g⁰²", make, zeros=False)


def varied(cls: type[Optimizer]) -> dict[str, Any]:
    """Settings of an optimizer, each away from its default and within its bounds."""
    settings: dict[str, Any] = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        if isinstance(parameter.default, bool) and name != "capturable":
            settings[name] = not parameter.default
        elif isinstance(parameter.default, tuple):
            settings[name] = tuple(0.8 + 0.1 * i for i in range(len(parameter.default)))
        elif name in cls.bounds and name != "lr":
            settings[name] = 0.3
    return settings


def rows(device: str) -> Iterator[dict[str, Any]]:
    """The table, line by line, as it stands in the JSON."""
    for case in cases():
        for lr in case.lrs:
            result = case.compare(lr, device)
            settings = dict(case.settings)
            yield {
                "optimizer": case.ours.__name__,
                "convention": settings.pop("convention", "torch"),
                "settings": settings,
                "lr": lr,
                "beside": case.beside,
                "steps": result.steps,
                "largest_difference": result.largest if math.isfinite(result.largest) else None,
                "first_step": result.first_step,
            }


def run(device: str = "cpu", as_json: bool = False) -> int:
    """Print the table, or strict JSON. Returns 1 when any two differ, else 0."""
    table = list(rows(device))
    differ = sum(row["first_step"] is not None for row in table)
    if as_json:
        report = {"torch": torch.__version__, "device": device, "differ": differ, "rows": table}
        print(json.dumps(report, ensure_ascii=False, indent=2, allow_nan=False))
    else:
        for row in table:
            row["settings"] = " ".join(f"{key}={value}" for key, value in row["settings"].items())
            far = row["largest_difference"]
            row["largest_difference"] = (
                _("not a number") if far is None else f"{far:.1e}" if far else "0"
            )
            row["beside"] = _(row["beside"])
        headers = {key: _(heading) for key, heading in HEADINGS.items()}
        print(tabulate(table, headers, missingval="–", disable_numparse=True))
        counted = _("{count} comparisons, {differ} differ (float64, {device}, torch {version})")
        print(
            "\n"
            + counted.format(
                count=len(table), differ=differ, device=device, version=torch.__version__
            )
        )
    return 1 if differ else 0

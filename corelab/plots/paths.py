"""Figures of a way down a cost of one or two variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from corelab.plots.style import panels, styled, theme

Cost = Callable[[Tensor], Tensor]


@styled
def paths_on_curve(
    cost: Cost,
    paths: Mapping[str, Tensor],
    span: tuple[float, float],
    optimizers: Sequence[str] = (),
) -> Figure:
    """Draw a cost of one variable, and each path (steps + 1, 1) over it in a panel of its own.

    optimizers: whose path each is, for its colour; gradient descent's where nothing is said.
    """
    figure, all_axes = panels(len(paths), width=max(3 * len(paths), 6.4), height=3.1, sharey=True)
    grid = torch.linspace(*span, 400, dtype=torch.float64).unsqueeze(1)
    heights = cost(grid)
    low, high = float(heights.min()), float(heights.max())
    margins = low - 0.06 * (high - low), high + 0.04 * (high - low)
    for axes, (name, points), colour in zip(
        all_axes, paths.items(), _colours(paths, optimizers), strict=True
    ):
        axes.plot(grid[:, 0], heights, color=theme().soft, alpha=0.6, linewidth=1.5)
        _dots(axes, points[:, 0].numpy(), cost(points).numpy(), colour)
        axes.set(xlabel="θ", title=name, xlim=span, ylim=margins)
    all_axes[0].set_ylabel("C(θ)")
    return figure


@styled
def paths_on_contour(
    cost: Cost,
    paths: Mapping[str, Tensor],
    x: tuple[float, float],
    y: tuple[float, float],
    optimizers: Sequence[str] = (),
) -> Figure:
    """Draw a cost of two variables as contours, and each path (steps + 1, 2) in a panel of its own.

    optimizers: as in `paths_on_curve`.
    """
    figure, all_axes = panels(len(paths), width=max(3 * len(paths), 6.4), height=3.1, sharey=True)
    xs, ys = torch.linspace(*x, 100), torch.linspace(*y, 100)
    heights = cost(torch.stack(torch.meshgrid(xs, ys, indexing="xy"), dim=-1))
    levels = np.geomspace(max(float(heights.max()) / 2000, 1e-6), float(heights.max()), 14)
    for axes, (name, points), colour in zip(
        all_axes, paths.items(), _colours(paths, optimizers), strict=True
    ):
        axes.contour(xs, ys, heights, levels=levels, colors=theme().soft, alpha=0.6, linewidths=0.6)
        _dots(axes, points[:, 0].numpy(), points[:, 1].numpy(), colour)
        axes.set(xlabel="θ₁", title=name, xlim=x, ylim=y)
        axes.grid(visible=False)
    all_axes[0].set_ylabel("θ₂")
    return figure


def _colours(paths: Mapping[str, Tensor], optimizers: Sequence[str]) -> list[str]:
    return [theme().optimizer(name) for name in optimizers or ["GradientDescent"] * len(paths)]


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str) -> None:
    """Draw a path as dots joined by a line: a ring where it starts, a star where it ends."""
    axes.plot(x, y, "o-", color=colour, markersize=3, linewidth=1.2, clip_on=True)
    axes.plot(x[:1], y[:1], "o", markersize=9, markerfacecolor="none", markeredgecolor=colour)
    axes.plot(x[-1:], y[-1:], "*", markersize=12, color=colour, markeredgecolor=theme().paper)

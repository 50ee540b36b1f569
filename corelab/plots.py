"""Every figure of the kit, in one style. The only module of the bench that imports matplotlib.

Figures are made without pyplot: nothing opens a window, and they look alike with or without a screen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from corelab.sweep import Run
from corelab.training import History

# Okabe and Ito's colours, told apart with every kind of colour vision; an optimizer keeps its own.
BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#333333",
)
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY, BLACK)
OPTIMIZER_COLOURS = {
    "GradientDescent": BLACK,
    "Momentum": BLUE,
    "Nesterov": SKY,
    "Adagrad": ORANGE,
    "RMSprop": GREEN,
    "Adam": RED,
    "AdamW": PURPLE,
}
_STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "axes.titleweight": "bold",
    "axes.titlesize": 10.5,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "figure.constrained_layout.use": True,
}
Cost = Callable[[Tensor], Tensor]


@mpl.rc_context(_STYLE)
def loss_curves(histories: Mapping[str, History]) -> Figure:
    """Loss against samples seen, and against seconds: one curve a history, noise as a band behind it."""
    figure, (by_samples, by_seconds) = _panels(2, width=10.5)
    for (name, history), colour in zip(histories.items(), COLOURS, strict=False):
        losses = np.array(history.losses)
        for axes, x in ((by_samples, np.cumsum(history.sizes)), (by_seconds, np.array(history.at_seconds))):
            _curve_with_noise(axes, x, losses, colour, name)
    for axes, label in ((by_samples, "samples seen"), (by_seconds, "seconds")):
        axes.set(xscale="log", xlabel=label, ylabel="cross-entropy (nats)", ylim=(0, 3.2))
        axes.axhline(math.log(10), color="#999999", linewidth=1, linestyle=":")
        axes.text(1.01, math.log(10), "ln 10:\nguessing", transform=axes.get_yaxis_transform(),
                  color="#777777", fontsize=8, va="center")  # fmt: skip
    by_samples.set_title("the same samples, cut differently")
    by_seconds.set_title("and the time that they take")
    by_samples.legend(loc="lower left")
    return figure


@mpl.rc_context(_STYLE)
def epoch_losses(values: Mapping[str, Sequence[float]]) -> Figure:
    """The mean loss of every epoch, one curve a training."""
    figure, (axes,) = _panels(1, width=6.4)
    for (name, losses), colour in zip(values.items(), COLOURS, strict=False):
        axes.plot(np.arange(1, len(losses) + 1), losses, "o-", markersize=3, color=colour, label=name)
    axes.set(xlabel="epoch", ylabel="training cross-entropy (nats)")
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    return figure


@mpl.rc_context(_STYLE)
def paths_on_curve(cost: Cost, paths: Mapping[str, Tensor], span: tuple[float, float]) -> Figure:
    """A cost of one variable, and each path (steps + 1, 1) over it in a panel of its own."""
    figure, panels = _panels(len(paths), width=3.6 * len(paths), height=3.3, sharey=True)
    grid = torch.linspace(*span, 400, dtype=torch.float64).unsqueeze(1)
    heights = cost(grid)
    low, high = float(heights.min()), float(heights.max())
    for axes, (name, points), colour in zip(panels, paths.items(), COLOURS, strict=False):
        axes.plot(grid[:, 0], heights, color="#999999", linewidth=1.5)
        _dots(axes, points[:, 0].numpy(), cost(points).numpy(), colour)
        axes.set(
            xlabel="θ", title=name, xlim=span, ylim=(low - 0.06 * (high - low), high + 0.04 * (high - low))
        )
    panels[0].set_ylabel("C(θ)")
    return figure


@mpl.rc_context(_STYLE)
def paths_on_contour(
    cost: Cost, paths: Mapping[str, Tensor], x: tuple[float, float], y: tuple[float, float]
) -> Figure:
    """A cost of two variables as contour lines, and each path (steps + 1, 2) in a panel of its own."""
    figure, panels = _panels(len(paths), width=3.6 * len(paths), height=3.3, sharey=True)
    xs, ys = torch.linspace(*x, 200), torch.linspace(*y, 200)
    heights = cost(torch.stack(torch.meshgrid(xs, ys, indexing="xy"), dim=-1))
    levels = np.geomspace(max(float(heights.max()) / 2000, 1e-6), float(heights.max()), 14)
    for axes, (name, points), colour in zip(panels, paths.items(), COLOURS, strict=False):
        axes.contour(xs, ys, heights, levels=levels, colors="#bbbbbb", linewidths=0.8)
        _dots(axes, points[:, 0].numpy(), points[:, 1].numpy(), colour)
        axes.set(xlabel="θ₁", title=name, xlim=x, ylim=y)
        axes.grid(visible=False)
    panels[0].set_ylabel("θ₂")
    return figure


@mpl.rc_context(_STYLE)
def learning_rates(runs: Sequence[Run]) -> Figure:
    """Left: the loss of every epoch under every rate. Right: where each rate ended, diverged ones apart."""
    figure, (curves, ends) = _panels(2, width=10.5)
    shades = mpl.colormaps["viridis"](np.linspace(0, 0.92, len(runs)))
    for run, shade in zip(runs, shades, strict=True):
        epochs = np.arange(1, len(run.history.epoch_losses) + 1)
        curves.plot(epochs, run.history.epoch_losses, "o-", markersize=3, color=shade, label=_rate(run))
    curves.set(
        xlabel="epoch", ylabel="training cross-entropy (nats)", title="loss while training", ylim=(0, 2.6)
    )
    curves.xaxis.set_major_locator(MaxNLocator(integer=True))
    curves.legend(title="learning rate", ncols=2, fontsize=8)
    finite = [(run.lr, run.test_cross_entropy) for run in runs if math.isfinite(run.test_cross_entropy)]
    diverged = [run.lr for run in runs if run.history.diverged_at_step is not None]
    ends.plot([lr for lr, _ in finite], [loss for _, loss in finite], "o-", color=BLUE)
    ends.set(xscale="log", xlabel="learning rate", ylabel="test cross-entropy (nats)", title="where it ends")
    ends.set_ylim(0, 2.6)
    if diverged:
        last_finite = max((lr for lr, _ in finite if lr < min(diverged)), default=min(diverged) / 4)
        edge = math.sqrt(last_finite * min(diverged))
        ends.axvspan(edge, max(diverged) * 1.6, color=RED, alpha=0.12, linewidth=0)
        ends.plot(diverged, [2.45] * len(diverged), "x", color=RED, markersize=8, markeredgewidth=2)
        ends.annotate("diverged", (max(diverged) * 1.5, 2.2), ha="right", color=RED)
    return figure


@mpl.rc_context(_STYLE)
def optimizers(panels: Mapping[str, Mapping[str, Sequence[Run]]]) -> Figure:
    """A panel a comparison: the loss of every optimizer, mean and range over its seeds."""
    figure, all_axes = _panels(len(panels), width=5.2 * len(panels), sharey=True)
    for axes, (title, runs_of) in zip(all_axes, panels.items(), strict=True):
        for name, runs in runs_of.items():
            longest = max(run.history.steps for run in runs)
            losses = np.full((len(runs), longest), np.nan)  # (seeds, steps); one that diverged is shorter
            for row, run in zip(losses, runs, strict=True):
                row[: run.history.steps] = _smooth(run.history.losses)
            seen = losses[:, np.isfinite(losses).any(0)]
            steps = np.arange(1, seen.shape[1] + 1)
            colour = OPTIMIZER_COLOURS[runs[0].optimizer]
            axes.plot(steps, np.nanmean(seen, 0), color=colour, label=f"{name}")
            axes.fill_between(
                steps, np.nanmin(seen, 0), np.nanmax(seen, 0), color=colour, alpha=0.18, linewidth=0
            )
        axes.set(xlabel="step", title=title, ylim=(0, 3.4))
        axes.legend(fontsize=8, loc="upper right")
    all_axes[0].set_ylabel("training cross-entropy (nats)")
    return figure


@mpl.rc_context(_STYLE)
def effective_learning_rates(rates: Mapping[str, Tensor]) -> Figure:
    """|Δθ| / |g| over the steps, (steps, 3) an optimizer: the median over the weights."""
    figure, (axes,) = _panels(1, width=6.4)
    for name, values in rates.items():
        colour = OPTIMIZER_COLOURS[name]
        steps = np.arange(1, len(values) + 1)
        axes.plot(steps, np.asarray(values)[:, 1], color=colour, label=name)
    axes.set(yscale="log", xlabel="step", ylabel="effective learning rate |Δθ| / |g|")
    axes.legend(fontsize=8, ncols=2)
    return figure


@mpl.rc_context(_STYLE)
def ours_over_builtin(pairs: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """The loss of every step: the kit's optimizer as dashes over torch's as a wide line."""
    figure, (axes,) = _panels(1, width=6.4)
    for name, (ours, builtin) in pairs.items():
        axes.plot(_smooth(builtin), color=OPTIMIZER_COLOURS[name], linewidth=5, alpha=0.3)
        axes.plot(_smooth(ours), "--", color=OPTIMIZER_COLOURS[name], linewidth=1.5, label=name)
    axes.set(xlabel="step", ylabel="training cross-entropy (nats)", title="dashes: ours; wide: torch.optim")
    axes.legend(fontsize=8)
    return figure


def _rate(run: Run) -> str:
    return f"{run.lr:g}" + (" (diverged)" if run.history.diverged_at_step is not None else "")


def _panels(
    count: int, width: float, height: float = 3.8, *, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """A figure of `count` panels side by side; width and height in inches."""
    figure = Figure(figsize=(width, height))
    return figure, list(figure.subplots(1, count, squeeze=False, sharey=sharey).flat)


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str) -> None:
    """A path as dots joined by a line: a ring where it starts, a star where it ends."""
    axes.plot(x, y, "o-", color=colour, markersize=3, linewidth=1.2, clip_on=True)
    axes.plot(x[:1], y[:1], "o", markersize=9, markerfacecolor="none", markeredgecolor=colour)
    axes.plot(x[-1:], y[-1:], "*", markersize=12, color=colour, markeredgecolor="white")


def _curve_with_noise(axes: Axes, x: np.ndarray, y: np.ndarray, colour: str, label: str) -> None:
    """The mean of up to 60 stretches of equal width on the logarithmic axis, and their 10–90 % range."""
    if len(y) <= 60:
        axes.plot(x, y, "o-", color=colour, label=label, markersize=4)
        return
    edges = np.unique(np.searchsorted(x, np.geomspace(max(x[0], x[-1] / 1e4), x[-1], 61)))
    stretches = [slice(a, b) for a, b in itertools.pairwise(edges)]
    centre = [x[part].mean() for part in stretches]
    axes.plot(centre, [y[part].mean() for part in stretches], color=colour, label=label)
    low, high = np.array([np.percentile(y[part], (10, 90)) for part in stretches]).T
    axes.fill_between(centre, low, high, color=colour, alpha=0.16, linewidth=0)


def _smooth(values: Sequence[float], width: int = 9) -> np.ndarray:
    """The running mean over `width` steps: batches differ, and hide the trend."""
    padded = np.pad(np.asarray(values, dtype=float), (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.ones(width) / width, mode="valid")

"""Figures that compare learning rates and optimizers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from corelab.common.i18n import _
from corelab.history import Run
from corelab.plots.style import log_axis, name_curves, panels, smooth, styled, theme


@styled
def learning_rates(runs: Sequence[Run]) -> Figure:
    """Draw the loss of every epoch under every rate, and beside it where each rate ended."""
    figure, (curves, ends) = panels(2, width=11)
    named = []
    for run, shade in zip(runs, theme().scale(len(runs)), strict=True):
        losses = run.history.epoch_losses
        if losses:
            name = f"η = {run.lr:g}"
            if run.history.diverged_at_step is not None:
                name = _("{name} (diverged)").format(name=name)
            curves.plot(
                np.arange(1, len(losses) + 1), losses, "o-", markersize=3, color=shade, label=name
            )
            named.append((name, len(losses), losses[-1], shade))
    curves.set(
        xlabel=_("epoch"), ylabel=_("training cross-entropy (nats)"), title=_("loss while training")
    )
    curves.set_ylim(0, 2.6)
    curves.xaxis.set_major_locator(MaxNLocator(integer=True))
    name_curves(curves, named)

    finite = [
        (run.lr, run.test_cross_entropy) for run in runs if math.isfinite(run.test_cross_entropy)
    ]
    diverged = [run.lr for run in runs if run.history.diverged_at_step is not None]
    colour = theme().optimizer(runs[0].optimizer)
    ends.plot([lr for lr, loss in finite], [loss for lr, loss in finite], "o-", color=colour)
    ends.set(
        xlabel=_("learning rate η"), ylabel=_("test cross-entropy (nats)"), title=_("where it ends")
    )
    ends.set_ylim(0, 2.6)
    log_axis(ends, "x")
    if finite:
        best = min(finite, key=lambda end: end[1])
        below = -15 if best[1] > 0.3 else 7  # in points: off the line, and off the axis
        ends.annotate(
            f"η = {best[0]:g}",
            best,
            (0, below),
            textcoords="offset points",
            ha="center",
            fontsize=9,
        )
    if diverged:
        _shade_diverged(
            ends, diverged, below=max((lr for lr, loss in finite if lr < min(diverged)), default=0)
        )
    return figure


def _shade_diverged(axes: Axes, diverged: Sequence[float], below: float) -> None:
    """Draw the rates that diverged as crosses in a zone.

    below: the largest rate under them that did not.
    """
    colour = theme().alarm
    edge = math.sqrt((below or min(diverged) / 16) * min(diverged))
    axes.axvspan(edge, max(diverged) * 1.6, color=colour, alpha=0.2, linewidth=0)
    axes.plot(diverged, [2.45] * len(diverged), "x", color=colour, markersize=8, markeredgewidth=2)
    axes.annotate(_("diverged"), (max(diverged) * 1.5, 2.2), ha="right")


@styled
def optimizers(comparisons: Mapping[str, Mapping[str, Sequence[Run]]]) -> Figure:
    """Draw a panel a comparison: the loss of every optimizer, mean and range over its seeds."""
    figure, all_axes = panels(len(comparisons), width=6 * len(comparisons), sharey=True)
    for axes, (title, runs_of) in zip(all_axes, comparisons.items(), strict=True):
        axes.set(xlabel=_("step"), title=title, ylim=(0, 3.4))
        ends = []
        for name, runs in runs_of.items():
            longest = max(run.history.steps for run in runs)
            losses = np.full(
                (len(runs), longest), np.nan
            )  # (seeds, steps); one that diverged is shorter
            for row, run in zip(losses, runs, strict=True):
                row[: run.history.steps] = smooth(run.history.losses)
            seen = losses[:, np.isfinite(losses).any(0)]
            colour = theme().optimizer(runs[0].optimizer)
            if not seen.size:  # the first step was the last
                ends.append((name, 1, math.inf, colour))
                continue
            steps, mean = np.arange(1, seen.shape[1] + 1), np.nanmean(seen, 0)
            axes.plot(steps, mean, color=colour, label=name)
            axes.fill_between(
                steps, np.nanmin(seen, 0), np.nanmax(seen, 0), color=colour, alpha=0.18, linewidth=0
            )
            ends.append((name, steps[-1], mean[-1], colour))
        name_curves(axes, ends)
    all_axes[0].set_ylabel(_("training cross-entropy (nats)"))
    return figure


@styled
def effective_learning_rates(rates: Mapping[str, Tensor]) -> Figure:
    """Draw |Δθ| / |g| over the steps, (steps, 3) an optimizer: the median over the weights."""
    figure, (axes,) = panels(1, width=6.4)
    ends = []
    for name, values in rates.items():
        middle = np.asarray(values)[:, 1]
        axes.plot(np.arange(1, len(middle) + 1), middle, color=theme().optimizer(name), label=name)
        ends.append((name, len(middle), middle[-1], theme().optimizer(name)))
    axes.set(xlabel=_("step"), ylabel=_("effective learning rate |Δθ| / |g|"))
    log_axis(axes, "y")
    name_curves(axes, ends)
    return figure


@styled
def ours_over_builtin(pairs: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> Figure:
    """Draw the loss of every step: the kit's optimizer as dashes over torch's as a wide line."""
    figure, (axes,) = panels(1, width=6.4)
    ends = []
    for name, (ours, builtin) in pairs.items():
        colour = theme().optimizer(name)
        axes.plot(
            np.arange(1, len(builtin) + 1), smooth(builtin), color=colour, linewidth=5, alpha=0.35
        )
        axes.plot(
            np.arange(1, len(ours) + 1), smooth(ours), "--", color=colour, linewidth=1.5, label=name
        )
        ends.append((name, len(ours), smooth(ours)[-1], colour))
    axes.set(
        xlabel=_("step"),
        ylabel=_("training cross-entropy (nats)"),
        title=_("dashes: ours; wide: torch.optim"),
    )
    name_curves(axes, ends)
    return figure

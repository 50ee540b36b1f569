"""Figures of one training, and of the size of its batches."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from corelab.common.i18n import _
from corelab.history import History, Run
from corelab.plots.style import log_axis, name_curves, number, panels, styled, theme


@styled
def loss_curves(histories: Mapping[str, History]) -> Figure:
    """Draw the loss against samples seen and against seconds, its noise as a band behind it."""
    figure, (by_samples, by_seconds) = panels(2, width=11)
    by_samples.set(xlabel=_("samples seen"), title=_("the same samples, cut differently"))
    by_seconds.set(xlabel=_("time (s)"), title=_("and the time that they take"))
    for axes in (by_samples, by_seconds):
        axes.set(ylabel=_("training cross-entropy (nats)"), ylim=(0, 3.2))
        log_axis(axes, "x")
        axes.axhline(math.log(10), color=theme().soft, linewidth=1, linestyle=":")
        ends = []
        for (name, history), colour in zip(histories.items(), theme().curves, strict=False):
            losses = np.array(history.losses)
            x = np.cumsum(history.sizes) if axes is by_samples else np.array(history.at_seconds)
            ends.append((name, *_curve_with_noise(axes, x, losses, colour, name), colour))
        axes.set_xlim(axes.get_xlim())  # as far as the curves go
        ends.append((_("guessing: ln 10"), axes.get_xlim()[1], math.log(10), theme().soft))
        name_curves(axes, ends)
    return figure


@styled
def epoch_losses(values: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the mean loss of every epoch, one curve a training."""
    figure, (axes,) = panels(1, width=6.4)
    ends = []
    for (name, losses), colour in zip(values.items(), theme().curves, strict=False):
        axes.plot(
            np.arange(1, len(losses) + 1), losses, "o-", markersize=3, color=colour, label=name
        )
        ends += [(name, len(losses), losses[-1], colour)] if len(losses) else []
    axes.set(xlabel=_("epoch"), ylabel=_("training cross-entropy (nats)"))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    name_curves(axes, ends)
    return figure


@styled
def batch_sizes(runs: Sequence[Run], mebibytes: Sequence[float]) -> Figure:
    """Draw time of an epoch, memory of a step and loss under each batch size.

    mebibytes: what a step of each run holds.
    """
    figure, all_axes = panels(3, width=11, height=3.3)
    sizes = [run.batch_size for run in runs]
    seconds = [run.history.seconds / run.epochs for run in runs]
    losses = [run.test_cross_entropy for run in runs]
    rows = (
        (_("time of an epoch (s)"), _("time"), seconds),
        (_("memory of a step (MiB)"), _("memory"), mebibytes),
        (_("test cross-entropy (nats)"), _("loss after the same samples"), losses),
    )
    for axes, (label, title, values), colour in zip(all_axes, rows, theme().curves, strict=False):
        axes.plot(sizes, values, "o-", color=colour)
        axes.set(xlabel=_("batch size B (samples)"), ylabel=label, title=title)
        axes.margins(x=0.15, y=0.15)
        log_axis(axes, "x")
        if axes is all_axes[-1]:
            axes.set_ylim(bottom=0)
        else:
            log_axis(axes, "y")
        side, aside = (
            ("right", -3) if values[-1] > values[0] else ("left", 3)
        )  # beside the line, not on it
        for size, value in zip(sizes, values, strict=True):
            text = number(float(f"{value:.2g}"))
            axes.annotate(
                text, (size, value), (aside, 5), textcoords="offset points", ha=side, fontsize=9
            )
    return figure


def _curve_with_noise(
    axes: Axes, x: np.ndarray, y: np.ndarray, colour: str, label: str
) -> tuple[float, float]:
    """Draw the mean of up to 60 bins of equal width on the logarithmic axis, and their 10–90 %.

    Returns where the curve ends.
    """
    if len(y) <= 60:
        axes.plot(x, y, "o-", color=colour, label=label, markersize=4)
        return x[-1], y[-1]
    edges = np.unique(np.searchsorted(x, np.geomspace(max(x[0], x[-1] / 1e4), x[-1], 61)))
    stretches = [slice(a, b) for a, b in itertools.pairwise(edges)]
    centre, mean = np.array([(x[part].mean(), y[part].mean()) for part in stretches]).T
    axes.plot(centre, mean, color=colour, label=label)
    low, high = np.array([np.percentile(y[part], (10, 90)) for part in stretches]).T
    axes.fill_between(centre, low, high, color=colour, alpha=0.16, linewidth=0)
    return centre[-1], mean[-1]

"""The loss of a training that is still going on."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.figure import Figure

from corelab.common.i18n import _
from corelab.plots.style import panels, styled, theme


@styled
def growing_loss(steps: int, title: str) -> Figure:
    """Make the axes for the loss of `steps` steps, still empty."""
    figure, (axes,) = panels(1, width=6.4, height=2.8)
    axes.plot([], [], color=theme().curves[0])
    axes.set(xlim=(0, steps), ylim=(0, 2.5), title=title)
    axes.set(xlabel=_("step"), ylabel=_("training loss"))
    return figure


def grown(figure: Figure, steps: Sequence[float], losses: Sequence[float]) -> bytes:
    """Draw this curve into the figure, and return it as PNG."""
    (axes,) = figure.axes
    axes.lines[0].set_data(steps, losses)
    axes.set_ylim(top=max(2.5, 1.05 * max(losses)))
    png = io.BytesIO()
    figure.savefig(png, dpi=100)
    return png.getvalue()

"""The progress of a training: a bar with a small curve on a terminal, a figure in a notebook.

Elsewhere, as in a pipe, nothing is shown. Drawing takes a twentieth of the time.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from corelab.common.i18n import _
from corelab.history import History

LEVELS = "▁▂▃▄▅▆▇█"
ASCII_LEVELS = "_.-^"
NOTHING = {"text/html": ""}


class Progress:
    """Show a training's history whenever it is due, if anybody watches.

    steps: of the whole training. title: its name. progress: None means where somebody watches.
    """

    def __init__(self, steps: int, title: str = "", progress: bool | None = None):
        watched = (sys.stderr.isatty() or in_notebook()) if progress is None else progress
        self._view = (_Figure if in_notebook() else _Bar)(steps, title) if watched else None
        self._next = 0.0

    def is_due(self) -> bool:
        """Tell whether `show` would draw now."""
        return self._view is not None and time.perf_counter() >= self._next

    def show(self, history: History) -> None:
        """Draw what `history` has flushed by now, unless it was drawn a moment ago."""
        if self._view and self.is_due():
            started = time.perf_counter()
            self._view.draw(history)
            drawn = time.perf_counter()
            # At most 2 s: the first drawing loads matplotlib.
            self._next = drawn + min(max(0.1, 20 * (drawn - started)), 2)

    def close(self) -> None:
        """End the display: a bar is gone, a figure shows all of the history."""
        if self._view:
            self._view.close()


class _Bar:
    """One line of a terminal, gone when the training is done."""

    def __init__(self, steps: int, title: str):
        self._steps = steps
        self._bar = tqdm(total=steps, desc=_(title), leave=False)

    def draw(self, history: History) -> None:
        levels = ASCII_LEVELS if self._bar.ascii else LEVELS
        curve = sparkline(history.losses, self._steps, levels=levels)
        where = _("epoch {epoch}, loss {loss:.4f}").format(
            epoch=len(history.epoch_losses) + 1, loss=history.losses[-1]
        )
        self._bar.bar_format = f"{{l_bar}}{{bar:10}}| {curve} {where} [{{elapsed}}<{{remaining}}]"
        self._bar.n = history.steps
        self._bar.refresh()

    def close(self) -> None:
        self._bar.close()


class _Figure:
    """A figure in a notebook, which stays where the training has no title.

    Trainings of a sweep have one, and take turns in one place of the cell.
    """

    def __init__(self, steps: int, title: str):
        from IPython import get_ipython

        self._steps, self._title = steps, title
        self._handle = _place_of(get_ipython().execution_count) if title else _place()
        self._figure: Any = None
        self._history: History | None = None

    def draw(self, history: History) -> None:
        from corelab.plots import live  # only now: matplotlib takes its time to load

        self._history = history
        self._figure = self._figure or live.growing_loss(self._steps, _(self._title))
        curve = means(history.losses, self._steps, 200)
        at = [(column + 0.5) * self._steps / min(self._steps, 200) for column in range(len(curve))]
        self._handle.update({"image/png": live.grown(self._figure, at, curve)}, raw=True)

    def close(self) -> None:
        if self._title:
            self._handle.update(NOTHING, raw=True)
        elif self._history:
            self.draw(self._history)


def _place() -> Any:
    """Return a new place in a notebook's output, empty as yet."""
    from IPython.display import display

    return display(NOTHING, raw=True, display_id=True)


@functools.lru_cache(maxsize=1)
def _place_of(_cell: int) -> Any:
    """Return the one place in the output of a cell, by its number."""
    return _place()


def sparkline(losses: Sequence[float], steps: int, width: int = 16, levels: str = LEVELS) -> str:
    """Draw the losses so far, from 0 up, as characters: `width` of them for all `steps`."""
    curve = means(losses, steps, width)
    low, high = min(0, *curve), max(curve)
    scale = (len(levels) - 1) / ((high - low) or 1)
    return "".join(levels[round((mean - low) * scale)] for mean in curve).ljust(min(width, steps))


def means(losses: Sequence[float], steps: int, columns: int) -> list[float]:
    """Average the losses so far over equal bins, `columns` of them for all `steps`.

    At most 20 losses a bin are averaged, so the cost does not grow with the run.
    """
    columns = min(columns, steps)
    averages = []
    for column in range(columns):
        bin_ = losses[column * steps // columns : (column + 1) * steps // columns]
        if bin_:
            some = bin_[:: -(-len(bin_) // 20)]
            averages.append(sum(some) / len(some))
    return averages


def in_notebook() -> bool:
    """Tell whether a notebook's kernel runs this, and not just a script."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None

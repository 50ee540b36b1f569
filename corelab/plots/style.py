"""What all figures share: two themes, a font for Chinese, names beside curves, how to save."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import Colormap, LinearSegmentedColormap, hsv_to_rgb, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from corelab import optim

FONT = Path(__file__).parents[1] / "common" / "fonts" / "NotoSansTC-corelab.ttf"
CURVES = ("blue", "orange", "green", "vermillion", "purple", "sky blue", "black")
Plot = TypeVar("Plot", bound=Callable[..., Figure])


@dataclass(frozen=True)
class Theme:
    """The colours of a figure; those of curves stand out from the paper by 3:1 at least."""

    paper: str
    ink: str
    soft: str
    """What is told in passing."""
    grid: str
    curves: tuple[str, ...]
    """Told apart with every kind of colour vision. What CURVES are in this theme."""
    shades: tuple[float, float]
    """The part of the colour map "plasma" that stands out from the paper."""
    full: str
    """A surface that the paper's colour can be read on."""

    @property
    def optimizers(self) -> dict[str, str]:
        """The colours of the kit's optimizers, in every figure."""
        return {name: self.optimizer(name) for name in optim.__all__}

    def optimizer(self, name: str) -> str:
        """The colour of an optimizer: the one its class says, of CURVES or any of matplotlib's,
        or one made from its name."""
        said = getattr(optim, name).colour if name in optim.__all__ else ""
        if said in CURVES:
            return self.curves[CURVES.index(said)]
        return to_hex(said) if said else self._own(name)

    def _own(self, name: str) -> str:
        """A colour that a name keeps: of a hue that none of the curves has."""
        start = zlib.crc32(name.encode()) / 2**32
        taken = np.array([to_rgb(colour) for colour in self.curves])
        colours = (_mid_colour(start + step * 0.618) for step in range(50))  # the golden section
        return to_hex(next(rgb for rgb in colours if np.abs(taken - rgb).sum(1).min() > 0.35))

    @property
    def alarm(self) -> str:
        return self.curves[3]

    def scale(self, count: int) -> np.ndarray:
        """`count` colours in a row, for what has an order: (count, 4)."""
        return mpl.colormaps["plasma"](np.linspace(*self.shades, count))

    def from_paper(self, colour: str) -> Colormap:
        """From the paper (nothing) to the colour (all)."""
        return LinearSegmentedColormap.from_list("from paper", [self.paper, colour])


def _mid_colour(hue: float) -> tuple[float, float, float]:
    """A colour of luminance 0.2, which stands out from white and from black by 4:1."""
    pure = np.array(hsv_to_rgb((hue % 1, 1, 1)))
    luminance = float(pure @ (0.2126, 0.7152, 0.0722))
    white = max(0.0, (0.2 - luminance) / (1 - luminance))
    linear = (pure * (1 - white) + white) * min(1.0, 0.2 / luminance)
    red, green, blue = linear ** (1 / 2.2)
    return float(red), float(green), float(blue)


# Okabe and Ito's colours (jfly.uni-koeln.de/color). On white their orange and sky blue stand out by
# 2.3:1 only: there all are moved a little, until each reaches 3:1 and no two are nearer than in the
# original.
THEMES = {
    "light": Theme(
        paper="#ffffff", ink="#222222", soft="#6b6b6b", grid="#e6e6e6", full="#1a69ab",
        curves=("#1a69ab", "#bd8a2f", "#36936f", "#c5541d", "#e36aa2", "#1b9ed5", "#333333"),
        shades=(0.0, 0.62),
    ),
    "dark": Theme(
        paper="#12161d", ink="#e6eaf0", soft="#9aa6b6", grid="#2e3744", full="#56b4e9",
        curves=("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#e8e8e8"),
        shades=(0.42, 1.0),
    ),
}  # fmt: skip
OPTIMIZER_COLOURS = THEMES["light"].optimizers
_theme = THEMES["light"]


def use(theme: str) -> None:
    """Make all figures from now on "light" or "dark"."""
    global _theme
    _theme = THEMES[theme]


def theme() -> Theme:
    """Return the theme in use."""
    return _theme


def styled(plot: Plot) -> Plot:
    """Let the function make its figure in the kit's style, its layout solved once for all."""

    @functools.wraps(plot)
    def make(*args: Any, **kwargs: Any) -> Figure:
        with mpl.rc_context(_style(_theme)):
            figure = plot(*args, **kwargs)
            engine = figure.get_layout_engine()
            if engine is not None:
                engine.execute(figure)
                figure.set_layout_engine("none")  # or each time that it is drawn solves it again
        return figure

    return make  # type: ignore[return-value]


def save(figure: Figure, path: str | Path) -> list[Path]:
    """Write `path`.png (150 dots an inch) and `path`.svg; return both. The same bytes every time.

    Text is drawn as outlines in the SVG: it looks the same where the fonts are missing.
    """
    png, svg = Path(f"{path}.png"), Path(f"{path}.svg")
    figure.set_dpi(150)
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "corelab"}):
        # Not savefig, which draws everything once more beforehand, for a layout that is solved
        # already.
        pixels: Any = FigureCanvasAgg(figure)
        pixels.print_png(png)
        outlines: Any = FigureCanvasSVG(figure)  # it counts 72 dots an inch
        outlines.print_svg(svg, metadata={"Date": None})
    figure.set_dpi(150)
    return [png, svg]


def panels(
    count: int, width: float, height: float = 3.8, *, sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    """Make a figure of `count` panels side by side; width and height in inches."""
    figure = Figure(figsize=(width, height), layout="constrained")
    all_axes = list(figure.subplots(1, count, squeeze=False, sharey=sharey).flat)
    for axes in all_axes:  # said for each tick: one that appears later would ask for today's style
        axes.tick_params(which="both", color=_theme.ink, labelcolor=_theme.ink)
    return figure, all_axes


def log_axis(axes: Axes, which: str) -> None:
    """Make the axis "x" or "y" logarithmic, with its numbers written out: 0.01, 1, 1,000."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(FuncFormatter(lambda value, _at: number(value)))
    axis.set_minor_locator(NullLocator())  # half of the time to draw, and no number at them


def number(value: float) -> str:
    """1000 as 1,000; 0.0005 and 2.5 as they are."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def name_curves(axes: Axes, ends: Sequence[tuple[str, float, float, Any]]) -> None:
    """Write the name of every curve beside its right end (name, x, y, colour), none over another.

    The limits of the axes must be set. A curve that diverged left at the top. A legend where there
    are too many.
    """
    figure: Any = axes.figure
    size = mpl.rcParams["font.size"] * 0.9
    gap = 1.3 * size / (72 * 0.75 * figure.get_size_inches()[1])  # of the height of the axes
    if (len(ends) - 1) * gap > 1:
        axes.legend(fontsize=size * 0.8, ncols=2, columnspacing=1).set_in_layout(False)
        return
    low, high = sorted(axes.get_ylim())
    ends = [
        (n, x, min(max(y, low), high) if np.isfinite(y) else high, colour)
        for n, x, y, colour in ends
    ]
    to_share = axes.transScale + axes.transLimits
    ends.sort(key=lambda end: end[2])
    wanted = [to_share.transform((x, y))[1] for _, x, y, _ in ends]
    dots = {"arrowstyle": "-", "linestyle": (0, (1, 1)), "relpos": (0, 0.5), "shrinkB": 0}
    for (name, x, y, colour), at in zip(ends, spread(wanted, gap), strict=True):
        axes.annotate(
            name, (x, y), (1.04, at), textcoords="axes fraction", va="center", fontsize=size,
            arrowprops={**dots, "color": colour}, annotation_clip=False,
        )  # fmt: skip


def spread(wanted: Sequence[float], gap: float) -> np.ndarray:
    """Move positions from 0 to 1 until they are `gap` apart at least, and no further than needed.

    wanted: rising. Isotonic regression of what is left without the gaps, by pooling neighbours.
    """
    pools: list[tuple[float, int]] = []  # sum, count
    for rank, position in enumerate(wanted):
        total, count = position - rank * gap, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    means = np.repeat([total / count for total, count in pools], [count for _, count in pools])
    ranks = np.arange(len(wanted))
    room = max(0, 1 - gap * (len(wanted) - 1))
    positions: np.ndarray = np.clip(means, 0, room) + gap * ranks
    return positions


def smooth(values: Sequence[float], width: int = 9) -> np.ndarray:
    """Return the running mean over `width` steps: batches differ, and hide the trend."""
    padded = np.pad(
        np.asarray(values, dtype=float), (width // 2, width - 1 - width // 2), mode="edge"
    )
    means: np.ndarray = np.convolve(padded, np.ones(width) / width, mode="valid")
    return means


@functools.cache
def _families() -> list[str]:
    """List the fonts to look for a character in; matplotlib complains of one that is not there."""
    font_manager.fontManager.addfont(FONT)
    there = {font.name for font in font_manager.fontManager.ttflist}
    ours = font_manager.get_font(FONT).family_name
    wanted = ("DejaVu Sans", ours, "Microsoft JhengHei", "PingFang TC", "Noto Sans CJK TC")
    return [family for family in wanted if family in there]


def _style(theme: Theme) -> Any:
    return {
        "font.family": _families(),
        "font.size": 10,
        "text.color": theme.ink,
        "figure.facecolor": theme.paper,
        "figure.dpi": 150,
        "figure.constrained_layout.h_pad": 0.08,
        "figure.constrained_layout.w_pad": 0.08,
        "axes.facecolor": theme.paper,
        "axes.edgecolor": theme.ink,
        "axes.labelcolor": theme.ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.titlesize": 11,
        "grid.color": theme.grid,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
    }

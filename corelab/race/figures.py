"""The two plots of the race, as Bokeh takes them. `race.js` fills in paths and colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.race.paths import STEPS
from corelab.race.surfaces import SURFACES, Surface

try:
    from bokeh.embed import json_item
    from bokeh.models import ColumnDataSource
    from bokeh.palettes import interp_palette
    from bokeh.plotting import figure
    from bokeh.resources import Resources
except ImportError as error:
    raise UserError(
        _('Bokeh draws the race, and is not installed: pip install "bokeh>=3.4"')
    ) from error

LEVELS = 14  # of a surface
# The lowest ground, the highest, and the lines between two heights.
GROUND = {"light": ("#ffffff", "#d9e4ee", "#b9cad9"), "dark": ("#0d1117", "#28323f", "#3d4c5e")}


def script() -> str:
    """Bokeh itself, for the browser."""
    return "\n".join(Resources(mode="inline", components=["bokeh"], log_level="warn").js_raw)


def ground(theme: str) -> dict[str, Any]:
    """The colours of the bands between the levels, and of the contour lines."""
    lowest, highest, line = GROUND[theme]
    return {"ground": interp_palette((lowest, highest), LEVELS - 1), "contour": line}


def map_of_surfaces() -> Any:
    """Contours of every surface, all hidden, and above them what `race.js` fills in."""
    plot = _figure("map", "θ₁", "θ₂", x_range=(-1, 1), y_range=(-1, 1))
    plot.grid.visible = False
    for surface in SURFACES:
        _contours(plot, surface)
    minima = _source("minima", "x y text")
    plot.scatter("x", "y", marker="star", size=14, line_color=None, source=minima)
    starts = _source("starts", "x y marker")
    plot.scatter("x", "y", marker="marker", size=12, line_width=1.5, fill_color=None, source=starts)
    _lines(plot, "trails", line_width=2)
    plot.scatter("x", "y", size=4, color="color", source=_source("dots", "x y color"))
    plot.text(
        "x", "y", text="text", text_align="center", text_baseline="bottom", y_offset=-9, padding=2,
        text_font_size="12px", background_fill_alpha=0.7, source=minima,
    )  # fmt: skip
    _heads(plot)
    return json_item(plot)


def _contours(plot: figure, surface: Surface) -> None:
    """Bands of heights, as many points in one as in another, but for more of them low down."""
    x, y, heights = (tensor.numpy() for tensor in surface.grid(121))
    levels = np.quantile(heights, np.linspace(0, 1, LEVELS) ** 1.5)
    levels[0] = 0
    bands = ["white"] * (LEVELS - 1)  # race.js colours them
    contour = plot.contour(
        x, y, heights, levels, fill_color=bands, line_color="gray", line_width=0.7
    )
    contour.update(name=surface.name, visible=False)
    renderers: tuple[Any, ...] = (contour.fill_renderer, contour.line_renderer)
    for data in (renderer.data_source.data for renderer in renderers):
        data |= {key: _in_32_bits(data[key]) for key in ("xs", "ys")}  # of 64, which nobody sees


def _in_32_bits(coordinates: Any) -> Any:
    if isinstance(coordinates, list):
        return [_in_32_bits(part) for part in coordinates]
    return np.asarray(coordinates, dtype=np.float32)


def chart_of_losses() -> Any:
    """The loss over the steps."""
    plot = _figure("chart", "step", "loss", y_axis_type="log", x_range=(0, 1), y_range=(0.1, 1))
    plot.xaxis.ticker = [STEPS * part // 4 for part in range(5)]
    _lines(plot, "ghosts", line_width=1.2, line_alpha=0.3)
    _lines(plot, "curves", line_width=2)
    _heads(plot)
    plot.text(
        "x", "y", text="text", color="color", text_align="align", text_baseline="middle",
        x_offset="offset", text_font_size="12px",
        source=_source("names", "x y text color align offset"),
    )  # fmt: skip
    return json_item(plot)


def _figure(name: str, x: str, y: str, **settings: Any) -> figure:
    plot = figure(
        name=name, x_axis_label=x, y_axis_label=y, sizing_mode="stretch_both", tools="",
        min_border=4, toolbar_location=None, outline_line_color=None, border_fill_color=None,
        background_fill_color=None,
        **settings,
    )  # fmt: skip
    plot.axis.minor_tick_line_color = None
    plot.axis.axis_label_text_font_style = "normal"
    return plot


def _lines(plot: figure, name: str, **look: Any) -> None:
    plot.multi_line(
        "xs", "ys", color="color", line_join="round", source=_source(name, "xs ys color"), **look
    )


def _heads(plot: figure) -> None:
    source = _source("heads", "x y marker color")
    plot.scatter(
        "x", "y", marker="marker", size=12, fill_color="color", line_width=1.5, source=source
    )


def _source(name: str, columns: str) -> ColumnDataSource:
    return ColumnDataSource({column: [] for column in columns.split()}, name=name)

"""Figures of what a trained network says: where it is most wrong, and what it takes for what."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from corelab.common.i18n import N_, _
from corelab.data import InMemoryDataset
from corelab.measure import Predictions
from corelab.plots.style import panels, styled, theme

# The data set's own names, github.com/zalandoresearch/fashion-mnist
_FASHION = (
    N_("T-shirt/top"), N_("Trouser"), N_("Pullover"), N_("Dress"), N_("Coat"),
    N_("Sandal"), N_("Shirt"), N_("Sneaker"), N_("Bag"), N_("Ankle boot"),
)  # fmt: skip


def class_names(data: str) -> list[str]:
    """Return the ten classes of "fashion-mnist" or "mnist", in the language in use."""
    return (
        [_(name) for name in _FASHION]
        if data == "fashion-mnist"
        else [str(digit) for digit in range(10)]
    )


@styled
def worst_predictions(
    dataset: InMemoryDataset, predictions: Predictions, classes: Sequence[str], count: int = 12
) -> Figure:
    """Draw the `count` samples whose loss is highest, with what they are and are taken for.

    dataset: what was predicted, images of 28 x 28 pixels, in the order of the predictions.
    """
    worst = predictions.worst(count)
    columns = min(6, len(worst))
    rows = math.ceil(len(worst) / columns)
    figure, (axes,) = panels(1, width=1.75 * columns, height=1.88 * rows + 0.45)
    axes.set_axis_off()
    axes.set_title(_("the highest losses, in nats"))
    page = np.zeros((43 * rows, 40 * columns))  # one picture is drawn sooner than many
    for place, index in enumerate(worst.tolist()):
        target, said = int(predictions.targets[index]), int(predictions.predicted[index])
        left, top = 40 * (place % columns) + 6, 43 * (place // columns)
        pixels = dataset.inputs[index] * dataset.std + dataset.mean
        page[top : top + 28, left : left + 28] = pixels.reshape(28, 28).cpu().numpy()
        loss = float(predictions.losses[index])  # not a number where the network diverged
        text = _("{target}\ntaken for {said}\nloss {loss}").format(
            target=classes[target],
            said=classes[said],
            loss=f"{loss:.1f}" if math.isfinite(loss) else "∞",
        )
        axes.text(left + 14, top + 30, text, ha="center", va="top", fontsize=8.5)
    extent = (0, 40 * columns, 43 * rows, 0)
    axes.imshow(
        page,
        theme().from_paper(theme().ink),
        vmin=0,
        vmax=1,
        extent=extent,
        interpolation="nearest",
    )
    return figure


@styled
def confusion_matrix(predictions: Predictions, classes: Sequence[str]) -> Figure:
    """Draw how many samples of each class (rows) were taken for which (columns).

    Coloured by their share of the row.
    """
    counts = predictions.confusion(len(classes)).numpy()
    share = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, (axes,) = panels(1, width=6, height=5.7)
    strength = np.sqrt(share)  # a mistake in twenty can be seen
    axes.imshow(strength, cmap=theme().from_paper(theme().full), vmin=0, vmax=1)
    for row, column in np.argwhere(counts):
        colour = theme().paper if strength[row, column] > 0.7 else theme().ink
        axes.text(
            column,
            row,
            f"{counts[row, column]}",
            ha="center",
            va="center",
            fontsize=8,
            color=colour,
        )
    places = np.arange(len(classes))
    axes.set_xticks(places, classes, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(places, classes)
    axes.set(xlabel=_("what the network says"), ylabel=_("what it is"))
    axes.set_title(_("samples, coloured by their share of the row"))
    axes.grid(visible=False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure

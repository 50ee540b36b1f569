"""Every figure of the kit, in one style. The only package of the bench that imports matplotlib.

Figures are made without pyplot: nothing opens a window, and they look alike without a screen.

    figure = plots.loss_curves({"B = 100": history})
    png, svg = plots.save(figure, Path("runs") / "loss_curves")
"""

from corelab.plots.optimizing import (
    effective_learning_rates,
    learning_rates,
    optimizers,
    ours_over_builtin,
)
from corelab.plots.paths import paths_on_contour, paths_on_curve
from corelab.plots.predicting import class_names, confusion_matrix, worst_predictions
from corelab.plots.style import OPTIMIZER_COLOURS, THEMES, save, use
from corelab.plots.training import batch_sizes, epoch_losses, loss_curves

__all__ = [
    "OPTIMIZER_COLOURS",
    "THEMES",
    "batch_sizes",
    "class_names",
    "confusion_matrix",
    "effective_learning_rates",
    "epoch_losses",
    "learning_rates",
    "loss_curves",
    "optimizers",
    "ours_over_builtin",
    "paths_on_contour",
    "paths_on_curve",
    "save",
    "use",
    "worst_predictions",
]

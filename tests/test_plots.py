"""The figures: the right lines, names and numbers, in both languages and themes."""

from __future__ import annotations

import itertools
import math
import re
import struct
import warnings
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Text

from corelab import History, optim, plots
from corelab.common import i18n
from corelab.data import InMemoryDataset
from corelab.history import Run
from corelab.measure import Predictions
from corelab.plots.style import spread

WAYS = {"all at once": 3, "a batch at a time": 200, "one at a time": 5000}


@pytest.fixture(autouse=True)
def _no_warnings():
    """A figure that warns (a missing glyph, an empty legend, a mean of nothing) is not a good
    one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter(
            "ignore", ResourceWarning
        )  # of what an earlier test left to be collected
        yield
    plots.use("light")


def history(steps, size=10, start=2.3, diverged=False, epochs=2):
    losses = [start * math.exp(-step / 100) + 0.1 * (-1) ** step for step in range(steps)]
    if diverged:
        losses[-1] = math.inf
    return History(
        samples=steps * size // epochs,
        batch_size=size,
        losses=losses,
        sizes=[size] * steps,
        at_seconds=[0.01 * (step + 1) for step in range(steps)],
        epoch_losses=[] if diverged else [float(start), *([0.5] * (epochs - 1))],
        diverged_at_step=steps if diverged else None,
    )


def a_run(lr=0.1, steps=30, diverged=False, optimizer="Adam", seed=0, loss=0.5):
    ended = (math.nan, math.nan) if diverged else (loss, 0.8)
    return Run(f"lr={lr:g}", optimizer, lr, 10, 2, seed, history(steps, diverged=diverged), *ended)


def drawn(figure, tmp_path):
    """The figure as a student gets it: saved without a complaint, and not empty."""
    figure.savefig(tmp_path / "figure.png", dpi=60)
    assert (tmp_path / "figure.png").stat().st_size > 3000
    return figure.axes


def labels(axes):
    """The names beside the curves, from the lowest to the highest."""
    return [text.get_text() for text in axes.texts]


def line(axes, label):
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return found


# Loss against samples and seconds


def test_loss_curves_against_samples_and_seconds(tmp_path):
    histories = {name: history(steps, size=15000 // steps) for name, steps in WAYS.items()}
    by_samples, by_seconds = drawn(plots.loss_curves(histories), tmp_path)
    assert by_samples.get_xlabel() == "samples seen"
    assert by_seconds.get_xlabel() == "time (s)"
    assert sorted(labels(by_samples)) == sorted([*WAYS, "guessing: ln 10"])
    for axes in (by_samples, by_seconds):
        assert "cross-entropy" in axes.get_ylabel()
        assert axes.get_xscale() == "log"


def test_a_short_history_is_drawn_point_by_point(tmp_path):
    by_samples, by_seconds = drawn(plots.loss_curves({"few": history(5, size=60_000)}), tmp_path)
    few = history(5, size=60_000)
    assert line(by_samples, "few").get_xdata().tolist() == [
        60_000,
        120_000,
        180_000,
        240_000,
        300_000,
    ]
    assert line(by_samples, "few").get_ydata().tolist() == few.losses
    assert line(by_seconds, "few").get_xdata().tolist() == few.at_seconds


def test_a_long_history_is_drawn_as_its_mean_and_its_range(tmp_path):
    """A constant loss with a jitter of ±0.1: the line lies in the middle, the band covers the
    jitter."""
    many = replace(
        history(20_000, size=1), losses=[1.5 + 0.1 * (-1) ** step for step in range(20_000)]
    )
    by_samples, _ = drawn(plots.loss_curves({"many": many}), tmp_path)
    curve = line(by_samples, "many")
    assert 20 < len(curve.get_xdata()) <= 60
    assert np.all(np.diff(curve.get_xdata()) > 0)
    late = curve.get_ydata()[-20:]
    assert late == pytest.approx(np.full(20, 1.5), abs=0.01)
    (band,) = by_samples.collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((1.4, 1.6), abs=1e-6)


def test_a_diverged_history_is_drawn_up_to_where_it_was(tmp_path):
    histories = {
        "short": history(20, diverged=True),
        "long": history(200, diverged=True),
        "good": history(200),
    }
    by_samples, _ = drawn(plots.loss_curves(histories), tmp_path)
    assert sorted(labels(by_samples)) == sorted([*histories, "guessing: ln 10"])
    assert line(by_samples, "short").get_xdata()[-1] == 200


def test_a_history_of_one_step(tmp_path):
    drawn(plots.loss_curves({"one": history(1), "many": history(70)}), tmp_path)


# Paths


def test_a_path_has_the_colour_of_its_optimizer():
    paths = {"fits": A_PATH, "with momentum": A_PATH, "Adam": A_PATH}
    view = (-5, 5), (-2, 2)
    whose = ["GradientDescent", "Momentum", "Adam"]
    figure = plots.paths_on_contour(ravine, paths, *view, whose)
    drawn_in = [to_hex(axes.lines[0].get_color()) for axes in figure.axes]
    assert drawn_in == [plots.OPTIMIZER_COLOURS[name] for name in whose]
    unsaid = plots.paths_on_contour(ravine, paths, *view).axes
    assert {to_hex(axes.lines[0].get_color()) for axes in unsaid} == {drawn_in[0]}


def bowl(theta):
    return (theta[..., 0] - 3) ** 2


def ravine(theta):
    return (theta[..., 0] ** 2 + 20 * theta[..., 1] ** 2) / 2


def test_paths_on_a_curve(tmp_path):
    paths = {
        "crawls": torch.linspace(-1, 0, 13).unsqueeze(1),
        "leaves": torch.tensor([[-1.0], [9.0], [-50.0]]),
    }
    panels = drawn(plots.paths_on_curve(bowl, paths, span=(-2, 8)), tmp_path)
    assert [axes.get_title() for axes in panels] == list(paths)
    for axes, points in zip(panels, paths.values(), strict=True):
        curve, walk, start, end = axes.lines
        np.testing.assert_allclose(curve.get_ydata(), (np.asarray(curve.get_xdata()) - 3) ** 2)
        assert walk.get_xdata().tolist() == points[:, 0].tolist()
        assert walk.get_ydata().tolist() == bowl(points).tolist()
        assert (start.get_xdata()[0], end.get_xdata()[0]) == (points[0, 0], points[-1, 0])
        assert axes.get_xlim() == (-2, 8)


def test_paths_on_a_contour(tmp_path):
    paths = {
        "one": torch.tensor([[4.0, 1.0], [2.0, -0.5], [1.0, 0.1]]),
        "two": torch.tensor([[4.0, 1.0], [0.0, 9.0]]),
    }
    panels = drawn(plots.paths_on_contour(ravine, paths, x=(-4.5, 4.5), y=(-1.6, 1.6)), tmp_path)
    assert [axes.get_title() for axes in panels] == list(paths)
    for axes, points in zip(panels, paths.values(), strict=True):
        walk = axes.lines[0]
        assert np.column_stack([walk.get_xdata(), walk.get_ydata()]).tolist() == points.tolist()
        assert axes.get_xlim() == (-4.5, 4.5)
        assert axes.get_ylim() == (-1.6, 1.6)
    contour = panels[0].collections[0]
    level, outline = next(
        (level, path.vertices)
        for level, path in zip(contour.levels, contour.get_paths(), strict=True)
        if len(path.vertices)
    )
    heights = ravine(torch.tensor(outline))
    assert heights.numpy() == pytest.approx(np.full(len(outline), level), rel=0.2), (
        "a contour is of equal height"
    )


# Learning rates


def test_learning_rates_shows_what_diverged(tmp_path):
    runs = [
        a_run(0.01, loss=2.0),
        a_run(0.1, loss=0.5),
        a_run(1.0, diverged=True),
        a_run(3.0, diverged=True),
    ]
    curves, ends = drawn(plots.learning_rates(runs), tmp_path)
    assert sorted(labels(curves)) == ["η = 0.01", "η = 0.1"]
    assert line(curves, "η = 0.1").get_xdata().tolist() == [1, 2]
    assert line(curves, "η = 0.1").get_ydata().tolist() == runs[1].history.epoch_losses
    finite, crosses = ends.lines
    assert (finite.get_xdata().tolist(), finite.get_ydata().tolist()) == ([0.01, 0.1], [2.0, 0.5])
    assert crosses.get_xdata().tolist() == [1.0, 3.0]
    assert crosses.get_marker() == "x"
    assert labels(ends) == ["η = 0.1", "diverged"], "the best, and the zone"
    (zone,) = ends.patches
    assert zone.get_window_extent().x0 > ends.transData.transform((0.1, 0))[0]
    assert zone.get_window_extent().x0 < ends.transData.transform((1.0, 0))[0]
    assert zone.get_window_extent().x1 > ends.transData.transform((3.0, 0))[0]
    assert ends.get_xscale() == "log"


@pytest.mark.parametrize("diverged", [(False, False), (True, True), (True, False)])
def test_learning_rates_of_any_outcome(tmp_path, diverged):
    runs = [a_run(lr, diverged=bad) for lr, bad in zip((0.1, 1.0), diverged, strict=True)]
    _, ends = drawn(plots.learning_rates(runs), tmp_path)
    assert ("diverged" in labels(ends)) is bool(ends.patches) is any(diverged)


def test_a_rate_that_diverged_in_a_later_epoch_says_so_at_its_curve(tmp_path):
    late = a_run(1.0, diverged=True)
    late.history.epoch_losses = [0.8]
    curves, _ = drawn(plots.learning_rates([a_run(0.1), late]), tmp_path)
    assert sorted(labels(curves)) == ["η = 0.1", "η = 1 (diverged)"]


def test_a_rate_of_zero_does_not_spoil_the_others(tmp_path):
    drawn(plots.learning_rates([a_run(0.0), a_run(0.1)]), tmp_path)


# Optimizers


def test_optimizers_shows_the_mean_and_the_range_over_seeds(tmp_path):
    flat = [
        replace(a_run(seed=seed), history=replace(history(50), losses=[level] * 50))
        for seed, level in enumerate((1.0, 2.0, 1.2))
    ]
    panels = {"at one rate": {"Adam, η = 0.1": flat}, "at its best": {"Adam, η = 0.01": flat[:1]}}
    one_rate, best = drawn(plots.optimizers(panels), tmp_path)
    assert (one_rate.get_title(), best.get_title()) == tuple(panels)
    curve = line(one_rate, "Adam, η = 0.1")
    assert curve.get_xdata().tolist() == list(range(1, 51))
    assert curve.get_ydata() == pytest.approx(np.full(50, 1.4))
    heights = one_rate.collections[0].get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == pytest.approx((1.0, 2.0))
    assert labels(best) == ["Adam, η = 0.01"]


def test_optimizers_keep_their_colours(tmp_path):
    panels = {
        "a": {name: [a_run(optimizer=name)] for name in ("GradientDescent", "Adam", "Momentum")}
    }
    (axes,) = drawn(plots.optimizers(panels), tmp_path)
    for name in panels["a"]:
        assert to_hex(line(axes, name).get_color()) == plots.OPTIMIZER_COLOURS[name].lower()
    assert len(set(plots.OPTIMIZER_COLOURS.values())) == len(plots.OPTIMIZER_COLOURS)


def test_an_optimizer_of_a_students_own_has_a_colour_of_its_own_in_every_figure(tmp_path):
    names = ["MyAdam", "Lion", "SGD", "adam", "優化器"]
    flat = [1.0] * 9

    def colours(figure):
        (axes,) = drawn(figure, tmp_path)
        return [to_hex(line(axes, name).get_color()) for name in names]

    own = colours(plots.optimizers({"a": {name: [a_run(optimizer=name)] for name in names}}))
    rates = {name: torch.full((40, 3), 0.2) for name in names}
    assert colours(plots.effective_learning_rates(rates)) == own
    assert colours(plots.ours_over_builtin(dict.fromkeys(names, (flat, flat)))) == own
    bowl = lambda theta: theta.square().sum(-1)  # noqa: E731
    drawn(plots.paths_on_curve(bowl, {"mine": torch.ones(3, 1)}, (-1, 1), ["MyAdam"]), tmp_path)
    drawn(plots.learning_rates([a_run(optimizer="MyAdam")]), tmp_path)
    assert len({*own, *plots.OPTIMIZER_COLOURS.values()}) == 5 + len(plots.OPTIMIZER_COLOURS)
    for theme in plots.THEMES.values():
        assert all(contrast(theme.optimizer(name), theme.paper) >= 3 for name in names)


@pytest.mark.parametrize("steps", [(30, 12, 1), (1, 1, 1), (2, 30, 30)])
def test_optimizers_of_runs_that_diverged_at_different_steps(tmp_path, steps):
    runs = [a_run(seed=seed, steps=count, diverged=count < 30) for seed, count in enumerate(steps)]
    (axes,) = drawn(plots.optimizers({"a": {"Adam": runs}}), tmp_path)
    assert labels(axes) == ["Adam"]


def test_effective_learning_rates(tmp_path):
    middle = torch.linspace(0.1, 0.01, 40)
    rates = {
        "Adagrad": torch.stack([middle / 2, middle, middle * 3], dim=1),
        "GradientDescent": torch.full((40, 3), 0.2),
    }
    (axes,) = drawn(plots.effective_learning_rates(rates), tmp_path)
    assert line(axes, "Adagrad").get_ydata() == pytest.approx(middle.numpy())
    assert axes.get_yscale() == "log"
    assert labels(axes) == list(rates)


def test_epoch_losses(tmp_path):
    (axes,) = drawn(plots.epoch_losses({"lr = 0.02": [2.0, 1.0, 0.5]}), tmp_path)
    assert list(line(axes, "lr = 0.02").get_xdata()) == [1, 2, 3]
    assert list(line(axes, "lr = 0.02").get_ydata()) == [2.0, 1.0, 0.5]
    assert axes.get_xlabel() == "epoch"


def test_ours_over_builtin(tmp_path):
    losses = history(80).losses
    (axes,) = drawn(
        plots.ours_over_builtin({"Adam": (losses, [loss + 0.5 for loss in losses])}), tmp_path
    )
    theirs, ours = axes.lines
    assert ours.get_linestyle() == "--"
    assert labels(axes) == ["Adam"]
    assert theirs.get_ydata() - ours.get_ydata() == pytest.approx(np.full(80, 0.5)), (
        "a difference is seen"
    )


# Batches


def test_batch_sizes_shows_time_memory_and_loss(tmp_path):
    runs = [
        replace(a_run(loss=loss), batch_size=b) for b, loss in ((1, 0.6), (100, 0.5), (5000, 2.3))
    ]
    time, memory, loss = drawn(plots.batch_sizes(runs, [2.0, 3.0, 100.0]), tmp_path)
    for axes, values, shown in (
        (time, [0.15] * 3, ["0.15"] * 3),  # 0.3 s for two epochs
        (memory, [2, 3, 100], ["2", "3", "100"]),
        (loss, [0.6, 0.5, 2.3], ["0.6", "0.5", "2.3"]),
    ):
        (curve,) = axes.lines
        assert curve.get_xdata().tolist() == [1, 100, 5000]
        assert curve.get_ydata() == pytest.approx(values)
        assert labels(axes) == shown


def test_batch_sizes_of_one_size_that_diverged(tmp_path):
    drawn(plots.batch_sizes([a_run(diverged=True)], [2.0]), tmp_path)


# Predictions


def some_predictions(losses, targets=(0, 1, 2, 1), predicted=(0, 2, 2, 0)):
    return Predictions(torch.tensor(targets), torch.tensor(predicted), torch.tensor(losses))


def test_worst_predictions_come_first_with_their_loss_and_their_image(tmp_path):
    pixels = torch.rand(4, 784, generator=torch.Generator().manual_seed(0))
    dataset = InMemoryDataset((pixels - 0.3) / 0.5, torch.tensor([0, 1, 2, 1]), mean=0.3, std=0.5)
    predictions = some_predictions([0.1, 7.25, 0.3, 3.0])
    (axes,) = drawn(
        plots.worst_predictions(dataset, predictions, ["cat", "dog", "owl"], count=2), tmp_path
    )
    assert labels(axes) == ["dog\ntaken for owl\nloss 7.2", "dog\ntaken for cat\nloss 3.0"]
    page = axes.images[0].get_array()
    for left, index in ((6, 1), (46, 3)):
        np.testing.assert_allclose(
            page[:28, left : left + 28], pixels[index].reshape(28, 28), atol=1e-6
        )


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_worst_predictions_of_a_network_that_diverged(tmp_path, loss):
    dataset = InMemoryDataset(torch.rand(1, 784), torch.tensor([1]))
    predictions = some_predictions([loss], targets=[1], predicted=[0])
    (axes,) = drawn(plots.worst_predictions(dataset, predictions, ["cat", "dog"]), tmp_path)
    assert labels(axes) == ["dog\ntaken for cat\nloss ∞"]


def test_confusion_matrix_counts_and_colours_by_the_share_of_the_row(tmp_path):
    classes = ["cat", "dog", "owl"]
    (axes,) = drawn(plots.confusion_matrix(some_predictions([0.0] * 4), classes), tmp_path)
    assert {text.get_position(): text.get_text() for text in axes.texts} == {
        (0, 0): "1",
        (0, 1): "1",
        (2, 1): "1",
        (2, 2): "1",
    }  # (column, row)
    share = axes.images[0].get_array() ** 2
    np.testing.assert_allclose(share, [[1, 0, 0], [0.5, 0, 0.5], [0, 0, 1]])
    assert [label.get_text() for label in axes.get_xticklabels()] == classes
    assert [label.get_text() for label in axes.get_yticklabels()] == classes


def test_class_names():
    assert plots.class_names("fashion-mnist")[6] == "Shirt"
    assert plots.class_names("mnist") == list("0123456789")
    i18n.use("zh-TW")
    assert plots.class_names("fashion-mnist")[6] == "襯衫"


# Every figure, in both languages and themes

A_DATASET = InMemoryDataset(torch.rand(3, 784), torch.tensor([0, 1, 2]))
A_PATH = torch.tensor([[4.0, 1.0], [2.0, -0.5], [1.0, 0.1]])
EVERY = {
    "loss_curves": lambda: plots.loss_curves({"B = 1": history(100), "B = 9": history(9)}),
    "epoch_losses": lambda: plots.epoch_losses({"lr = 0.02": [2.0, 1.0]}),
    "batch_sizes": lambda: plots.batch_sizes([a_run(), a_run()], [2.0, 3.0]),
    "paths_on_curve": lambda: plots.paths_on_curve(bowl, {"Adam": A_PATH[:, :1]}, span=(-2, 8)),
    "paths_on_contour": lambda: plots.paths_on_contour(
        ravine, {"Adam": A_PATH}, x=(-5, 5), y=(-2, 2)
    ),
    "learning_rates": lambda: plots.learning_rates([a_run(), a_run(3.0, diverged=True)]),
    "optimizers": lambda: plots.optimizers({"η": {"Adam": [a_run(), a_run(seed=1)]}}),
    "effective_learning_rates": lambda: plots.effective_learning_rates(
        {"Adam": torch.rand(9, 3) + 0.1}
    ),
    "ours_over_builtin": lambda: plots.ours_over_builtin({"Adam": ([1.0] * 20, [1.0] * 20)}),
    "worst_predictions": lambda: plots.worst_predictions(
        A_DATASET,
        some_predictions([1.0, 2.0, 3.0], (0, 1, 2), (1, 2, 1)),
        plots.class_names("fashion-mnist"),
    ),
    "confusion_matrix": lambda: plots.confusion_matrix(
        some_predictions([0.0] * 4), plots.class_names("fashion-mnist")
    ),
}


def test_every_figure_is_in_the_list():
    made = {name for name in plots.__all__ if name in dir(plots) and name.islower()}
    assert made - {"class_names", "save", "use"} == set(EVERY)


def said(axes):
    """The title and the names of both axes."""
    return [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_in_chinese_and_in_the_dark(name, tmp_path):
    in_english = [said(axes) for axes in EVERY[name]().axes]
    i18n.use("zh-TW")
    plots.use("dark")
    figure = EVERY[name]()
    axes = drawn(figure, tmp_path)
    same_in_both = {"", "epoch", "step", "θ", "θ₁", "θ₂", "C(θ)", "Adam", "η"}
    for english, chinese in zip(in_english, map(said, axes), strict=True):
        for before, after in zip(english, chinese, strict=True):
            assert (before == after) == (before in same_in_both), before
    assert to_hex(figure.get_facecolor()) == plots.THEMES["dark"].paper
    for one in axes:
        ticks = [*one.get_xticklabels(), *one.get_yticklabels()]
        assert {to_hex(text.get_color()) for text in ticks} <= {plots.THEMES["dark"].ink}


@pytest.mark.parametrize(
    "name", sorted(EVERY.keys() - {"paths_on_curve", "paths_on_contour", "worst_predictions"})
)
def test_both_axes_are_named(name):
    figure = EVERY[name]()
    for axes in figure.axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel() or axes.get_subplotspec().colspan.start > 0


# Style


def test_making_a_figure_changes_no_setting_and_opens_no_window(tmp_path):
    before = dict(mpl.rcParams)
    figure = plots.loss_curves({"few": history(5)})
    assert isinstance(figure, Figure)
    plots.save(figure, tmp_path / "figure")
    assert dict(mpl.rcParams) == before


def test_a_figure_is_saved_as_png_and_svg_the_same_every_time(tmp_path):
    i18n.use("zh-TW")
    first = plots.save(EVERY["learning_rates"](), tmp_path / "lr = 0.5")
    assert [path.name for path in first] == ["lr = 0.5.png", "lr = 0.5.svg"]
    png, svg = (path.read_bytes() for path in first)
    assert struct.unpack(">II", png[16:24]) == (1650, 570), "11 x 3.8 inches at 150 dots an inch"
    assert b"<text" not in svg, "text would need the font wherever the figure is shown"
    assert not re.search(rb"dc:date|20\d\d-\d\d-\d\d", svg)
    again = plots.save(EVERY["learning_rates"](), tmp_path / "again")
    assert [path.read_bytes() for path in again] == [png, svg]


def test_a_saved_figure_stays_as_it_was_laid_out(tmp_path):
    figure = EVERY["learning_rates"]()
    before = [axes.get_position().bounds for axes in figure.axes]
    figure.axes[0].set_ylabel("two\nlines")  # would make room for itself
    plots.save(figure, tmp_path / "figure")
    assert [axes.get_position().bounds for axes in figure.axes] == before


def test_names_beside_curves_do_not_overlap():
    """Seven curves that end in one point: seven names, one below the other, joined to their
    curves."""
    figure = plots.epoch_losses({f"lr = {i}": [2.0, 1.0] for i in range(7)})
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = sorted(map(Text.get_window_extent, axes.texts), key=lambda box: box.y0)
    assert len(boxes) == 7
    assert all(lower.y1 <= upper.y0 for lower, upper in itertools.pairwise(boxes))
    assert {text.xy for text in axes.texts} == {(2, 1.0)}


def test_a_legend_where_names_do_not_fit(tmp_path):
    runs = [a_run(lr / 100) for lr in range(1, 31)]
    curves, _ = drawn(plots.learning_rates(runs), tmp_path)
    assert labels(curves) == []
    assert len(curves.get_legend().get_texts()) == 30


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([0.2, 0.5, 0.9], [0.2, 0.5, 0.9]),
        ([0.5, 0.5, 0.5], [0.4, 0.5, 0.6]),
        ([0.0, 0.0], [0.0, 0.1]),
        ([0.3, 1.0, 1.0], [0.3, 0.9, 1.0]),
        ([0.1, 0.5, 0.52, 0.56], [0.1, 0.42667, 0.52667, 0.62667]),
        ([], []),
    ],
)
def test_spread_moves_only_what_is_too_near(wanted, expected):
    assert spread(wanted, 0.1) == pytest.approx(expected, abs=1e-4)


# Colours


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG's ratio of contrast, from 1 to 21."""
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


# How a colour looks without one kind of cone (linear RGB): Machado, Oliveira and Fernandes 2009,
# severity 1.
VISIONS = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.3039]],
}  # fmt: skip
OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#333333")


def oklab(rgb):
    """Ottosson 2020: distances as large as they look. From linear RGB."""
    cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
             [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
    axes = [[0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660]]  # fmt: skip
    return np.array(axes) @ np.cbrt(np.array(cones) @ rgb)


def nearest(colours, vision):
    """The distance of the two that are most alike."""
    seen = [oklab(np.clip(np.array(vision) @ linear(colour), 0, 1)) for colour in colours]
    return min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2))


@pytest.mark.parametrize("theme", plots.THEMES.values(), ids=plots.THEMES)
def test_every_curve_stands_out_from_the_paper(theme):
    for colour in (*theme.curves, *map(to_hex, theme.scale(9)), theme.alarm):
        assert contrast(colour, theme.paper) >= 3, colour
    for colour in (theme.ink, theme.soft):
        assert contrast(colour, theme.paper) >= 4.5, colour
    assert contrast(theme.paper, theme.full) >= 4.5


@pytest.mark.parametrize("theme", plots.THEMES.values(), ids=plots.THEMES)
def test_colours_are_told_apart_as_well_as_okabe_and_itos_with_every_vision(theme):
    least = min(nearest(OKABE_ITO, vision) for vision in VISIONS.values())
    for name, vision in VISIONS.items():
        assert nearest(theme.curves, vision) >= least - 1e-9, name


def test_an_optimizer_has_one_hue_in_both_themes():
    light, dark = (theme.optimizers for theme in plots.THEMES.values())
    assert light == plots.OPTIMIZER_COLOURS
    for name in {
        name for name in light if getattr(optim, name).colour != "black"
    }:  # black on white, white on black
        (_, *a), (_, *b) = oklab(linear(light[name])), oklab(linear(dark[name]))
        turn = math.degrees(math.atan2(a[1], a[0]) - math.atan2(b[1], b[0]))
        assert abs((turn + 180) % 360 - 180) < 15, name

"""The figures: the right lines, labels and numbers, also of runs that diverged or are short."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from corelab import History, plots
from corelab.sweep import Run

WAYS = {"all at once": 3, "a batch at a time": 200, "one at a time": 5000}


@pytest.fixture(autouse=True)
def _no_warnings():
    """A figure that warns (a missing glyph, an empty legend, a mean of nothing) is not a good one."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


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
    return [text.get_text() for text in axes.get_legend().get_texts()]


def line(axes, label):
    (found,) = [one for one in axes.lines if one.get_label() == label]
    return found


# Loss against samples and seconds


def test_loss_curves_against_samples_and_seconds(tmp_path):
    histories = {name: history(steps, size=15000 // steps) for name, steps in WAYS.items()}
    by_samples, by_seconds = drawn(plots.loss_curves(histories), tmp_path)
    assert by_samples.get_xlabel() == "samples seen"
    assert by_seconds.get_xlabel() == "seconds"
    assert labels(by_samples) == list(WAYS)
    for axes in (by_samples, by_seconds):
        assert "cross-entropy" in axes.get_ylabel()
        assert axes.get_xscale() == "log"


def test_a_short_history_is_drawn_point_by_point(tmp_path):
    by_samples, by_seconds = drawn(plots.loss_curves({"few": history(5, size=60_000)}), tmp_path)
    few = history(5, size=60_000)
    assert line(by_samples, "few").get_xdata().tolist() == [60_000, 120_000, 180_000, 240_000, 300_000]
    assert line(by_samples, "few").get_ydata().tolist() == few.losses
    assert line(by_seconds, "few").get_xdata().tolist() == few.at_seconds


def test_a_long_history_is_drawn_as_its_mean_and_its_range(tmp_path):
    """A constant loss with a jitter of ±0.1: the line lies in the middle, the band covers the jitter."""
    many = replace(history(20_000, size=1), losses=[1.5 + 0.1 * (-1) ** step for step in range(20_000)])
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
    assert labels(by_samples) == list(histories)


def test_a_history_of_one_step(tmp_path):
    drawn(plots.loss_curves({"one": history(1), "many": history(70)}), tmp_path)


# Paths


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
    runs = [a_run(0.01, loss=2.0), a_run(0.1, loss=0.5), a_run(1.0, diverged=True), a_run(3.0, diverged=True)]
    curves, ends = drawn(plots.learning_rates(runs), tmp_path)
    assert labels(curves) == ["0.01", "0.1", "1 (diverged)", "3 (diverged)"]
    assert line(curves, "0.1").get_xdata().tolist() == [1, 2]
    assert line(curves, "0.1").get_ydata().tolist() == runs[1].history.epoch_losses
    finite, crosses = ends.lines
    assert (finite.get_xdata().tolist(), finite.get_ydata().tolist()) == ([0.01, 0.1], [2.0, 0.5])
    assert crosses.get_xdata().tolist() == [1.0, 3.0]
    assert crosses.get_marker() == "x"
    assert [text.get_text() for text in ends.texts] == ["diverged"]
    assert ends.get_xscale() == "log"


@pytest.mark.parametrize("diverged", [(False, False), (True, True), (True, False)])
def test_learning_rates_of_any_outcome(tmp_path, diverged):
    runs = [a_run(lr, diverged=bad) for lr, bad in zip((0.1, 1.0), diverged, strict=True)]
    _, ends = drawn(plots.learning_rates(runs), tmp_path)
    assert bool(ends.texts) is any(diverged)


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
    panels = {"a": {name: [a_run(optimizer=name)] for name in ("GradientDescent", "Adam", "Momentum")}}
    (axes,) = drawn(plots.optimizers(panels), tmp_path)
    for name in panels["a"]:
        assert to_hex(line(axes, name).get_color()) == plots.OPTIMIZER_COLOURS[name].lower()
    assert len(set(plots.OPTIMIZER_COLOURS.values())) == len(plots.OPTIMIZER_COLOURS)


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
    (axes,) = drawn(plots.ours_over_builtin({"Adam": (losses, [loss + 0.5 for loss in losses])}), tmp_path)
    theirs, ours = axes.lines
    assert ours.get_linestyle() == "--"
    assert labels(axes) == ["Adam"]
    assert theirs.get_ydata() - ours.get_ydata() == pytest.approx(np.full(80, 0.5)), "a difference is seen"


# Style


def test_making_a_figure_changes_no_setting_and_opens_no_window(tmp_path):
    before = dict(mpl.rcParams)
    figure = plots.loss_curves({"few": history(5)})
    assert isinstance(figure, Figure)
    assert dict(mpl.rcParams) == before
    drawn(figure, tmp_path)

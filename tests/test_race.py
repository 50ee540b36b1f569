"""The race: surfaces against known values, paths against separate runs, and the page by clicking
it."""

from __future__ import annotations

import html
import importlib
import itertools
import re
import sys

import pytest
import torch
from browser import overflow, until

from corelab import cli, optim, plots
from corelab.common import i18n
from corelab.common.errors import UserError
from corelab.descent import path, rule
from corelab.race.paths import FAR, MOMENTA, OPTIMIZERS, STEPS, race, settings
from corelab.race.surfaces import (
    BEALE,
    RASTRIGIN,
    RAVINE,
    ROSENBROCK,
    SURFACES,
    beale,
    rastrigin,
    rosenbrock,
)

LAPTOP, PHONE = 1280, 390


def point(*numbers):
    return torch.tensor(numbers, dtype=torch.float64, requires_grad=True)


# --- surfaces


@pytest.mark.parametrize(
    ("cost", "at", "height"),
    [
        (rosenbrock, (-1.2, 1), 24.2),  # 2.2² + 100 · 0.44²
        (beale, (1, 1), 14.203125),  # 1.5² + 2.25² + 2.625²
        (beale, (3, 0.5), 0),
        (rastrigin, (0.5, 0), 20.25),  # cos π = −1
        (rastrigin, (4.52299366, 4.52299366), 80.70658039),  # the largest: Wikipedia
    ],
)
def test_known_heights(cost, at, height):
    assert cost(point(*at)).item() == pytest.approx(height, abs=1e-8)


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_surface_is_as_it_says(surface):
    for minimum in surface.minima:
        theta = point(*minimum)
        height = surface.cost(theta)
        (gradient,) = torch.autograd.grad(height, theta)
        assert height.item() == pytest.approx(surface.lowest, abs=1e-12)
        assert gradient.abs().max() < 1e-12
    assert surface.grid(81)[2].min() >= -1e-12
    assert len(surface.starts) == 6
    assert len(surface.rates) == 8
    assert surface.rate in surface.rates
    for start in surface.starts:
        assert torch.autograd.gradcheck(surface.cost, point(*start))
        assert all(abs(x - c) < surface.reach for x, c in zip(start, surface.centre, strict=True))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.name)
def test_a_small_rate_crawls_and_a_large_one_gets_lost(surface):
    paths = race(surface, "GradientDescent")[:, 0]
    heights = surface.cost(paths) - surface.lowest
    assert heights[0, 1] < heights[0, 0]
    assert heights[0, -1] > 1e-3
    assert not (heights[-1, -1] < 0.99)


# --- paths


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_many_races_in_one_optimizer_are_those_of_separate_runs(optimizer):
    paths = race(RASTRIGIN, optimizer)  # where the last bit soon decides where a path goes
    chosen = [setting for rate in RASTRIGIN.rates for setting in settings(optimizer, rate)]
    for i in range(0, len(chosen), 5):
        alone = path(
            rule(getattr(optim, optimizer)),
            RASTRIGIN.cost,
            RASTRIGIN.starts[i % 6],
            STEPS,
            **chosen[i],
        )
        torch.testing.assert_close(paths[i, i % 6], alone, rtol=0, atol=0, equal_nan=True)


def test_who_races_and_with_which_momentum():
    six = ("GradientDescent", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam")
    assert OPTIMIZERS[:6] == six
    assert "AdamW" not in OPTIMIZERS  # it would run over Adam
    with_momentum = [name for name in six if len(settings(name, 0.1)) == len(MOMENTA)]
    assert with_momentum == ["Momentum", "Nesterov", "Adam"]
    assert settings("Adam", 0.1)[0] == {"lr": 0.1, "betas": (0.5, 0.999)}


# --- the page


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return tmp_path_factory.mktemp("race") / "賽跑" / "race.html"


@pytest.fixture
def page_file(made, capsys):
    if not made.exists():
        assert cli.main(["race", "--out", str(made)]) == 0
        said = capsys.readouterr().out
        assert str(made) in said
        assert re.search(r"\d\.\d MB, in \d+\.\d s", said)
    return made


@pytest.fixture
def ready(open_page, page_file):
    """The page, ready, on a machine that asks for no motion: the race stands at its last step."""

    def open_(**settings):
        page = open_page(page_file, **{"reduced_motion": "reduce", **settings})
        page.wait_for_selector("body[data-ready]")
        return page

    return open_


def drawn(page, plot, name):
    """What Bokeh has been given to draw: the columns of a data source."""
    documents = "(plot) => Bokeh.documents.find((each) => each.get_model_by_name(plot))"
    return page.evaluate(
        f"([plot, name]) => ({documents})(plot).get_model_by_name(name).data", [plot, name]
    )


def step(page):
    return int(page.input_value("#step"))


def slide(page, selector, value):
    page.locator(selector).fill(str(value))


def choose(page, name, value):
    page.locator(f'[name="{name}"][value="{value}"]').check(force=True)  # its label is what is seen


def go_to(page, surface):
    choose(page, "surface", surface.name)
    until(page, lambda: page.inner_text("#formula") == f"C(θ) = {surface.formula}")


def loss(page, optimizer):
    return page.inner_text(f'[data-loss="{optimizer}"]')


@pytest.mark.parametrize("width", [LAPTOP, PHONE])
def test_it_fits_the_window(ready, width):
    page = ready(width=width, height=844)
    for lang in i18n.LANGUAGES:
        choose(page, "language", lang)
        for surface in SURFACES:
            go_to(page, surface)
            assert overflow(page) == 0
        for plot in ("map", "chart"):
            box = page.locator(f"#{plot}").bounding_box()
            assert box["width"] > 300
            assert box["height"] > 200
        play = page.locator("#play").bounding_box()
        assert play["y"] + play["height"] <= 844, "out of reach without scrolling"


def test_what_is_drawn_is_what_the_optimizers_did(ready):
    page = ready()
    rate, momentum, start, at = 2, len(MOMENTA) - 1, 3, 40
    slide(page, "#momentum", momentum)
    slide(page, "#step", at)
    for surface in SURFACES:
        go_to(page, surface)
        choose(page, "start", start)
        slide(page, "#rate", rate)
        trails, curves = drawn(page, "map", "trails"), drawn(page, "chart", "curves")
        for i, name in enumerate(OPTIMIZERS):
            setting = settings(name, surface.rates[rate])[-1]
            alone = path(
                rule(getattr(optim, name)), surface.cost, surface.starts[start], at, **setting
            )
            heights = surface.cost(alone) - surface.lowest
            stays = len(trails["xs"][i])  # shorter where it has diverged
            assert stays == at + 1 or heights[stays - 1] > surface.lost
            points = zip(trails["xs"][i], trails["ys"][i], strict=True)
            for (x, y), theta in zip(points, alone, strict=False):
                if (
                    theta.abs() < surface.reach * (FAR - 1)
                ).all():  # farther out, only where to is kept
                    assert [x, y] == pytest.approx(
                        theta.tolist(), abs=surface.reach * FAR / 60_000
                    ), name
            expected = heights[:stays].clamp(surface.bottom / 10, surface.lost)
            assert curves["ys"][i] == pytest.approx(expected.tolist(), rel=1e-3), name


def test_play_pause_step_and_scrub(ready):
    page = ready()
    assert step(page) == STEPS
    whole = drawn(page, "map", "trails")
    page.click("#play")  # at the end: from the start
    until(page, lambda: 3 < step(page) < STEPS)
    assert page.get_attribute("#play", "aria-label") == "Pause"
    page.click("#play")
    assert page.get_attribute("#play", "aria-label") == "Play"
    stopped = step(page)
    assert 3 < stopped < STEPS
    page.wait_for_timeout(150)
    assert step(page) == stopped
    page.click("#on")
    assert step(page) == stopped + 1
    page.click("#back")
    page.click("#back")
    assert step(page) == stopped - 1
    trails = drawn(page, "map", "trails")
    assert [len(xs) for xs in trails["xs"]] == [stopped] * len(OPTIMIZERS)
    assert trails["xs"][0] == whole["xs"][0][:stopped]

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    assert step(page) == stopped
    page.keyboard.press(" ")
    until(page, lambda: step(page) > stopped)
    page.keyboard.press(" ")
    assert page.get_attribute("#play", "aria-label") == "Play"
    stopped = step(page)
    page.keyboard.press("ArrowLeft")
    assert step(page) == stopped - 1

    bar = page.locator("#step").bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    page.mouse.down()
    page.mouse.move(bar["x"] + bar["width"] / 4, bar["y"] + bar["height"] / 2, steps=5)
    page.mouse.up()
    assert abs(step(page) - STEPS / 4) < 8
    assert page.inner_text('output[for="step"]') == f"{step(page)} / {STEPS}"


def test_it_plays_by_itself_where_motion_is_welcome(ready):
    page = ready(reduced_motion="no-preference")
    until(page, lambda: 2 < step(page) < STEPS)


def test_every_choice_changes_what_is_drawn(ready):
    page = ready()
    seen = [drawn(page, "map", "trails")]

    def changed():
        seen.append(drawn(page, "map", "trails"))
        return seen[-1] not in seen[:-1]

    slide(page, "#rate", 1)
    assert changed()
    assert page.inner_text('output[for="rate"]') == str(RAVINE.rates[1])
    slide(page, "#momentum", 0)
    assert changed()
    assert page.inner_text('output[for="momentum"]') == str(MOMENTA[0])
    moved = [a != b for a, b in zip(seen[-1]["xs"], seen[-2]["xs"], strict=True)]
    assert moved == [len(settings(name, 1)) > 1 for name in OPTIMIZERS]
    choose(page, "start", 2)
    assert changed()
    assert [xs[0] for xs in seen[-1]["xs"]] == pytest.approx(
        [RAVINE.starts[2][0]] * len(OPTIMIZERS), abs=1e-2
    )
    page.uncheck('[value="Adagrad"]')
    assert changed()
    assert len(seen[-1]["xs"]) == len(OPTIMIZERS) - 1
    assert loss(page, "Adagrad") == ""
    go_to(page, ROSENBROCK)
    assert changed()


def test_each_at_its_best_rate(ready):
    page = ready()
    go_to(page, BEALE)
    page.check("#best")
    assert page.is_disabled("#rate")
    for name in OPTIMIZERS:
        momenta = len(settings(name, 1))
        ends = race(BEALE, name)[
            momenta > 1 and MOMENTA.index(0.9) :: momenta, 0, -1
        ]  # one of every rate
        best = (BEALE.cost(ends) - BEALE.lowest).nan_to_num(torch.inf).argmin()
        assert loss(page, name).startswith(f"η {BEALE.rates[best]} · "), name


def test_a_rate_that_diverges_is_seen_diverging(ready):
    page = ready()
    slide(page, "#rate", RAVINE.rates.index(0.105))
    alone = path(rule(optim.GradientDescent), RAVINE.cost, RAVINE.starts[0], STEPS, lr=0.105)
    at = int((RAVINE.cost(alone) > RAVINE.lost).nonzero()[0])
    assert loss(page, "GradientDescent") == f"diverged, step {at}"
    assert f"GD diverged, step {at}" in drawn(page, "chart", "names")["text"]
    chart = drawn(page, "chart", "heads")
    assert (chart["x"][0], chart["y"][0]) == (at, RAVINE.lost)  # at the upper edge, and no farther
    gone = {"GradientDescent", "Nesterov"}
    assert len(drawn(page, "map", "heads")["x"]) == len(set(OPTIMIZERS) - gone)
    zigzag = [y for y in drawn(page, "map", "trails")["ys"][0] if abs(y) < 4]
    assert all(a * b < 0 and abs(b) > abs(a) for a, b in itertools.pairwise(zigzag))
    slide(page, "#step", at - 1)
    assert re.fullmatch(r"[\d.e+]+ ↗", loss(page, "GradientDescent"))


def test_another_start_by_tapping_or_dragging_on_the_map(ready):
    page = ready()
    spot = """([x, y]) => {
      const view = Bokeh.index.roots.find((root) => root.model.name === "map");
      const { left, top } = view.canvas_view.el.getBoundingClientRect();
      return [left + view.frame.x_scale.compute(x), top + view.frame.y_scale.compute(y)];
    }"""
    tapped, dragged = (page.evaluate(spot, RAVINE.starts[i]) for i in (4, 2))

    def begun(start):
        until(page, lambda: page.is_checked(f'[name="start"][value="{start}"]'))
        assert drawn(page, "map", "trails")["xs"][0][0] == pytest.approx(
            RAVINE.starts[start][0], abs=1e-2
        )

    page.mouse.click(*tapped)
    begun(4)
    page.mouse.down()
    page.mouse.move(*dragged, steps=8)
    page.mouse.up()
    begun(2)


def test_both_languages(ready):
    page = ready()
    labels = "['below', 'left'].map((side) => each.roots()[0][side][0].axis_label)"
    axes = f"Bokeh.documents.map((each) => {labels})"
    for lang, other in (("zh-TW", "en"), ("en", "zh-TW")):
        choose(page, "language", lang)
        translate, before = (i18n.translations(each).gettext for each in (lang, other))
        shown = page.inner_text("body")
        assert page.get_attribute("html", "lang") == lang
        for text in (
            "Optimizers race",
            "Learning rate η",
            "Ravine",
            RAVINE.look,
            "Gradient descent",
        ):
            assert translate(text) in shown
            assert before(text) not in shown
        assert page.get_attribute("#play", "aria-label") == translate("Play")
        chart = [translate("step"), translate("loss above the minimum")]
        assert sorted(page.evaluate(axes)) == sorted([["θ₁", "θ₂"], chart])
        assert translate("GD") in drawn(page, "chart", "names")["text"]
        assert page.title() == translate("Optimizers race")


def test_light_and_dark(ready):
    page = ready(color_scheme="dark")
    for scheme in ("dark", "light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expected = [plots.THEMES[scheme].optimizers[name] for name in OPTIMIZERS]
        until(page, lambda expected=expected: drawn(page, "map", "trails")["color"] == expected)
        assert drawn(page, "chart", "curves")["color"] == expected
        legend = "getComputedStyle(document.documentElement).getPropertyValue('--Adam')"
        assert page.evaluate(legend) == expected[OPTIMIZERS.index("Adam")]


def test_it_opens_in_the_language_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "corelab.race.page.packed", lambda surface: surface.name.encode()
    )  # not opened
    from corelab.race.page import write

    write(tmp_path / "race.html", "zh-TW")
    text = (tmp_path / "race.html").read_text(encoding="utf-8")
    assert '<html lang="zh-TW">' in text
    assert "<title>優化器賽跑</title>" in text


def test_the_page_is_small_and_asks_nothing_of_the_network(page_file):
    text = page_file.read_text(encoding="utf-8")
    assert page_file.stat().st_size < 5e6
    outside_the_scripts = html.unescape(re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert re.search(r"https?:|src=|href=|@import", outside_the_scripts) is None
    assert "default-src 'none'" in outside_the_scripts


# --- what can go wrong


def test_a_file_that_can_not_be_written_is_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("corelab.race.page.html", lambda language: language)
    (tmp_path / "file").touch()
    assert cli.main(["race", "--out", str(tmp_path / "file" / "race.html")]) == 2
    said = capsys.readouterr().err
    assert re.fullmatch(
        r"corelab: .*race\.html could not be written \(.+\): choose another file.*\n", said
    )


def test_without_bokeh_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "bokeh.embed", None)
    monkeypatch.delitem(sys.modules, "corelab.race.figures", raising=False)
    with pytest.raises(UserError, match=r'pip install "bokeh>=3\.4"'):
        importlib.import_module("corelab.race.figures")

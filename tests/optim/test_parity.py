"""`corelab parity` finds no difference; and every mistake in an optimizer is a difference to it."""

import inspect
import json
import sys
from dataclasses import replace

import pytest
import torch
from counterparts import EVERY

from corelab import optim
from corelab.optim import base, parity
from corelab.optim.parity import varied


def test_nothing_differs(capsys):
    assert parity.run(as_json=True) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert report["differ"] == 0
    lines = {(row["optimizer"], row["convention"]) for row in report["rows"]}
    assert lines == {(cls.__name__, each) for cls in parity.classes() for each in cls.conventions}
    for row in report["rows"]:
        assert row["largest_difference"] <= 1e-12, row
        assert row["first_step"] is None


@pytest.mark.cuda
def test_nothing_differs_on_cuda():
    assert parity.run("cuda") == 0


def test_a_difference_is_told(capsys, monkeypatch):
    monkeypatch.setattr(
        optim.Adam, "update", lambda _self, theta, *_given: theta.mul_(float("nan"))
    )
    assert parity.run() == 1
    table = capsys.readouterr().out.splitlines()
    assert all(
        "not a number" in line and line.endswith(" 1") for line in table if line.startswith("Adam ")
    )
    assert "14 differ" in table[-1]  # Adam's 6 and AdamW's 6 beside torch, and 2 beside the slide
    assert parity.run(as_json=True) == 1
    rows = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["rows"]
    assert [row["first_step"] for row in rows if row["optimizer"] == "Adam"] == [1] * 8


def is_caught(cls, **settings):
    """Whether a comparison of this class, with these settings on our side only, differs."""
    cases = (replace(c, settings=c.settings | settings) for c in parity.cases() if c.ours is cls)
    return any(case.compare(lr).first_step for case in cases for lr in case.lrs)


def wrapped(method, change):
    """`update` or `course_update` on what `change` makes of its arguments."""
    return lambda self, *given: method(self, *change(self, *given))


def forgets(self, theta, g, state, group):
    state.clear()
    state.update(self.new_state(theta, group))
    return theta, g, state, group


MISTAKES = {
    "uphill": lambda _, theta, g, state, group: (theta, -g, state, group),
    "another gradient": lambda _, theta, g, state, group: (theta, g + 1e-6, state, group),
    "another lr": lambda _, theta, g, state, group: (
        theta, g, state, group | {"lr": group["lr"] * (1 + 1e-6)},
    ),
    "forgets": forgets,
}  # fmt: skip
IN_UPDATES = [
    (cls, convention, mistake)
    for cls in EVERY
    for convention in cls.conventions
    for mistake in MISTAKES
    if cls.stateful or mistake != "forgets"
]


@pytest.mark.parametrize(("cls", "convention", "mistake"), IN_UPDATES)
def test_a_mistake_in_an_update_is_caught(cls, convention, mistake, monkeypatch):
    name = "course_update" if convention == "course" else "update"
    monkeypatch.setattr(cls, name, wrapped(getattr(cls, name), MISTAKES[mistake]))
    assert is_caught(cls, convention=convention)


@pytest.mark.parametrize(("cls", "key"), [(cls, key) for cls in EVERY for key in varied(cls)])
def test_a_setting_that_is_not_heeded_is_caught(cls, key):
    assert is_caught(cls, **{key: inspect.signature(cls).parameters[key].default})


COUNTS = [cls for cls in EVERY if {"betas", "lr_decay"} & varied(cls).keys()]


def first_state(cls):
    theta = torch.zeros(1)
    optimizer = cls([theta])
    return optimizer.new_state(theta, optimizer.param_groups[0])


STARTS = [(cls, "step") for cls in COUNTS]
STARTS += [(cls, "all else") for cls in EVERY if first_state(cls).keys() - {"step"}]


@pytest.mark.parametrize(("cls", "start"), STARTS)
def test_another_start_is_caught(cls, start, monkeypatch):
    """t from 1 in place of 0 is seen where a formula has a t; so is all else that starts at 1."""
    new_state = cls.new_state

    def another(self, theta, group):
        state = new_state(self, theta, group)
        return {key: x + ((key == "step") == (start == "step")) for key, x in state.items()}

    monkeypatch.setattr(cls, "new_state", another)
    assert is_caught(cls)


def test_a_decay_of_the_gradient_is_not_adamws(monkeypatch):
    monkeypatch.setattr(optim.AdamW, "decay", base.Optimizer.decay)
    assert is_caught(optim.AdamW)


@pytest.mark.parametrize("cls", [optim.Adagrad, optim.RMSprop])
def test_0_over_0_is_caught(cls, monkeypatch):
    monkeypatch.setattr(sys.modules[cls.__module__], "never_zero_", lambda sigma: sigma)
    assert is_caught(cls)

"""`corelab parity` finds no difference; and every mutation of an update is a difference to it."""

import inspect
import json

import pytest

from corelab import optim
from corelab.optim import base, parity


def test_nothing_differs(capsys):
    assert parity.run(as_json=True) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert report["differ"] == 0
    lines = {(row["optimizer"], row["convention"]) for row in report["rows"]}
    assert lines == {(cls.__name__, each) for cls in parity.classes() for each in cls.conventions}
    for row in report["rows"]:
        # bit for bit beside torch in its own convention, up to rounding beside the slide
        assert row["largest_difference"] <= (0 if row["convention"] == "torch" else 1e-14), row
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


# Whose method (or function), the words in its source, and the words to put there instead.
MUTATIONS = [
    (optim.GradientDescent, "update", '-group["lr"]', 'group["lr"]'),
    (optim.Momentum, "update", '-group["lr"]', 'group["lr"]'),
    (optim.Momentum, "velocity", "g.clone()", 'g.mul(1 - group["dampening"])'),
    (optim.Momentum, "velocity", '1 - group["dampening"]', "1"),
    (optim.Momentum, "velocity", '.mul_(group["momentum"])', ""),
    (optim.Momentum, "course_update", '-group["lr"]', 'group["lr"]'),
    (optim.Momentum, "course_update", "theta.add_(v)", "theta.sub_(v)"),
    (optim.Momentum, "course_update", '.mul_(group["momentum"])', ""),
    (optim.Nesterov, "update", 'alpha=group["momentum"]', "alpha=1"),
    (optim.Nesterov, "update", "g.add(v", "v.add(v"),
    (optim.Adagrad, "new_state", 'group["initial_accumulator_value"]', "0"),
    (optim.Adagrad, "update", "(t - 1)", "t"),
    (optim.Adagrad, "update", "s.addcmul_(g, g)", "s.add_(g.mul(0.5))"),
    (optim.Adagrad, "update", 's.sqrt().add_(group["eps"])', 's.clone().add_(group["eps"]).sqrt()'),
    (optim.Adagrad, "course_update", "s.div(t)", "s.div(t + 1)"),
    (optim.Adagrad, "course_update", "t**0.5", "1"),
    (optim.Adagrad, "course_update", "never_zero_", ""),
    (optim.RMSprop, "update", "value=1 - alpha", "value=alpha"),
    (optim.RMSprop, "update", "value=-1", "value=1"),
    (optim.RMSprop, "update", "lerp_(g, 1 - alpha)", "lerp_(g, alpha)"),
    (optim.RMSprop, "update", 'sigma.add_(group["eps"])', "pass"),
    (optim.RMSprop, "update", '.mul_(group["momentum"])', ""),
    (optim.RMSprop, "course_update", "(t > 1)", "1"),
    (optim.RMSprop, "course_update", "never_zero_", ""),
    (optim.Adam, "update", "1 - beta1**t", "1"),
    (optim.Adam, "update", "(1 - beta2**t) ** 0.5", "1"),
    (optim.Adam, "update", "** 0.5", ""),
    (optim.Adam, "update", "lerp_(g, 1 - beta1)", "lerp_(g, beta1)"),
    (optim.Adam, "update", "value=1 - beta2", "value=1"),
    (optim.Adam, "update", ".clamp_min_(v)", ".mul_(0).add_(v)"),
    (optim.Adam, "update", '.add_(group["eps"])', '.add_(group["eps"] / (1 - beta2**t) ** 0.5)'),
    (optim.AdamW, "decay", 'group["lr"] * group["weight_decay"]', 'group["weight_decay"]'),
    (optim.AdamW, "decay", "return g", 'return g.add(theta, alpha=group["weight_decay"])'),
    (base.Optimizer, "decay", 'alpha=group["weight_decay"]', "alpha=1"),
    (base.Optimizer, "step_parameter", "g.neg()", "g"),
    (base.Optimizer, "step_parameter", '== "course"', '== ""'),
    (base.Optimizer, "state_of", "if not state:", "if True:"),
]


def mutated(owner, name, old, new):
    """The function `name` of a class or module as it would be with `new` in place of `old`."""
    module, source = inspect.getmodule(owner), inspect.getsource(getattr(owner, name))
    assert old in source, f"{owner.__name__}.{name} has changed: this mutation needs other words"
    namespace = {"__name__": module.__name__}
    exec(inspect.getsource(module).replace(source, source.replace(old, new)), namespace)
    return getattr(namespace[owner.__name__], name) if inspect.isclass(owner) else namespace[name]


@pytest.mark.parametrize(
    ("owner", "name", "old", "new"),
    MUTATIONS,
    ids=lambda x: getattr(x, "__name__", None) or f"{x:.20}",
)
def test_a_mutation_is_caught(owner, name, old, new, monkeypatch):
    monkeypatch.setattr(owner, name, mutated(owner, name, old, new))
    affected = (
        owner if inspect.isclass(owner) and issubclass(owner, base.Optimizer) else base.Optimizer
    )
    cases = [case for case in parity.cases() if issubclass(case.ours, affected)]
    assert any(case.compare(lr).first_step for case in cases for lr in case.lrs)

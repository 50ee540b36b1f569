"""`corelab diagnose`: what it says of classes that are right, wrong, broken or hostile."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from optimizers.table import VARIANTS, WRONG

from corelab import cli
from corelab.common import i18n
from corelab.common.errors import UserError
from corelab.grading.diagnosis import trial
from corelab.grading.diagnosis.diagnose import Diagnosis, diagnose
from corelab.grading.diagnosis.feedback import HELPS
from corelab.grading.diagnosis.mutants import MUTANTS
from corelab.grading.diagnosis.references import REFERENCES, Reference, reference
from corelab.grading.diagnosis.search import Search
from corelab.grading.sandbox.sandbox import Sandbox

ADAM = """
import torch

class Adam(torch.optim.Optimizer):
    def __init__(self, params, lr=0.5, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["t"], s["m"], s["v"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                s["t"] += 1
                s["m"] = b1 * s["m"] + (1 - b1) * p.grad
                s["v"] = b2 * s["v"] + (1 - b2) * p.grad**2
                m, v = s["m"] / (1 - b1 ** s["t"]), s["v"] / (1 - b2 ** s["t"])
                p -= group["lr"] * m / (v.sqrt() + group["eps"])
"""
UNCORRECTED = ADAM.replace(re.search("m, v = .*", ADAM)[0], 'm, v = s["m"], s["v"]')
BALL = """
import torch

class Ball(torch.optim.Optimizer):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                s["v"] = group["momentum"] * s.get("v", 0) - group["lr"] * p.grad
                p += s["v"]
"""
LISTED = """
import torch

class Ball:
    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum, self.v = list(params), lr, momentum, {}

    @torch.no_grad()
    def step(self):
        for i, p in enumerate(self.params):
            if p.grad is not None:
                self.v[i] = self.momentum * self.v.get(i, 0) - self.lr * p.grad
                p += self.v[i]
"""
BESIDE_ADAM = ("--against", "torch.optim.Adam", "--set", "lr=0.01")
ISSUE = {code for answer in (*WRONG, *VARIANTS) for code in answer.codes}


def in_step(line: str) -> str:
    """Adam with a line more at the beginning of its step."""
    return ADAM.replace("def step(self):\n", f"def step(self):\n        {line}\n")


def after_update(line: str) -> str:
    return f"{ADAM}                {line}\n"


def forging(frame: str, arrays: str) -> str:
    """Adam, in a program that gives these arrays in the run's stead."""
    forged = f"trial.run = lambda answer, sent: iter([({frame!r}, {arrays})])"
    return f"import numpy as np\nfrom corelab.grading.diagnosis import trial\n{ADAM}\n{forged}\n"


@pytest.fixture(scope="module", autouse=True)
def sandbox() -> Iterator[Sandbox]:
    """One for all: its worker starts while the first tests, which have no need of it, run."""
    with Sandbox(preload=("torch",)) as sandbox:
        sandbox.start()
        yield sandbox


@pytest.fixture
def examine(sandbox: Sandbox) -> Callable[..., Diagnosis]:
    def examine(
        source: str, name: str = "Adam", against: str = "torch.optim.Adam", **settings
    ) -> Diagnosis:
        return diagnose(source.encode(), name, against, {"lr": 0.01} | settings, sandbox=sandbox)

    return examine


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def started(sandbox: Sandbox, monkeypatch) -> None:
    """The command finds the sandbox that has been started already."""
    monkeypatch.setattr(
        "corelab.grading.sandbox.sandbox.Sandbox", lambda **_asked: nullcontext(sandbox)
    )
    monkeypatch.setattr(sandbox, "start", lambda: None)


@pytest.fixture
def command(started, tmp_path, capsys) -> Callable[..., Ran]:  # noqa: ARG001
    """`corelab diagnose` on a file with this source."""

    def run(source: str, *arguments: str, name: str = "Adam", file: str = "mine.py") -> Ran:
        (tmp_path / file).write_text(source, encoding="utf-8")
        code = cli.main(["diagnose", f"{tmp_path / file}:{name}", *arguments])
        return Ran(code, *capsys.readouterr())

    return run


def notebook(*cells: str) -> str:
    return json.dumps(
        {"cells": [{"cell_type": "code", "source": cell} for cell in cells], "nbformat": 4}
    )


# -- the catalogue, in this process


def beside(against: str) -> dict[str, float]:
    settings = {
        "lr": 0.01,
        "weight_decay": 0.01 if against.startswith("corelab") else 0.0,
    }  # which hides ε
    return (
        settings | {"momentum": 0.9}
        if against.endswith(("SGD", "Momentum", "Nesterov"))
        else settings
    )


EVERY = [(against, "torch") for against in REFERENCES] + [
    (against, "course")
    for against in REFERENCES
    if re.search("corelab.*(Desc|Mom|Adag|RMS|Adam$)", against)
]


@pytest.mark.parametrize(("against", "convention"), EVERY)
def test_a_reference_goes_with_itself(against, convention):
    own = "" if against.startswith("torch") else f", convention={convention!r}"
    source = f"""
import torch
import corelab.optim

class Itself({against}):
    def __init__(self, params, **settings):
        super().__init__(params, **settings{own})
"""
    found = diagnose(source.encode(), "Itself", against, beside(against), convention=convention)
    assert found.matches
    assert not found.codes


@pytest.mark.parametrize(("against", "convention"), EVERY)
@np.errstate(all="ignore")
def test_each_mutant_is_called_by_its_own_name(against, convention):
    reference_ = reference(against, beside(against), convention)
    plan = trial.PLANS["groups"]
    drawn = trial.draw(plan)
    _right, trajectories = reference_.trajectories("groups")
    steps = trial.schedule(plan, drawn)
    run = trial.run_trial(reference_.make, plan, drawn["start"], steps, 0.01)
    seen = [gradients for _at, gradients in run]
    assert len(trajectories) > 7
    for mutant, way in trajectories:
        search = Search(reference_, "groups", drawn, way.positions, np.stack(seen))
        codes, errors = search.explain()
        certain = {mutant.code} if np.isfinite(way.positions).any() else set()
        assert codes == certain, (mutant, errors)


@np.errstate(all="ignore")
def test_no_mutant_is_idle():
    """Each goes another way than some reference. What all share must be of one shape."""
    run = [(*each, "groups") for each in EVERY] + [("corelab.optim.Adam", "torch", "one shape")]
    trajectories = (
        reference(against, beside(against), how).trajectories(plan)[1] for against, how, plan in run
    )
    alive = {id(mutant) for found in trajectories for mutant, _way in found}
    assert [mutant for mutant in MUTANTS if id(mutant) not in alive] == []


def test_each_code_has_a_help_in_both_languages():
    assert len(ISSUE) == 22
    assert {mutant.code for mutant in MUTANTS} | ISSUE == set(HELPS)
    for lang in i18n.LANGUAGES:
        i18n.use(lang)
        for code, text in HELPS.items():
            chinese = re.findall("[\u4e00-\u9fff]", i18n._(text))
            assert (len(chinese) > 20) == (lang == "zh-TW"), code


def test_a_help_of_a_mistake_asks():
    """It leads on, and does not give the answer away."""
    variants = {mutant.code for mutant in MUTANTS if mutant.variant}
    assert [code for code in set(HELPS) - variants if "?" not in HELPS[code]] == []


# -- what it says


@pytest.mark.filterwarnings("error")  # which pytest would keep from stderr
def test_a_right_class_by_the_command_as_it_is(tmp_path, capsys):
    """In a sandbox that the command starts itself."""
    Reference.trajectories.cache_clear()
    (tmp_path / "mine.py").write_text(ADAM)
    assert cli.main(["diagnose", f"{tmp_path / 'mine.py'}:Adam", *BESIDE_ADAM]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "[OK] the same at each of 14 steps\n" in out
    assert "lr=0.01, betas=(0.9, 0.999), eps=1e-08" in out


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "en",
            (
                "differs from step 1 on: parameter 1 of shape (2, 3), at [0, 0]",
                "3.162 times as far",
            ),
        ),
        ("zh-TW", ("從第 1 步開始不同：第 1 個參數（形狀 (2, 3)）的 [0, 0]", "3.162 倍遠")),
    ],
)
def test_a_mistake_comes_with_its_first_difference_and_its_help(command, lang, words):
    ran = command(UNCORRECTED, *BESIDE_ADAM, "--lang", lang)
    assert (ran.code, ran.err) == (1, "")
    assert all(word in ran.out for word in ("[X]", "-0.01", "-0.0316228", *words))
    i18n.use(lang)
    assert f"no-bias-correction: {i18n._(HELPS['no-bias-correction'])}\n" in ran.out
    assert ran.out.count("\n") == 5


def test_a_legitimate_variant_is_fine_and_said_to_be_one(command):
    against = ("--against", "torch.optim.SGD", "--set", "lr=0.1", "momentum=0.9")
    ran = command(BALL, *against, name="Ball")
    assert ran.code == 0
    assert "[OK] differs from step 6 on" in ran.out  # where the rate changes
    assert "lr-inside-buffer: " in ran.out
    assert "This is a legitimate variant, not a mistake." in ran.out


def test_the_course_has_the_variant(command):
    against = ("--against", "corelab.optim.Momentum", "--convention", "course", "--set", "lr=0.1")
    assert command(BALL, *against, name="Ball").code == 0
    outside = BALL.replace('group["lr"] * p.grad', "p.grad").replace("+= s", '+= group["lr"] * s')
    ran = command(outside, *against, name="Ball")
    assert ran.code == 0
    assert "lr-outside-buffer: " in ran.out


def test_a_variant_without_groups_is_not_fine(command):
    """So that --json and the exit code agree with a class that is right but for its groups."""
    ran = command(
        LISTED, "--against", "torch.optim.SGD", "--set", "lr=0.1", "momentum=0.9", name="Ball"
    )
    assert ran.code == 1
    assert "ignores-param-groups: " in ran.out
    assert "legitimate" not in ran.out
    against = ("--against", "corelab.optim.Momentum", "--convention", "course", "--set", "lr=0.1")
    ran = command(LISTED, *against, name="Ball")
    assert ran.code == 1
    assert "[X]  the same in what it could be put through, which is not all\n" in ran.out
    assert "It does not take parameter groups: it ran on a plain list of parameters.\n" in ran.out


def test_what_fails_on_some_shapes_does_not_match_and_has_no_name(command):
    """It is right on the others: so its state is not shared."""
    ran = command(after_update("len(p)  # a scalar has none"), *BESIDE_ADAM)
    assert ran.code == 1
    assert ran.out.split("\n", 1)[1] == (
        "[X]  the same in what it could be put through, which is not all\n"
        "     It failed on parameters of several shapes: it ran on parameters of one shape.\n"
    )


def test_what_is_not_known_is_not_named(command):
    ran = command(ADAM.replace("p -= ", "p -= 1.1 * "), *BESIDE_ADAM)
    assert ran.code == 1
    assert "no known mistake fits" in ran.out
    assert not [code for code in HELPS if code in ran.out]


def test_a_notebook(command):
    assert command(notebook("import torch", ADAM), *BESIDE_ADAM, file="mine.ipynb").code == 0
    broken = notebook("x = 1", in_step("raise ValueError('no')"))
    assert command(broken, *BESIDE_ADAM, file="mine.ipynb").err == (
        "corelab: ValueError: no (code cell 2, line 10: raise ValueError('no'))\n"
    )


def test_json_has_this_form(command):
    ran = command(UNCORRECTED, *BESIDE_ADAM, "--json")
    found = json.loads(ran.out)
    assert ran.code == 1
    assert list(found) == [
        *(
            "matches",
            "against",
            "settings",
            "first_difference",
            "diagnosis",
            "variant",
            "fits",
            "remarks",
        ),
        "isolation",
    ]
    assert found["matches"] is found["variant"] is False
    assert found["against"] == "torch.optim.Adam"
    assert found["settings"] == {
        **{"lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-8},
        **{"weight_decay": 0, "amsgrad": False, "maximize": False},
    }
    first = found["first_difference"]
    assert list(first) == ["step", "parameter", "index", "expected", "got"]
    assert (first["step"], first["parameter"], first["index"]) == (1, 1, [0, 0])
    assert first["expected"] == pytest.approx(-0.01)
    assert first["got"] == pytest.approx(-0.01 * 0.1 / 0.001**0.5)
    assert found["diagnosis"] == ["no-bias-correction"]
    assert found["fits"][0] == {"code": "no-bias-correction", "error": pytest.approx(0, abs=1e-8)}
    assert len(found["fits"]) == 5
    assert found["remarks"] == []
    assert found["isolation"] in ("namespaces", "separate user", "limits only")


@pytest.mark.parametrize("value", ["nan", "inf"])
def test_json_is_strict(command, value):
    def refuse(word: str):
        raise AssertionError(word)

    ran = command(after_update(f"p.fill_(float('{value}'))"), *BESIDE_ADAM, "--json")
    found = json.loads(ran.out, parse_constant=refuse)
    assert (ran.code, ran.err) == (1, "")
    assert found["diagnosis"] == []
    assert found["first_difference"]["got"] is None


def test_the_pair_that_explains_stands_first_in_fits(examine):
    found = examine(UNCORRECTED.replace("p -= ", "p += "))
    assert found.codes == ("ascends", "no-bias-correction")
    assert found.fits[0] == ("ascends + no-bias-correction", pytest.approx(0, abs=1e-8))
    assert found.json()["fits"][0]["code"] == "ascends + no-bias-correction"


def test_settings_reach_both_sides(examine):
    assert examine(ADAM, betas=(0.8, 0.95), eps=1e-3).matches
    assert not examine(ADAM.replace('group["betas"]', "0.9, 0.999"), betas=(0.8, 0.95)).matches
    named = ADAM.replace("betas=(0.9, 0.999)", "beta1=0.9, beta2=0.999").replace(
        '"betas": betas', '"betas": (beta1, beta2)'
    )
    assert examine(named, betas=(0.8, 0.95)).matches


# -- what is not there, or does not run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--against", "torch.optim.Adma"],
            "--against must be one of torch.optim.SGD, torch.optim.Adagrad, ",
        ),
        (
            [*BESIDE_ADAM, "momentum=0.9"],
            "torch.optim.Adam does not take momentum; it takes lr, betas, eps, ",
        ),
        (
            [*BESIDE_ADAM, "amsgrad=True"],
            "the class does not take amsgrad; it takes betas, eps, lr",
        ),
        ([*BESIDE_ADAM, "lr=-1"], "Invalid learning rate: -1"),
        (
            [*BESIDE_ADAM, "lr"],
            "expected KEY=VALUE with a number, True, False or two numbers, got 'lr'",
        ),
        ([*BESIDE_ADAM, "lr=fast"], "got 'lr=fast'"),
        ([*BESIDE_ADAM, "lr=1e999"], "got 'lr=1e999'"),
        ([*BESIDE_ADAM, "lr=1" + "0" * 400], "got 'lr=1000"),
        ([*BESIDE_ADAM, "lr=" + "(" * 500 + ")" * 500], "got 'lr=((("),
        ([*BESIDE_ADAM, "betas=(0.9,)"], "betas must be like (0.9, 0.999), got (0.9,)"),
        ([*BESIDE_ADAM, "betas=[[0.9],[1]]"], "got 'betas=[[0.9],[1]]'"),
        ([*BESIDE_ADAM, "lr=(0.1,0.2)"], "lr must be like 0.001, got (0.1, 0.2)"),
        (
            [*BESIDE_ADAM, "--convention", "course"],
            "torch.optim.Adam has none; compare with corelab.optim",
        ),
        (["--against"], "expected one argument"),
        ([], "required: --against"),
    ],
)
@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_bad_input_is_one_line(command, arguments, said, lang):
    ran = command(ADAM, *arguments, "--lang", lang)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert ran.err.startswith("corelab: ")
    assert (
        said in ran.err
        if lang == "en"
        else re.search("[\u4e00-\u9fff]", ran.err) or "Invalid" in said
    )


@pytest.mark.parametrize(
    ("file", "name", "said"),
    [
        ("mine.py", "Adma", "there is no class Adma in it, only Adam\n"),
        ("mine.py", "torch", "there is no class torch in it, only Adam\n"),
        ("mine.py", "9", "expected FILE.py:Class, got '"),
        ("mine.py", "a.b", "expected FILE.py:Class, got '"),
        ("mine.ipynb", "Adam", "mine.ipynb: not a notebook: "),
    ],
)
def test_no_such_class(command, file, name, said):
    ran = command(ADAM, *BESIDE_ADAM, name=name, file=file)
    assert (ran.code, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert said in ran.err


@pytest.mark.parametrize("which", ["nowhere.py:Adam", "nowhere.py", ":Adam", ".:Adam"])
@pytest.mark.usefixtures("started")
def test_no_such_file(which, capsys):
    assert cli.main(["diagnose", which, *BESIDE_ADAM]) == 2
    err = capsys.readouterr().err
    assert re.match(
        r"corelab: (nowhere.py: it cannot be read: No such|expected FILE"
        r"|\.: it is not an ordinary file)",
        err,
    )
    assert err.count("\n") == 1


BROKEN = {
    in_step(
        "raise ValueError('\x1b[31mred\x1b[0m\\nline')"
    ): r"ValueError: red line \(line 10: .*\)",
    after_update(
        "p -= torch.zeros(17)"
    ): r"RuntimeError: The size of tensor.*\(line 23: p -= torch.zeros\(17\)\)",
    in_step("__import__('os')._exit(0)"): "the answer ended its own process .*",
    in_step("raise SystemExit"): r"SystemExit \(line 10: raise SystemExit\)",
    in_step("while True: pass"): "not done after 1 second.*",
    ADAM.replace(
        "super()", "raise RuntimeError('no')\n        super()"
    ): r"RuntimeError: no \(line 6: .*\)",
    after_update("p.data = torch.zeros(7)"): "RuntimeError: .*",
    "class Adam(:": r"SyntaxError: .*\(line 1: class Adam\(:\)",
    "class Adam: pass": r"TypeError: .*",
    "def Adam(params): pass": "AttributeError: there is no class Adam in it, only -",
    forging(
        "groups", "{'positions': np.zeros((14, 19))}"
    ): "the class gave nothing that can be compared",
    forging(
        "groups", "dict.fromkeys(('positions', 'gradients', 'saved'), np.zeros((3, 3)))"
    ): "the class gave .*",
    forging("no script", "{}"): "the class gave nothing that can be compared",
    forging("groups", "{'positions': np.zeros(10**7)}"): "more was returned than the limit allows",
}


@pytest.mark.parametrize(("source", "said"), BROKEN.items(), ids=range(len(BROKEN)))
def test_what_does_not_run_is_told_in_one_line(examine, sandbox, source, said, monkeypatch):
    if "while" in source:
        monkeypatch.setattr(
            sandbox, "limits", replace(sandbox.limits, wall_seconds=1, cpu_seconds=1)
        )
    with pytest.raises(UserError) as error:
        examine(source)
    assert re.fullmatch(said, str(error.value)), error.value


@pytest.mark.parametrize("forged", ["np.nan", "trial.draw(trial.PLANS['groups'])['start']"])
def test_forged_positions_are_another_way(examine, forged):
    whole = f"np.zeros(({trial.STEPS}, {sum(trial.TrialPlan().sizes)})) + {forged}"
    arrays = f"{{'positions': {whole}, 'gradients': {whole}, 'saved': np.array(1.0)}}"
    found = examine(forging("groups", arrays))
    assert not found.matches
    assert not found.codes
    assert found.first_difference.step == 1


def test_a_class_that_changes_the_gradients_is_told_so(examine):
    assert examine(after_update("p.grad.mul_(0.5)")).codes == ("changes-gradient-in-place",)
    assert not examine(after_update("p.grad = None")).matches

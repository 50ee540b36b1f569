"""What every lab shares: options, tables, "your turn", and the folder of results."""

from __future__ import annotations

import json
import math
import platform
import re
import sys
from types import SimpleNamespace

import pytest
import torch

import corelab
from corelab.common import i18n
from corelab.common.errors import UserError
from corelab.history import History
from corelab.lab import Lab
from corelab.lab.bilingual import in_one_language
from corelab.lab.options import pick_device
from corelab.sweep import train_once

DESCRIPTION = "Lab 99 測試 / A test\n\n50% of it is in Chinese.\n"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """A lab started from the command line, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for variable in ("CORELAB_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("locale.getlocale", lambda: ("en_US", "UTF-8"))

    def start(*arguments, **defaults):
        monkeypatch.setattr(sys, "argv", ["lab99.py", *map(str, arguments)])
        return Lab(
            "lab99", DESCRIPTION, **(defaults or {"epochs": 5, "batch_size": 100, "lr": 0.02})
        )

    return start


def results(lab):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads((lab.out / "results.json").read_text(encoding="utf-8"), parse_constant=refuse)


def a_run(few, name="lr=0.1", lr=0.1, **more):
    settings = {"epochs": 2, "batch_size": 200, "progress": False, **more}
    return train_once(name, lambda p: corelab.optim.GradientDescent(p, lr=lr), *few, **settings)


# Options


def test_the_defaults(start):
    options = start().options
    assert (options.epochs, options.batch_size, options.lr, options.limit) == (5, 100, 0.02, None)
    assert (options.data, options.seed, options.device, options.lang) == (
        "fashion-mnist",
        0,
        "auto",
        "en",
    )
    assert options.out.replace("\\", "/") == "runs/lab99"


def test_every_option_is_taken(start, tmp_path):
    lab = start(
        *(
            "--data",
            "mnist",
            "--data-root",
            tmp_path,
            "--limit",
            7,
            "--epochs",
            3,
            "--batch-size",
            9,
            "--lr",
            0.5,
        ),
        *(
            "--seed",
            4,
            "--device",
            "cpu",
            "--out",
            tmp_path / "結果",
            "--lang",
            "zh-TW",
            "--no-progress",
        ),
    )
    o = lab.options
    assert (o.data, o.data_root, o.limit, o.epochs, o.batch_size, o.lr) == (
        "mnist",
        str(tmp_path),
        7,
        3,
        9,
        0.5,
    )
    assert (o.seed, o.device, o.lang) == (4, "cpu", "zh-TW")
    assert lab.device == torch.device("cpu")
    assert lab.progress is False
    assert start().progress is None, "None: where there is a terminal"
    assert (tmp_path / "結果").is_dir()


def test_an_option_that_makes_no_sense_for_a_lab_is_not_there(start):
    lab = start(epochs=3, limit=10_000)
    assert not hasattr(lab.options, "lr")
    assert lab.options.limit == 10_000
    with pytest.raises(UserError, match="unrecognized arguments: --lr"):
        start("--lr", 1, epochs=3)


def test_help_shows_the_description_and_the_defaults(start, capsys):
    with pytest.raises(SystemExit) as end:
        start("--help")
    assert end.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("usage: lab99.py [-h]")
    assert "A test 50% of it is in Chinese." in shown
    assert "測試" not in shown
    for option, default in {
        "--data {fashion-mnist,mnist}": "fashion-mnist",
        "--epochs": "5",
        "--batch-size": "100",
        "--lr": "0.02",
        "--seed": "0",
        "--device {auto,cpu,cuda,mps}": "auto",
        "--theme {light,dark}": "light",
        "--lang {zh-TW,en}": "en",
    }.items():
        described = shown.split("options:")[1].split(option, 1)[1]
        assert described.split("(default: ", 1)[1].startswith(f"{default})"), option
    assert not re.search(r"default: (None|True)", shown), "no default that tells nothing"
    assert "--no-progress" in shown
    assert "--limit" in shown
    assert "--data-root" in shown
    assert "--out" in shown


def test_nothing_of_the_help_is_left_in_english(start, capsys):
    with pytest.raises(SystemExit):
        start("--help", "--lang", "zh-TW")
    shown = capsys.readouterr().out
    assert shown.startswith("用法")
    typed = r"--?[a-z-]+( [A-Z_]+|\s+\{\S+\})?|\w+\.(py|json|html)"
    words = re.findall(r"[A-Za-z-]{2,}", re.sub(typed, "", shown))
    assert set(words) == {
        *("Lab", "auto", "CUDA", "FashionMNIST", "MNIST", "raw"),
        *("fashion", "data", "runs", "lab", "light", "zh-TW"),  # defaults
    }


def test_a_wrong_option_is_said_in_the_language_that_was_asked_for(start):
    with pytest.raises(
        UserError, match=r"^參數 --epochs：必須是 1 以上的整數，得到的是 'x'（說明見 --help）$"
    ):
        start("--epochs", "x", "--lang", "zh-TW")


@pytest.mark.parametrize(
    ("environment", "locale_name", "expected"),
    [
        (None, "zh_TW", "zh-TW"),
        (None, "Chinese (Traditional)_Taiwan", "zh-TW"),
        (None, "de_DE", "en"),
        (None, None, "en"),
        ("zh-TW", "en_US", "zh-TW"),
        ("en", "zh_TW", "en"),
    ],
)
def test_the_language_is_that_of_the_machine_unless_said_otherwise(
    start, monkeypatch, capsys, environment, locale_name, expected
):
    if environment:
        monkeypatch.setenv("CORELAB_LANG", environment)
    monkeypatch.setattr("locale.getlocale", lambda: (locale_name, None))
    lab = start()
    assert lab.options.lang == expected
    lab.section("Your turn")
    assert ("輪到你" in capsys.readouterr().out) is (expected == "zh-TW")
    assert start("--lang", "en").text("{n} in all", n=3) == "3 in all"


BILINGUAL = """實驗 / A lab

第一行。
The first line.

    corelab check lab.py

兩種 α / Both α
"""


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ("zh-TW", "實驗\n\n第一行。\n\n    corelab check lab.py\n\n兩種 α"),
        ("en", "A lab\n\nThe first line.\n\n    corelab check lab.py\n\nBoth α"),
    ],
)
def test_a_bilingual_text_is_shown_in_one_language(chosen, expected):
    i18n.use(chosen)
    assert in_one_language(BILINGUAL) == expected
    assert in_one_language("English / only\nas it is") == "English / only\nas it is"


def test_in_a_notebook_the_notebooks_own_arguments_are_left_alone(start, monkeypatch):
    shell = SimpleNamespace(kernel="a kernel")
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert start("-f", "kernel-123.json").options.epochs == 5


def test_devices(monkeypatch):
    has = {"cuda": False}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has["cuda"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")
    for missing in ("cuda", "mps"):
        with pytest.raises(UserError, match=f"--device {missing} is not available here"):
            pick_device(missing)
    has["cuda"] = True
    assert pick_device("auto") == pick_device("cuda") == torch.device("cuda")


def test_auto_is_never_mps(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device("auto") == torch.device("cpu")
    assert pick_device("mps") == torch.device("mps")


def test_an_output_folder_that_cannot_be_written_is_found_out_first(start, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(UserError, match=r"--out .*file.* could not be written") as caught:
            start("--out", out)
        assert "\n" not in str(caught.value)


def test_an_output_folder_is_made_and_left_clean(start, tmp_path):
    start("--out", tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.parametrize(("told", "threads"), [(None, 1), ("2", 2)])
def test_a_lab_uses_one_thread_unless_told(start, monkeypatch, told, threads):
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        if told:
            monkeypatch.setenv("OMP_NUM_THREADS", told)
        start()
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)


# Tables


def test_a_table_shows_four_digits_and_a_dash_for_what_is_not_there(start, capsys):
    lab = start()
    capsys.readouterr()
    lab.table(
        "名稱 | x | y",
        [["批次", 0.123456, None], ["b", math.nan, math.inf], ["c", torch.tensor(2.5), 7]],
    )
    rows = [row.split() for row in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["名稱", "x", "y"]
    assert rows[2:] == [["批次", "0.1235", "-"], ["b", "-", "-"], ["c", "2.5", "7"]]


def test_what_is_not_finite_is_a_dash_as_a_tensor_too(start, capsys):
    lab = start()
    capsys.readouterr()
    lab.table("a | b | c", [[torch.tensor(math.nan), torch.tensor(math.inf), *torch.tensor([1.5])]])
    assert capsys.readouterr().out.splitlines()[-1].split() == ["-", "-", "1.5"]


def test_columns_with_chinese_are_aligned(start, capsys):
    """A Chinese character is two columns wide on a terminal."""
    lab = start()
    capsys.readouterr()
    lab.table(" | x", [["一次全部", 1], ["B", 22]])
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].endswith(" 1")
    assert len(lines[-1]) - len(lines[-2]) == 4


def test_headings_and_names_of_runs_are_translated_where_they_are_shown(start, few, capsys):
    lab = start("--lang", "zh-TW")
    run = lab.record(a_run(few, name="all at once"))
    capsys.readouterr()
    lab.table("epoch | cross-entropy", [["Momentum", 1]])
    assert capsys.readouterr().out.split()[:2] == ["epoch", "交叉熵"]
    lab.table_of_runs([run])
    assert "一次全部" in capsys.readouterr().out
    assert results(lab)["runs"][0]["name"] == "all at once"


def test_a_table_of_runs_says_which_diverged_and_where(start, few, capsys):
    lab = start()
    good, bad = a_run(few), a_run(few, name="lr=1e9", lr=1e9, epochs=9)
    capsys.readouterr()
    lab.table_of_runs([good])
    assert "diverged" not in capsys.readouterr().out
    lab.table_of_runs([good, bad], {"noise": [0.25, math.nan]})
    head, _, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[-4:] == ["noise", "diverged", "at", "step"]
    assert first.split()[-2:] == ["0.25", "-"]
    assert second.split()[-5:] == ["-", "-", "-", "-", str(bad.history.diverged_at_step)]


# Your turn


def kit_steps(samples, batch_size):
    return -(-samples // batch_size)


def try_steps(f):
    return {"60000 samples, B=100": f(60000, 100), "250 samples, B=100": f(250, 100)}


def turn(lab, capsys, yours, kit=kit_steps, trial=try_steps):
    """Which of the two the lab goes on with, what is recorded, and the line that is printed."""
    capsys.readouterr()
    chosen = lab.turn(yours, kit, trial)
    shown = capsys.readouterr()
    assert shown.err == ""
    assert shown.out.count("\n") == 1
    return chosen, lab.turns[yours.__name__], shown.out.rstrip()


def test_a_turn_not_done_yet_says_what_is_to_be_written(start, capsys):
    def steps(samples, batch_size):
        raise NotImplementedError("數一數 / count the steps")

    chosen, state, shown = turn(start(), capsys, steps)
    assert (chosen, state) == (kit_steps, "not done yet")
    assert shown == "[..] steps: not done yet: count the steps"
    chosen, state, shown = turn(start("--lang", "zh-TW"), capsys, steps)
    assert shown == "[..] steps: 還沒寫：數一數"


def test_a_right_turn_is_gone_on_with(start, capsys):
    def steps(samples, batch_size):
        return math.ceil(samples / batch_size)

    assert turn(start(), capsys, steps) == (steps, "done", "[OK] steps: right")


def test_a_wrong_turn_is_shown_with_its_numbers(start, capsys):
    def steps(samples, batch_size):
        return samples // batch_size

    chosen, state, shown = turn(start(), capsys, steps)
    assert (chosen, state) == (kit_steps, "wrong")
    assert shown == "[X] steps: 250 samples, B=100: expected 3, got 2; the kit's is used below"


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (None, "expected 600, got None"),
        ("600", "expected 600, got '600'"),
        (600.5, "expected 600, got 600.5"),
        (math.nan, "expected 600, got nan"),
        ([600], "expected shape (), got (1,)"),
        (torch.tensor([600, 3]), "expected shape (), got (2,)"),
        ({"steps": 600}, "expected 600, got {'steps': 600}"),
    ],
)
def test_what_is_returned_may_be_anything(start, capsys, returned, said):
    def steps(samples, batch_size):  # noqa: ARG001
        return returned

    chosen, state, shown = turn(start(), capsys, steps)
    assert (chosen, state) == (kit_steps, "wrong")
    assert shown == f"[X] steps: 60000 samples, B=100: {said}; the kit's is used below"


def test_a_turn_that_raises_says_what_and_in_which_of_its_lines(start, capsys):
    def steps(samples, batch_size):
        n = samples / 0
        return n / batch_size

    chosen, state, shown = turn(start(), capsys, steps)
    line = steps.__code__.co_firstlineno + 1
    assert (chosen, state) == (kit_steps, "wrong")
    assert (
        shown
        == f"[X] steps: ZeroDivisionError (division by zero), line {line}; the kit's is used below"
    )


def test_the_line_is_the_students_also_where_the_kit_or_torch_raised(start, capsys):
    def steps(samples, batch_size):  # noqa: ARG001
        corelab.losses.mse(torch.zeros(2), torch.zeros(3))

    _, _, shown = turn(start(), capsys, steps)
    assert shown.endswith(f", line {steps.__code__.co_firstlineno + 1}; the kit's is used below")


def test_no_line_of_the_kit_is_shown_where_the_students_had_returned(start, capsys):
    """What was returned is of no use: no line of the student's raised."""

    def rule(theta, gradient, state, lr):
        pass

    def bowl(theta):
        return (theta[..., 0] - 3) ** 2

    def kit(theta, gradient, state, lr):  # noqa: ARG001
        return theta - lr * gradient

    from corelab.descent import path

    _, _, shown = turn(
        start(), capsys, rule, kit, lambda f: {"path": path(f, bowl, (1.0,), 3, lr=0.1)}
    )
    wrong = "TypeError (the rule must return the new θ, a tensor of shape (1,), got None)"
    assert shown == f"[X] rule: {wrong}; the kit's is used below"


def test_tensors_are_compared_with_a_tolerance_and_where_they_differ(start, capsys):
    def kit(z):
        return z.softmax(0)

    def nearly(z):
        return z.exp() / z.exp().sum() + 1e-8

    def wrong(z):
        return z.exp() / 3

    z = torch.tensor([0.0, 1.0, 2.0])

    def trial(f):
        return {"three classes": f(z)}

    assert turn(start(), capsys, nearly, kit, trial)[1] == "done"
    _, _, shown = turn(start(), capsys, wrong, kit, trial)
    difference = "three classes: expected 0.0900306, got 0.333333 at [0]"
    assert shown == f"[X] wrong: {difference}; the kit's is used below"


@pytest.mark.filterwarnings("error")
def test_losses_may_be_numbers_or_tensors(start, capsys):
    """A list of what `loss` returned, still with its gradients, is as right as a list of
    numbers."""
    parameter = torch.nn.Parameter(torch.ones(3))

    def losses():
        return [parameter.sum(), (2 * parameter).sum()]

    assert turn(start(), capsys, losses, lambda: [3.0, 6.0], lambda f: {"losses": f()})[1] == "done"


def test_whole_numbers_are_compared_exactly(start, capsys):
    def steps(samples, batch_size):
        return kit_steps(samples, batch_size) + 1

    assert turn(start(), capsys, steps, kit_steps, lambda f: {"many": f(300_000, 1)})[1] == "wrong"


def test_a_turn_that_is_stopped_stops_the_lab(start):
    def steps(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start().turn(steps, kit_steps, try_steps)


def test_how_many_turns_are_done_is_said_at_the_end(start, capsys):
    lab = start()

    def right(samples, batch_size):
        return math.ceil(samples / batch_size)

    def wrong(samples, batch_size):
        return samples // batch_size

    def todo(samples, batch_size):
        raise NotImplementedError("write it")

    for yours in (right, wrong, todo):
        lab.turn(yours, kit_steps, try_steps)
    lab.finish()
    assert capsys.readouterr().out.splitlines()[-1] == "your turns: 1 of 3 done"
    assert results(lab)["turns"] == {"right": "done", "wrong": "wrong", "todo": "not done yet"}


# results.json


def test_results_are_what_the_design_promises(start, few):
    lab = start("--seed", 3, epochs=2)
    lab.samples = 500
    run = lab.record(a_run(few, seed=3))
    lab.finish()
    kept = results(lab)
    (record,) = kept.pop("runs")
    versions = kept.pop("versions")
    assert kept == {
        "lab": "lab99",
        "device": str(lab.device),
        "seed": 3,
        "data": "fashion-mnist",
        "samples": 500,
        "turns": {},
    }
    promised = {
        "name": "lr=0.1",
        "optimizer": "GradientDescent",
        "lr": 0.1,
        "batch_size": 200,
        "epochs": 2,
        "steps": 6,
        "train_cross_entropy": run.history.epoch_losses,
        "test_cross_entropy": run.test_cross_entropy,
        "test_accuracy": run.test_accuracy,
        "seconds": run.history.seconds,
        "diverged_at_step": None,
    }
    assert {key: record[key] for key in promised} == promised
    assert versions["torch"] == torch.__version__
    assert versions["python"] == platform.python_version()
    assert versions["corelab"] == corelab.__version__


def test_a_diverged_run_is_kept_as_strict_json(start, few):
    lab = start()
    lab.record(a_run(few, lr=1e9, epochs=9), noise=math.nan)
    (record,) = results(lab)["runs"]
    assert isinstance(record["diverged_at_step"], int)
    assert (record["test_cross_entropy"], record["test_accuracy"], record["noise"]) == (
        None,
        None,
        None,
    )


def test_every_run_is_written_at_once(start, few):
    lab = start()
    for count in (1, 2):
        lab.record(a_run(few, name=f"run {count}"), extra=count)
        assert [record["extra"] for record in results(lab)["runs"]] == list(range(1, count + 1))
    assert [path.name for path in lab.out.iterdir()] == ["results.json"]


def test_the_data_are_those_of_the_options(start, monkeypatch, few):
    asked = []
    monkeypatch.setattr("corelab.lab.run.load_data", lambda *given: asked.append(given) or few)
    lab = start("--limit", 12, "--data", "mnist", "--data-root", "elsewhere")
    train, test = lab.load_data()
    assert asked == [("mnist", "elsewhere", 12)]
    assert (train.inputs.device, test.inputs.device) == (lab.device, lab.device)
    assert lab.samples == 500


# How a lab ends


def ended(error):
    """What Python would do with an exception that nobody caught: the exit code."""
    with pytest.raises(SystemExit) as end:
        sys.excepthook(type(error), error, error.__traceback__)
    return end.value.code


def test_bad_input_ends_with_one_line_and_code_2(start, capsys):
    start()
    assert ended(UserError("batch_size must be at least 1,\ngot 0")) == 2
    assert capsys.readouterr() == ("", "lab99: batch_size must be at least 1, got 0\n")


def test_ctrl_c_keeps_the_results_says_so_and_ends_with_code_130(start, few, capsys):
    lab = start()
    lab.record(a_run(few))
    (lab.out / "results.json").unlink()
    assert ended(KeyboardInterrupt()) == 130
    assert len(results(lab)["runs"]) == 1
    assert "Stopped by Ctrl-C" in (lab.out / "report.html").read_text(encoding="utf-8")
    said = capsys.readouterr().err
    assert "1 run" in said
    assert str(lab.out / "results.json") in said


def test_an_interrupted_run_is_kept_and_ends_the_lab(start, few):
    lab = start()
    run = a_run(few)
    run.history = History(losses=[2.3], sizes=[200], at_seconds=[0.1], interrupted=True)
    with pytest.raises(KeyboardInterrupt):
        lab.record(run)
    (record,) = results(lab)["runs"]
    assert (record["steps"], record["train_cross_entropy"]) == (1, [])


def test_a_mistake_of_ours_keeps_its_traceback(start, capsys):
    start()
    try:
        _ = 1 / 0
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "Traceback" in capsys.readouterr().err


def test_a_folder_that_vanishes_is_one_line(start, few, tmp_path):
    lab = start("--out", tmp_path / "out")
    (tmp_path / "out").rmdir()
    (tmp_path / "out").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match=r"could not be written \("):
        lab.record(a_run(few))


def test_at_ctrl_c_too(start, few, tmp_path, capsys):
    lab = start("--out", tmp_path / "out")
    lab.record(a_run(few))
    lab.out = tmp_path / "out" / "results.json"
    capsys.readouterr()
    assert ended(KeyboardInterrupt()) == 130
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"lab99: {lab.out} could not be written (")


def test_figures_are_saved_and_said_where(start, capsys):
    from corelab import plots

    lab = start("--theme", "dark")
    try:
        lab.figure(lab.plots.ours_over_builtin({"Adam": ([1.0] * 20, [1.0] * 20)}), "ours")
    finally:
        plots.use("light")
    assert (lab.out / "ours.png").read_bytes().startswith(b"\x89PNG")
    assert plots.THEMES["dark"].paper in (lab.out / "ours.svg").read_text(encoding="utf-8")
    assert f"figure: {lab.out / 'ours.png'}, .svg\n" in capsys.readouterr().out

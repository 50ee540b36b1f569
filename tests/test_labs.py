"""The labs themselves, run as a student and as an instructor would, on real data."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from speed import scaled

PROJECT = Path(__file__).parents[1]
FIGURES = {
    "lab01_batch_input": {"loss_curves", "batch_sizes", "worst_predictions", "confusion_matrix"},
    "lab02_learning_rate": {"one_variable", "two_variables", "plateau", "learning_rates"},
    "lab03_optimizers": {
        "two_variables",
        "optimizers",
        "effective_learning_rate",
        "ours_and_torch",
    },
}
TURNS = {
    "lab01_batch_input": ["steps_per_epoch", "cross_entropy", "train_one_epoch"],
    "lab02_learning_rate": ["gradient_descent", "momentum"],
    "lab03_optimizers": ["adagrad", "rmsprop", "adam"],
}
QUICK = {
    "lab01_batch_input": ("--limit", 550, "--epochs", 3, "--lr", 0.1),
    "lab02_learning_rate": (
        "--limit",
        300,
        "--epochs",
        2,
        "--batch-size",
        5,
    ),  # many steps: some rates diverge
    "lab03_optimizers": ("--limit", 200, "--epochs", 2, "--batch-size", 50),
}
LABS = list(FIGURES)


def strict_json(path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def table_below(out, title):
    """The cells of the table below a section's title, its head and rule left out."""
    _, _, after = out.partition(f"== {title}")
    rows = re.split(r"^-[- ]+$", after, maxsplit=1, flags=re.MULTILINE)[1].split("\n\n")[0]
    return [
        re.split(r" {2,}", row.strip())
        for row in rows.splitlines()
        if row.strip() and ": " not in row
    ]


# Complete and as handed out


@pytest.fixture(scope="module")
def runs_of_solutions():
    """Each solution is run once for all the tests that look at it."""
    return {}


@pytest.fixture
def solution(run_script, runs_of_solutions, tmp_path_factory):
    """A solution as it ran, in English, by its name."""

    def run(name):
        if name not in runs_of_solutions:
            out = tmp_path_factory.mktemp(name)
            script = PROJECT / "solutions" / f"{name}.py"
            runs_of_solutions[name] = (
                run_script(script, *QUICK[name], "--lang", "en", "--out", out),
                out,
            )
        return runs_of_solutions[name]

    return run


@pytest.fixture
def data_at_hand(fashion, monkeypatch):
    """The real data without reading them again."""
    monkeypatch.setattr(
        "corelab.lab.run.load_data", lambda _, __, limit: [split.first(limit) for split in fashion]
    )


@pytest.fixture(params=LABS)
def handed_out(request, run_script, tmp_path, monkeypatch):
    """A lab as students get it, as it ran in Chinese, started from a folder of their own."""
    name = request.param
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CORELAB_LANG", "zh-TW")
    return name, run_script(PROJECT / "labs" / f"{name}.py", *QUICK[name]), tmp_path / "runs" / name


def assert_ran(name, ran, out):
    assert (ran.code, ran.err) == (0, ""), ran.err
    figures = {f"{figure}.{kind}" for figure in FIGURES[name] for kind in ("png", "svg")}
    assert {path.name for path in out.iterdir()} == {*figures, "results.json", "report.html"}
    assert (out / "report.html").read_text(encoding="utf-8").count("<figure") == len(FIGURES[name])
    for figure in out.glob("*.png"):
        assert figure.read_bytes().startswith(b"\x89PNG")
        assert figure.stat().st_size > 10_000
    results = strict_json(out / "results.json")
    assert (results["lab"], results["device"], results["seed"]) == (name, results["device"], 0)
    assert results["data"] == "fashion-mnist"
    assert results["samples"] == QUICK[name][1]
    assert results["runs"]
    for run in results["runs"]:
        assert {
            "name",
            "optimizer",
            "lr",
            "batch_size",
            "epochs",
            "steps",
            "train_cross_entropy",
        } <= set(run)
        assert {"test_cross_entropy", "test_accuracy", "seconds", "diverged_at_step"} <= set(run)
        diverged = run["diverged_at_step"] is not None
        assert len(run["train_cross_entropy"]) == run["epochs"] or diverged
        assert (run["test_accuracy"] is None) is diverged
    names = [run["name"] for run in results["runs"]]
    assert len(set(names)) == len(names), "two runs of one name cannot be told apart"
    return results


@pytest.mark.parametrize("name", LABS)
def test_a_solution_runs_and_all_its_turns_are_right(solution, name):
    ran, out = solution(name)
    results = assert_ran(name, ran, out)
    assert results["turns"] == dict.fromkeys(TURNS[name], "done")
    assert [line for line in ran.out.splitlines() if line.startswith("[")] == [
        f"[OK] {turn}: right" for turn in TURNS[name]
    ]
    assert ran.out.splitlines()[-1] == f"your turns: {len(TURNS[name])} of {len(TURNS[name])} done"


def test_a_lab_runs_as_handed_out_and_says_that_nothing_is_done_yet(handed_out):
    name, ran, out = handed_out
    results = assert_ran(name, ran, out)
    assert results["turns"] == dict.fromkeys(TURNS[name], "not done yet")
    turns = [line for line in ran.out.splitlines() if line.startswith("[")]
    titles = re.findall(
        r"BEGIN SOLUTION: (.+)", (PROJECT / "solutions" / f"{name}.py").read_text("utf-8")
    )
    assert turns == [
        f"[..] {turn}: 還沒寫：{title.split(' / ')[0]}"
        for turn, title in zip(TURNS[name], titles, strict=True)
    ]
    assert ran.out.splitlines()[-1] == f"輪到你：完成 0/{len(TURNS[name])}"


@pytest.mark.parametrize("name", LABS)
def test_a_lab_is_short_and_every_section_says_what_to_look_at(name):
    lines = (PROJECT / "labs" / f"{name}.py").read_text("utf-8").splitlines()
    assert len(lines) <= 190
    sections = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    assert len(sections) >= 5
    for number in sections:
        assert re.match(r"# %% .*[\u4e00-\u9fff].* / .*[A-Za-z]", lines[number]), lines[number]
        said = ""
        for line in lines[number + 1 :]:
            if not line.startswith("# "):
                break
            said += line
        if "圖 / Figure" in lines[number] or "# %% 輪到你 / Your turn" in lines[number]:
            continue  # what is drawn was said above; what is to be written is said in each function
        assert re.search(r"[\u4e00-\u9fff]{4,}.*[A-Za-z ]{12,}", said), (
            f"nothing to look at: {lines[number]}"
        )


# What each lab finds


def test_lab_1_counts_and_compares(solution):
    ran, out = solution("lab01_batch_input")
    assert table_below(ran.out, "1. ") == [
        ["all at once", "550", "1", "3"],
        ["in batches", "100", "6", "18"],
        ["one at a time", "1", "550", "1650"],
    ]
    (batches,) = table_below(ran.out, "2. ")
    assert batches[0] == "6"
    assert all(2.2 < float(value) < 2.4 for value in batches[1:]), (
        "an untrained network guesses: ln 10"
    )
    for _, _, mse, torchs_mse, cross_entropy, torchs_cross_entropy in table_below(ran.out, "3. "):
        assert mse == torchs_mse
        assert cross_entropy == torchs_cross_entropy
    records = {run["name"]: run for run in strict_json(out / "results.json")["runs"]}
    runs = {
        run["batch_size"]: run
        for run in map(records.get, ("all at once", "in batches", "one at a time"))
    }
    assert {size: run["steps"] for size, run in runs.items()} == {550: 3, 100: 18, 1: 550}
    assert runs[550]["step_mebibytes"] > runs[100]["step_mebibytes"] > runs[1]["step_mebibytes"]
    shown = table_below(ran.out, "4. ")
    noise = [float(row[-1]) for row in shown]
    assert noise[0] < noise[1] < noise[2], "the smaller the batch, the noisier the loss"
    one, hundred = (float(row[-1]) for row in table_below(ran.out, "5. "))
    assert one > 2 * hundred, "one extreme sample matters more in a batch of one"


def test_lab_2_shows_rates_that_crawl_fit_overshoot_and_diverge(solution):
    ran, out = solution("lab02_learning_rate")
    crawls, fits, overshoots = (float(row[-1]) for row in table_below(ran.out, "1. "))
    assert fits < 1e-6 < crawls < 16 < overshoots  # it starts at 16
    crawls, fits, overshoots, with_momentum = (
        float(row[-1]) for row in table_below(ran.out, "2. ")
    )
    assert with_momentum < fits < crawls < 18 < overshoots
    stuck, across = (float(row[1]) for row in table_below(ran.out, "3. "))
    assert stuck < 3, "gradient descent is stuck on the plateau"
    assert across > 6, "momentum gets across"
    runs = strict_json(out / "results.json")["runs"]
    assert [run["lr"] for run in runs] == sorted(run["lr"] for run in runs)
    assert 0.02 in [run["lr"] for run in runs]
    diverged = {run["lr"]: run["diverged_at_step"] for run in runs if run["diverged_at_step"]}
    assert 3.0 in diverged
    assert 0.0005 not in diverged
    rows = {row[0]: row for row in table_below(ran.out, "4. ")}
    for run in runs:
        last = rows[f"lr={run['lr']:g}"][-1]
        assert last == (str(run["diverged_at_step"]) if run["lr"] in diverged else "-")


def test_lab_3_compares_fairly_and_ours_is_torchs(solution):
    ran, out = solution("lab03_optimizers")
    five = ["GradientDescent", "Momentum", "Adagrad", "RMSprop", "Adam"]
    one_rate, best = table_below(ran.out, "2a."), table_below(ran.out, "2b.")
    assert [row[0] for row in one_rate] == [row[0] for row in best] == five
    assert {row[1] for row in one_rate} == {"0.01"}
    runs = [
        run
        for run in strict_json(out / "results.json")["runs"]
        if not run["name"].startswith("torch: ")
    ]
    for name, rate, *_ in best:
        of_one = [run for run in runs if run["optimizer"] == name]
        at_first_seed = {
            run["lr"]: run["train_cross_entropy"][-1] for run in of_one if run["seed"] == 0
        }
        chosen = min(at_first_seed, key=at_first_seed.get)
        assert float(rate) == chosen, "not the best of its grid by its training loss"
        assert {run["seed"] for run in of_one if run["lr"] == chosen} == {0, 1, 2}
    assert {run["seed"] for run in runs} == {0, 1, 2}
    first, last = ({row[0]: float(row[i]) for row in table_below(ran.out, "3. ")} for i in (1, 2))
    assert first["GradientDescent"] == pytest.approx(last["GradientDescent"], rel=0.02)
    assert last["Adagrad"] < first["Adagrad"]
    assert all(float(row[-1]) < 1e-6 for row in table_below(ran.out, "4. "))


@pytest.mark.parametrize("name", LABS)
@pytest.mark.usefixtures("data_at_hand")
def test_a_single_sample_is_enough_to_run_and_all_that_is_shown_is_translated(
    run_script, tmp_path, name, untranslated
):
    ran = run_script(
        PROJECT / "labs" / f"{name}.py", "--limit", 1, "--epochs", 1, "--out", tmp_path
    )
    assert (ran.code, ran.err) == (0, ""), ran.err
    names = {"lr", "GradientDescent", "Momentum", "Adagrad", "RMSprop", "Adam"}
    assert set(untranslated(ran.out)) <= names.union(*(turn.split("_") for turn in TURNS[name]))


@pytest.mark.parametrize("name", LABS)
@pytest.mark.filterwarnings("error")
@pytest.mark.usefixtures("data_at_hand")
def test_a_rate_under_which_everything_diverges_is_shown_as_such(run_script, tmp_path, name):
    arguments = (
        "--limit",
        60,
        "--batch-size",
        5,
        "--epochs",
        1,
        "--lr",
        1e5,
        "--lang",
        "en",
        "--out",
        tmp_path,
    )
    ran = run_script(PROJECT / "labs" / f"{name}.py", *arguments)
    assert (ran.code, ran.err) == (0, ""), ran.err
    assert not re.search(r"\b(nan|inf)\b", ran.out)
    assert any(run["diverged_at_step"] for run in strict_json(tmp_path / "results.json")["runs"])


# Your turn


def a_copy_with(folder, name, *, only_turns=False, **answers):
    """A lab with these answers written in; `only_turns` leaves out what comes after the
    comparison."""
    text = (PROJECT / "labs" / f"{name}.py").read_text("utf-8")
    for function, body in answers.items():
        pattern = rf"(def {function}\(.*?\n)( +)raise NotImplementedError\(.*?\)\n"
        answer = "".join(f"    {line}\n" for line in body.split("\n"))
        text, found = re.subn(
            pattern, lambda match, a=answer: match[1] + a, text, count=1, flags=re.DOTALL
        )
        assert found == 1
    if only_turns:
        text = text.partition("# %% 1. ")[0] + "lab.finish()\n"
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return folder / f"{name}.py"


@pytest.mark.usefixtures("data_at_hand")
def test_a_wrong_answer_is_shown_with_numbers_and_the_lab_goes_on(run_script, tmp_path):
    script = a_copy_with(
        tmp_path,
        "lab01_batch_input",
        steps_per_epoch="return samples // batch_size",
        cross_entropy="return -torch.log_softmax(logits, 1)[range(len(targets)), targets].sum()",
        train_one_epoch="return [loss(model(x), y).item() for x, y in batches]",
    )
    ran = run_script(
        script, "--limit", 250, "--epochs", 1, "--lang", "en", "--out", tmp_path / "out"
    )
    assert (ran.code, ran.err) == (0, "")
    steps, loss, loop = (line for line in ran.out.splitlines() if line.startswith("["))
    assert steps == "[X] steps_per_epoch: N=250, B=100: expected 3, got 2; the kit's is used below"
    assert re.match(r"\[X\] cross_entropy: .*expected 2\.55\d+, got 15\.3\d+;", loss)
    assert re.match(
        r"\[X\] train_one_epoch: loss of each step: expected \S+, got \S+ at \[1\];", loop
    )
    assert table_below(ran.out, "1. ")[1][2] == "3", "the lab goes on with the kit's own"
    assert ran.out.splitlines()[-1] == "your turns: 0 of 3 done"
    assert set(strict_json(tmp_path / "out" / "results.json")["turns"].values()) == {"wrong"}


@pytest.mark.usefixtures("data_at_hand")
def test_other_right_answers_than_ours_are_right(run_script, tmp_path):
    """In place, with torch's own functions, with another ε: what a student may well write."""
    answers = {
        "lab01_batch_input": {
            "steps_per_epoch": "import math\nreturn math.ceil(samples / batch_size)",
            "cross_entropy": "return torch.nn.functional.cross_entropy(logits, targets)",
        },
        "lab02_learning_rate": {
            "gradient_descent": "theta -= lr * gradient\nreturn theta",
            "momentum": 'v = state.setdefault("v", torch.zeros_like(theta))\n'
            "v.mul_(momentum).sub_(lr * gradient)\nreturn theta.add_(v)",
        },
        "lab03_optimizers": {
            "adagrad": 'state["s"] = state.get("s", 0) + gradient**2\n'
            'return theta - lr * gradient / (state["s"].sqrt() + 1e-10)',
        },
    }
    for name, written in answers.items():
        script = a_copy_with(tmp_path, name, only_turns=True, **written)
        ran = run_script(
            script, "--limit", 5, "--epochs", 1, "--lang", "en", "--out", tmp_path / "out"
        )
        assert (ran.code, ran.err) == (0, "")
        done = [line for line in ran.out.splitlines() if line.startswith("[OK]")]
        assert done == [f"[OK] {turn}: right" for turn in written]


@pytest.mark.parametrize(
    ("name", "function", "body", "said"),
    [
        (
            "lab02_learning_rate",
            "gradient_descent",
            "theta = theta - lr * gradient",
            r"must return the new θ.* got None",
        ),
        (
            "lab02_learning_rate",
            "momentum",
            'state["v"] = momentum * state["v"] - lr * gradient',
            r"KeyError \('v'\), line \d+;",
        ),
        (
            "lab03_optimizers",
            "adam",
            "return theta - lr * gradient",
            r"expected \S+, got \S+ at \[1, 0\]",
        ),
        ("lab03_optimizers", "rmsprop", "return theta - lr", r"expected \S+, got \S+ at"),
    ],
)
def test_common_mistakes_are_told(run_script, tmp_path, name, function, body, said):
    script = a_copy_with(tmp_path, name, only_turns=True, **{function: body})
    ran = run_script(script, "--limit", 5, "--epochs", 1, "--lang", "en", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    (line,) = [line for line in ran.out.splitlines() if line.startswith("[X]")]
    assert re.search(said, line)
    if "line" in said:
        at = int(re.findall(r"line (\d+)", line)[-1])
        assert script.read_text("utf-8").splitlines()[at - 1].strip() == body


# Bad input: one line, exit code 2, no traceback

BAD = {
    "batch size of 0": ("--batch-size", 0),
    "batch size below 0": ("--batch-size", -1),
    "batch size that is no number": ("--batch-size", "ten"),
    "batch size that is not whole": ("--batch-size", 1.5),
    "epochs of 0": ("--epochs", 0),
    "epochs below 0": ("--epochs", -3),
    "epochs that are no number": ("--epochs", "many"),
    "limit of 0": ("--limit", 0),
    "limit below 0": ("--limit", -1),
    "limit that is no number": ("--limit", "nan"),
    "learning rate below 0": ("--lr", -0.1),
    "learning rate that is NaN": ("--lr", "nan"),
    "learning rate that is infinite": ("--lr", "inf"),
    "learning rate that is no number": ("--lr", "fast"),
    "seed out of range": ("--seed", 10**20),
    "seed that is no number": ("--seed", "x"),
    "unknown device": ("--device", "tpu"),
    "unknown data set": ("--data", "cifar10"),
    "unknown language": ("--lang", "de"),
    "unknown option": ("--colour", "red"),
    "data folder that is not there": ("--data-root", "no/such/folder"),
    "data folder without data": ("--data-root", "."),
    "output folder that is a file": ("--out", "a-file"),
    "output folder below a file": ("--out", "a-file/below"),
}


def assert_one_line(ran, name):
    assert ran.code == 2, ran
    assert ran.err.startswith(f"{name}: ")
    assert ran.err.count("\n") == 1, ran.err
    assert "Traceback" not in ran.out + ran.err


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_code_2(run_script, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a-file").write_text("", encoding="utf-8")
    option, value = BAD[case]
    ran = run_script(PROJECT / "labs" / "lab03_optimizers.py", option, value)
    assert_one_line(ran, "lab03_optimizers")
    assert str(value) in ran.err or case == "data folder without data"


def test_cuda_where_there_is_none_is_one_line(run_script, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    ran = run_script(
        PROJECT / "labs" / "lab01_batch_input.py", "--device", "cuda", "--out", tmp_path
    )
    assert_one_line(ran, "lab01_batch_input")
    assert "--device cuda is not available here" in ran.err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "corelab.DNN()(torch.zeros(3, 28, 28))",
            "takes inputs of shape (B, 784), got (3, 28, 28)",
        ),
        ("corelab.losses.cross_entropy(torch.zeros(2, 10), torch.tensor([3, 10]))", "from 0 to 9"),
    ],
)
def test_a_students_own_script_has_one_line_errors_too(run_script, tmp_path, line, said):
    script = tmp_path / "mine.py"
    script.write_text(
        "import torch\nimport corelab\nfrom corelab.lab import Lab\n"
        f"lab = Lab('mine', 'Mine.', epochs=1)\n{line}\n",
        encoding="utf-8",
    )
    ran = run_script(script, "--out", tmp_path / "out")
    assert_one_line(ran, "mine")
    assert said in ran.err


# In a process of its own


def test_the_handout_runs_by_itself_in_a_pipe_of_cp950(tmp_path, child_environment):
    """What students get, started from another folder on a Chinese Windows: every byte is UTF-8."""
    from corelab.handout.strip import write_handout

    handout = tmp_path / "實驗"
    write_handout(handout)
    environment = child_environment | {
        "PYTHONIOENCODING": "cp950",
        "PYTHONPATH": str(handout),
        "CORELAB_LANG": "zh-TW",
        "PYTHONWARNDEFAULTENCODING": "1",
    }
    ran = subprocess.run(
        [
            sys.executable,
            str(handout / "labs" / "lab01_batch_input.py"),
            "--limit",
            "200",
            "--epochs",
            "1",
        ],
        capture_output=True,
        env=environment,
        cwd=tmp_path,
        check=False,
    )
    out, err = ran.stdout.decode("utf-8"), ran.stderr.decode("utf-8")
    assert ran.returncode == 0, err
    assert "corelab" not in err, err  # no warning of ours, and no progress bar
    assert "%|" not in err
    assert "輪到你：完成 0/3" in out
    assert "ŷ" in (handout / "labs" / "lab01_batch_input.py").read_text("utf-8")
    assert (tmp_path / "runs" / "lab01_batch_input" / "results.json").is_file()
    assert (handout / "data" / "FashionMNIST" / "raw" / "train-images-idx3-ubyte").is_file()
    shutil.rmtree(handout)


def test_bad_input_to_the_shell(tmp_path, child_environment):
    """The exit code and the streams as the shell sees them."""
    ran = subprocess.run(
        [sys.executable, str(PROJECT / "labs" / "lab02_learning_rate.py"), "--epochs", "0"],
        capture_output=True,
        encoding="utf-8",
        env=child_environment,
        cwd=tmp_path,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    wrong = "must be a whole number of at least 1, got '0' (see --help)"
    assert ran.stderr == f"lab02_learning_rate: argument --epochs: {wrong}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="there, a closed pipe is no BrokenPipeError")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_who_closes_the_pipe_ends_a_lab_in_order(tmp_path, child_environment, unbuffered):
    """At the first line that it prints, or at the end where they are kept until then."""
    lab = PROJECT / "solutions" / "corelab1_batch_input.py"
    child = subprocess.Popen(
        [sys.executable, str(lab), "--limit", "200", "--out", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=child_environment | {"PYTHONUNBUFFERED": unbuffered},
    )
    child.stdout.close()
    err = child.stderr.read()
    assert (child.wait(), err) == (1, "")


def test_ctrl_c_keeps_the_results_and_says_so(tmp_path, child_environment):
    """A real SIGINT in the middle of the first training, which would take for ever."""
    lab = PROJECT / "labs" / "lab02_learning_rate.py"
    start = f"""
import runpy, sys
from corelab.history import History
record, steps = History.record, []
def record_and_tell(self, *step):
    record(self, *step)
    steps.append(step)
    if len(steps) == 30:
        print("TRAINING", flush=True)
History.record = record_and_tell
sys.argv = ["lab", "--epochs", "1000000", "--limit", "1000", "--lang", "en"]
sys.argv += ["--out", {str(tmp_path)!r}]
runpy.run_path({str(lab)!r}, run_name="__main__")
"""
    child = subprocess.Popen(
        [sys.executable, "-u", "-c", start],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env=child_environment,
    )
    try:
        for line in child.stdout:
            if line == "TRAINING\n":
                break
        os.kill(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=scaled(60))
    finally:
        child.kill()
    assert child.returncode == 130, err
    assert "Traceback" not in err
    (run,) = strict_json(tmp_path / "results.json")["runs"]
    assert run["steps"] >= 30
    assert f"stopped by Ctrl-C after {run['steps']} steps" in err
    assert "1 run" in err
    assert str(tmp_path / "results.json") in err
    assert "Stopped by Ctrl-C" in (tmp_path / "report.html").read_text(encoding="utf-8")


@pytest.mark.usefixtures("data_at_hand")
@pytest.mark.parametrize(
    ("name", "optimizer"),
    [
        ("lab01_batch_input", "corelab.optim.GradientDescent"),
        ("lab02_learning_rate", "corelab.optim.GradientDescent"),
        ("lab03_optimizers", "corelab.optim.Adam"),
        ("lab03_optimizers", "torch.optim.Adagrad"),  # the last section, beside torch's
    ],
)
def test_ctrl_c_in_any_training_ends_a_lab_in_order(
    run_script, tmp_path, monkeypatch, name, optimizer
):
    """Stopped in its first step on the DNN's parameters: what was done before is kept."""
    module, _, kind = optimizer.rpartition(".")
    optimizer_class = getattr(importlib.import_module(module), kind)
    real = optimizer_class.step

    def stop_on_the_network(self, *arguments, **options):
        in_a_turn = any(frame.function == "turn" for frame in inspect.stack(0))
        if len(self.param_groups[0]["params"]) == 10 and not in_a_turn:
            raise KeyboardInterrupt
        return real(self, *arguments, **options)

    monkeypatch.setattr(optimizer_class, "step", stop_on_the_network)
    ran = run_script(
        PROJECT / "labs" / f"{name}.py", *QUICK[name], "--lang", "en", "--out", tmp_path
    )
    assert "Traceback" not in ran.err
    assert ran.code == 130
    assert "stopped by Ctrl-C after 0 steps" in ran.err
    assert str(tmp_path / "results.json") in ran.err
    assert strict_json(tmp_path / "results.json")["runs"]

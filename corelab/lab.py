"""What every lab shares: its options, its tables and figures, "your turn", and its folder of results."""

from __future__ import annotations

import argparse
import locale
import math
import os
import platform
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from tabulate import tabulate
from torch import Tensor

from corelab import __version__
from corelab.console import OneLineParser, at_least_one, learning_rate, say_error, seed, use_utf8
from corelab.data import DATASETS, InMemoryDataset, load_data
from corelab.errors import UserError
from corelab.files import write_json
from corelab.sweep import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LANGUAGES = ("zh-TW", "en")
Function = TypeVar("Function", bound=Callable[..., Any])


class Lab:
    """One run of a lab: started from the command line, it ends with figures and `results.json`.

    name: the lab's file without `.py`. description: its docstring, for --help. defaults: the
    options that make sense for this lab (of epochs, batch_size, lr, limit) and their defaults.
    """

    def __init__(self, name: str, description: str, **defaults: Any):
        use_utf8()
        sys.excepthook = self._on_exception
        self.name = name
        self.runs: list[dict[str, Any]] = []
        self.turns: dict[str, str] = {}
        self.options = _parser(name, description, defaults).parse_args([] if _in_notebook() else None)
        self.zh = self.options.lang == "zh-TW"
        self.progress: bool | None = None if self.options.progress else False
        self.device = pick_device(self.options.device)
        # Matrices this small gain little from a second thread, and lose up to a hundredfold where another
        # program wants the core that it spins on.
        if "OMP_NUM_THREADS" not in os.environ:
            torch.set_num_threads(1)
        self.out = Path(self.options.out)
        _check_writable(self.out)
        self.samples = 0

    def load_data(self) -> tuple[InMemoryDataset, InMemoryDataset]:
        """The training and the test set that the options name, on the device."""
        train, test = load_data(self.options.data, self.options.data_root, self.options.limit)
        self.samples = len(train)
        return train.to(self.device), test.to(self.device)

    # What is shown

    def text(self, zh: str, en: str) -> str:
        """The one of the two in the language of this run."""
        return zh if self.zh else en

    def section(self, zh: str, en: str) -> None:
        print(f"\n== {self.text(zh, en)} ==")

    def table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print a table; None and what is not finite are shown as a dash."""
        plain = ([value.item() if isinstance(value, Tensor) else value for value in row] for row in rows)
        shown = [[value if _is_shown(value) else None for value in row] for row in plain]
        print(tabulate(shown, headers, tablefmt="simple", floatfmt=".4g", missingval="-"))

    def table_of_runs(self, runs: Sequence[Run], **columns: Sequence[Any]) -> None:
        """Print where each training ended, with further columns behind."""
        headers = ["", "B", "steps", "seconds", "training cross-entropy", "test cross-entropy", "accuracy"]
        rows = [
            [run.name, run.batch_size, run.history.steps, run.history.seconds, run.final_loss,
             run.test_cross_entropy, run.test_accuracy, *more]
            for run, *more in zip(runs, *columns.values(), strict=True)
        ]  # fmt: skip
        headers += columns
        diverged = [run.history.diverged_at_step for run in runs]
        if any(diverged):
            headers.append("diverged at step")
            rows = [[*row, step] for row, step in zip(rows, diverged, strict=True)]
        self.table(headers, rows)

    def figure(self, figure: Figure, name: str) -> None:
        """Save a figure under the lab's folder, and say where."""
        path = self.out / f"{name}.png"
        figure.savefig(path, dpi=150)
        print(self.text("圖", "figure") + f": {path}")
        if _in_notebook():
            from IPython.display import display

            display(figure)

    # Your turn

    def turn(
        self, yours: Function, kit: Callable[..., Any], trial: Callable[[Any], Mapping[str, Any]]
    ) -> Any:
        """The function to go on with: the student's where it agrees with the kit's, else the kit's.

        trial: calls the function it is given, and returns what came out by name (numbers, tensors
        or sequences of them); it is run on both, and a difference is shown with its numbers.
        """
        name = yours.__name__
        expected = trial(kit)
        try:
            got = trial(yours)
        except NotImplementedError as todo:
            self._say_turn(name, "not done yet", self.text(f"還沒寫:{todo}", f"not done yet: {todo}"))
            return kit
        except Exception as error:
            lines = [
                frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.name == name
            ]
            where = f", line {lines[-1]}" if lines else ""  # of the student's function, not of what it called
            self._say_turn(name, "wrong", f"{type(error).__name__} ({error}){where}")
            return kit
        for label, value in expected.items():
            if difference := _difference(value, got[label]):
                self._say_turn(name, "wrong", f"{label}: {difference}")
                return kit
        self._say_turn(name, "done", self.text("正確", "right"))
        return yours

    def _say_turn(self, name: str, state: str, message: str) -> None:
        self.turns[name] = state
        print(f"[{'OK' if state == 'done' else '..' if state == 'not done yet' else 'X'}] {name}: {message}")

    # What is kept

    def keep(self, run: Run, **more: Any) -> Run:
        """Add a run to `results.json`, written at once: whatever comes later, this much is kept."""
        self.runs.append({**run.record(), **more})
        self._save()
        if run.history.interrupted:
            raise KeyboardInterrupt
        return run

    def finish(self) -> None:
        """Write the results, and say how many turns are done."""
        self._save()
        print("\n" + self.text("結果", "results") + f": {self.out / 'results.json'}")
        if self.turns:
            done = sum(state == "done" for state in self.turns.values())
            print(
                self.text(
                    f"輪到你:完成 {done}/{len(self.turns)}", f"your turns: {done} of {len(self.turns)} done"
                )
            )

    def _save(self) -> None:
        results = {
            "lab": self.name,
            "device": str(self.device),
            "seed": self.options.seed,
            "data": self.options.data,
            "samples": self.samples,
            "runs": self.runs,
            "turns": self.turns,
            "versions": {
                "corelab": __version__,
                "torch": torch.__version__,
                "python": platform.python_version(),
                "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
            },
        }
        try:
            write_json(results, self.out / "results.json")
        except OSError as error:
            raise UserError(f"{self.out} could not be written ({error.strerror})") from error

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if isinstance(error, UserError):
            say_error(self.name, error)
            raise SystemExit(2)
        if isinstance(error, NotImplementedError):  # a function that is the student's to write
            print(self.text(f"還沒寫:{error}", f"not written yet: {error}"), file=sys.stderr)
            raise SystemExit(1)
        if issubclass(kind, KeyboardInterrupt):
            if self.runs:
                self._save()
                print(
                    f"\nCtrl-C: {len(self.runs)} run(s) kept in {self.out / 'results.json'}", file=sys.stderr
                )
            raise SystemExit(130)
        sys.__excepthook__(kind, error, trace)


def pick_device(name: str) -> torch.device:
    """auto, cpu, cuda or mps to a device that is there; UserError where it is not."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there[name]:
        raise UserError(f"--device {name} is not available here: use --device cpu, or auto")
    return torch.device(name)


def _is_shown(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def _difference(expected: Any, got: Any) -> str | None:
    """What differs between two results, with its numbers; None where nothing does."""
    try:
        want, have = _numbers(expected), _numbers(got)
    except (TypeError, ValueError, RuntimeError):
        return f"expected {expected!r}, got {got!r}"
    if want.shape != have.shape:
        return f"expected shape {tuple(want.shape)}, got {tuple(have.shape)}"
    exactly = isinstance(expected, int)  # a count is right or wrong, however large
    wrong = ~torch.isclose(have, want, rtol=0 if exactly else 1e-4, atol=1e-6)
    if not wrong.any():
        return None
    at = tuple(wrong.nonzero()[0].tolist())
    where = f" at {list(at)}" if at else ""
    return f"expected {want[at].item():.6g}, got {have[at].item():.6g}{where}"


def _numbers(value: Any) -> Tensor:
    """A number, a tensor or a sequence of them, in float64 on the CPU (MPS has no float64)."""
    if isinstance(value, list | tuple):
        return torch.stack([_numbers(one) for one in value])
    return torch.as_tensor(value).detach().cpu().double()


def _parser(name: str, description: str, defaults: Mapping[str, Any]) -> argparse.ArgumentParser:
    parser = OneLineParser(name, description=description, formatter_class=_Help)
    add = parser.add_argument
    add("--data", choices=DATASETS, default="fashion-mnist", help="the data set")
    add("--data-root", default="data", help="the folder that holds FashionMNIST/raw or MNIST/raw")
    limit = defaults.get("limit")
    add("--limit", type=at_least_one, default=limit, help="only the first so many samples, not all")
    if "epochs" in defaults:
        add("--epochs", type=at_least_one, default=defaults["epochs"], help="passes over all the data")
    if "batch_size" in defaults:
        add("--batch-size", type=at_least_one, default=defaults["batch_size"], help="samples a step")
    if "lr" in defaults:
        add("--lr", type=learning_rate, default=defaults["lr"], help="learning rate")
    add("--seed", type=seed, default=0, help="of the initial weights and the order of the batches")
    add(
        "--device",
        choices=("auto", "cpu", "cuda", "mps"),
        default="auto",
        help="auto: CUDA where there is one",
    )
    add("--out", default=str(Path("runs") / name), help="the folder of the figures and results.json")
    add("--lang", choices=LANGUAGES, default=_language(), help="of what is printed")
    add("--no-progress", dest="progress", action="store_false", help="no progress bars")
    return parser


class _Help(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """The docstring as it is written, and the default behind every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default in (None, True) else super()._get_help_string(action)


def _language() -> str:
    asked = os.environ.get("CORELAB_LANG") or locale.getlocale()[0] or ""
    return "zh-TW" if asked.lower().startswith(("zh", "chinese")) else "en"


def _check_writable(folder: Path) -> None:
    """Find out before the training, not after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(
            f"--out {folder} could not be written ({error.strerror}): choose another folder"
        ) from error


def _in_notebook() -> bool:
    return "ipykernel" in sys.modules

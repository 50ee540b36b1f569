"""What every lab shares: its options, its tables and figures, "your turn", and its folder of results."""

from __future__ import annotations

import argparse
import math
import os
import platform
import re
import shlex
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from tabulate import tabulate
from torch import Tensor

from corelab import __version__
from corelab.common import i18n
from corelab.common.console import (
    OneLineParser,
    at_least_one,
    learning_rate,
    read_no_more,
    say_error,
    seed,
    use_utf8,
)
from corelab.common.errors import UserError
from corelab.common.files import write_json
from corelab.common.i18n import LANGUAGES, N_, _
from corelab.data import InMemoryDataset, load_data
from corelab.data_files import DATASETS
from corelab.history import Run
from corelab.lab.report import Report
from corelab.progress import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["N_", "Lab"]  # what a lab needs
Function = TypeVar("Function", bound=Callable[..., Any])


KITS = N_("the kit's is used below")


class Lab:
    """One run of a lab: started from the command line, it leaves figures, `results.json` and
    `report.html`.

    name: the lab's file without `.py`. description: its docstring, for --help and the report.
    defaults: the options that make sense for this lab (of epochs, batch_size, lr, limit) and their
    defaults.

    What a lab shows is written in English, and shown in the language of the run.
    """

    def __init__(self, name: str, description: str, **defaults: Any):
        use_utf8()
        sys.excepthook = self._on_exception
        arguments = [] if in_notebook() else sys.argv[1:]
        i18n.use(i18n.preferred(arguments))
        description = in_one_language(description)
        self.name = name
        self.began = datetime.now().astimezone()
        self.runs: list[dict[str, Any]] = []
        self.turns: dict[str, str] = {}
        self.options = _parser(name, description, defaults).parse_args(arguments)
        self.command = shlex.join(["python", f"{name}.py", *arguments])
        title, _blank, rest = description.strip().partition("\n\n")
        self.report = Report(title, rest.partition("\n\n")[0])
        self.progress: bool | None = None if self.options.progress else False
        self.device = pick_device(self.options.device)
        # Matrices this small gain little from a second thread, and lose up to a hundredfold where
        # another program wants the core that it spins on.
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

    def text(self, message: str, **values: Any) -> str:
        """The message in the language of this run, with its {values}."""
        return _(message).format(**values)

    def section(self, title: str, **values: Any) -> None:
        """Begin a section: everything up to the next one stands under it."""
        title = self.text(title, **values)
        self.report.section(title)
        print(f"\n== {title} ==")

    def say(self, message: str, **values: Any) -> None:
        """Print a line."""
        line = self.text(message, **values)
        self.report.text(line)
        print(line)

    def table(self, headers: str, rows: Iterable[Sequence[Any]]) -> None:
        """Print a table. headers: "one | and another". What is None or not finite is shown as a
        dash."""
        names = [name.strip() for name in _(headers).split("|")]
        shown = [[_shown(value) for value in row] for row in rows]
        self.report.table(names, shown)
        print(tabulate(shown, names, tablefmt="simple", floatfmt=".4g", missingval="-"))

    def table_of_runs(
        self, runs: Sequence[Run], columns: Mapping[str, Sequence[Any]] | None = None
    ) -> None:
        """Print where each training ended, with further columns by their names behind."""
        columns = dict(columns or {})
        diverged = [run.history.diverged_at_step for run in runs]
        if any(diverged):
            columns[_("diverged at step")] = diverged
        headers = _(
            "run | B | steps | seconds | training cross-entropy | test cross-entropy | accuracy"
        )
        rows = [
            [_(run.name), run.batch_size, run.history.steps, run.history.seconds, run.final_loss,
             run.test_cross_entropy, run.test_accuracy, *more]
            for run, *more in zip(runs, *columns.values(), strict=True)
        ]  # fmt: skip
        self.table(" | ".join([headers, *columns]), rows)

    @property
    def plots(self) -> ModuleType:
        """`corelab.plots` in the theme of this run: loaded only here, since matplotlib takes its
        time."""
        from corelab import plots

        plots.use(self.options.theme)
        return plots

    def figure(self, figure: Figure, name: str) -> None:
        """Save a figure under the lab's folder, and say where."""
        png, svg = self.plots.save(figure, self.out / name)
        print(_("figure: {path}").format(path=f"{png}, {svg.suffix}"))
        self.report.figure(svg, name, figure.get_figwidth())
        if in_notebook():
            from IPython.display import Image, display

            display(Image(png))

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
            self._say_turn(
                name,
                "not done yet",
                _("not done yet: {what}").format(what=in_one_language(str(todo))),
            )
            return kit
        except Exception as error:
            lines = [
                frame.lineno
                for frame in traceback.extract_tb(error.__traceback__)
                if frame.name == name
            ]
            # of the student's function, not of what it called
            where = _(", line {line}").format(line=lines[-1]) if lines else ""
            self._say_turn(name, "wrong", f"{type(error).__name__} ({error}){where}; {_(KITS)}")
            return kit
        for label, value in expected.items():
            if difference := _difference(value, got[label]):
                wrong = _("{label}: {difference}").format(label=label, difference=difference)
                self._say_turn(name, "wrong", f"{wrong}; {_(KITS)}")
                return kit
        self._say_turn(name, "done", _("right"))
        return yours

    def _say_turn(self, name: str, state: str, message: str) -> None:
        self.turns[name] = state
        self.report.turn(name, state, message)
        print(
            f"[{'OK' if state == 'done' else '..' if state == 'not done yet' else 'X'}] {name}: {message}"
        )

    # What is kept

    def keep(self, run: Run, **more: Any) -> Run:
        """Add a run to `results.json`, written at once: whatever comes later, this much is kept."""
        self.runs.append({**run.record(), **more})
        self._save()
        if run.history.interrupted:
            raise KeyboardInterrupt
        return run

    def finish(self) -> None:
        """Write the results and the report, and say how many turns are done."""
        self._save()
        self._write_report()
        print("\n" + _("results: {path}").format(path=self.out / "results.json"))
        print(_("report: {path}").format(path=self.out / "report.html"))
        if self.turns:
            done = sum(state == "done" for state in self.turns.values())
            print(_("your turns: {done} of {all} done").format(done=done, all=len(self.turns)))

    def _save(self) -> None:
        results = {
            "lab": self.name,
            "device": str(self.device),
            "seed": self.options.seed,
            "data": self.options.data,
            "samples": self.samples,
            "runs": self.runs,
            "turns": self.turns,
            "versions": versions(),
        }
        with self._one_line_if_not_written():
            write_json(results, self.out / "results.json")

    def _write_report(self, stopped: bool = False) -> None:
        options = vars(self.options).items()
        with self._one_line_if_not_written():
            self.report.write(
                self.out / "report.html",
                began=self.began,
                seconds=(datetime.now().astimezone() - self.began).total_seconds(),
                command=self.command,
                device=str(self.device),
                options={
                    name.replace("_", "-"): value for name, value in options if name != "progress"
                },
                versions=versions(),
                stopped=stopped,
            )

    @contextmanager
    def _one_line_if_not_written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            wrong = _("{folder} could not be written ({reason})")
            raise UserError(wrong.format(folder=self.out, reason=error.strerror)) from error

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if isinstance(error, UserError):
            say_error(self.name, error)
            raise SystemExit(2)
        if isinstance(error, NotImplementedError):  # a function that is the student's to write
            print(
                _("not written yet: {what}").format(what=in_one_language(str(error))),
                file=sys.stderr,
            )
            raise SystemExit(1)
        if isinstance(error, BrokenPipeError):
            raise SystemExit(read_no_more())
        if issubclass(kind, KeyboardInterrupt):
            if self.runs:
                self._leave_what_was_done()
            raise SystemExit(130)
        sys.__excepthook__(kind, error, trace)

    def _leave_what_was_done(self) -> None:
        try:
            self._save()
            self._write_report(stopped=True)
        except UserError as error:
            say_error(self.name, error)
            return
        kept = _("Ctrl-C: {count} run(s) kept in {path}")
        print(
            "\n" + kept.format(count=len(self.runs), path=self.out / "results.json"),
            file=sys.stderr,
        )


def versions() -> dict[str, str]:
    """What a result depends on beside its settings."""
    return {
        "corelab": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def pick_device(name: str) -> torch.device:
    """auto, cpu, cuda or mps to a device that is there; UserError where it is not."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there[name]:
        wrong = _("--device {device} is not available here: use --device cpu, or auto")
        raise UserError(wrong.format(device=name))
    return torch.device(name)


_CHINESE = re.compile("[\u4e00-\u9fff]")


def in_one_language(text: str) -> str:
    """A text that is written in both, in the language in use.

    A line is "中文 / English", or in one of the two, or both where it is indented, as a command is.
    """
    chinese, lines = i18n.current() == "zh-TW", []
    if not _CHINESE.search(text):
        return text
    for line in text.splitlines():
        zh, slash, en = line.partition(" / ")
        if slash:
            lines.append(zh if chinese else en)
        elif not line.strip() or line.startswith(" ") or bool(_CHINESE.search(line)) is chinese:
            lines.append(line)
    return "\n".join(lines)


def _shown(value: Any) -> Any:
    """A table's value: a number, a text, or None for what is not finite."""
    if isinstance(value, Tensor):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _difference(expected: Any, got: Any) -> str | None:
    """What differs between two results, with its numbers; None where nothing does."""
    try:
        want, have = _numbers(expected), _numbers(got)
    except (TypeError, ValueError, RuntimeError):
        return _("expected {expected}, got {got}").format(expected=repr(expected), got=repr(got))
    if want.shape != have.shape:
        return _("expected shape {expected}, got {got}").format(
            expected=tuple(want.shape), got=tuple(have.shape)
        )
    exactly = isinstance(expected, int)  # a count is right or wrong, however large
    wrong = ~torch.isclose(have, want, rtol=0 if exactly else 1e-4, atol=1e-6)
    if not wrong.any():
        return None
    at = tuple(wrong.nonzero()[0].tolist())
    numbers = {"expected": f"{want[at].item():.6g}", "got": f"{have[at].item():.6g}"}
    if not at:
        return _("expected {expected}, got {got}").format(**numbers)
    return _("expected {expected}, got {got} at {index}").format(**numbers, index=list(at))


def _numbers(value: Any) -> Tensor:
    """A number, a tensor or a sequence of them, in float64 on the CPU (MPS has no float64)."""
    if isinstance(value, list | tuple):
        return torch.stack([_numbers(one) for one in value])
    return torch.as_tensor(value).detach().cpu().double()


def _parser(name: str, description: str, defaults: Mapping[str, Any]) -> argparse.ArgumentParser:
    parser = OneLineParser(f"{name}.py", description=description, formatter_class=_Help)
    add = parser.add_argument
    add("--data", choices=DATASETS, default="fashion-mnist", help=_("the data set"))
    add(
        "--data-root", default="data", help=_("the folder that holds FashionMNIST/raw or MNIST/raw")
    )
    limit = defaults.get("limit")
    add(
        "--limit",
        type=at_least_one,
        default=limit,
        help=_("only the first so many samples, not all"),
    )
    if "epochs" in defaults:
        add(
            "--epochs",
            type=at_least_one,
            default=defaults["epochs"],
            help=_("passes over all the data"),
        )
    if "batch_size" in defaults:
        add(
            "--batch-size",
            type=at_least_one,
            default=defaults["batch_size"],
            help=_("samples a step"),
        )
    if "lr" in defaults:
        add("--lr", type=learning_rate, default=defaults["lr"], help=_("learning rate"))
    add(
        "--seed",
        type=seed,
        default=0,
        help=_("of the initial weights and the order of the batches"),
    )
    devices = ("auto", "cpu", "cuda", "mps")
    add("--device", choices=devices, default="auto", help=_("auto: CUDA where there is one"))
    folder = str(Path("runs") / name)
    add("--out", default=folder, help=_("the folder of the figures, results.json and report.html"))
    add("--theme", choices=("light", "dark"), default="light", help=_("of the figures"))
    add("--lang", choices=LANGUAGES, default=i18n.current(), help=_("of what is shown"))
    add("--no-progress", dest="progress", action="store_false", help=_("no progress bars"))
    return parser


class _Help(argparse.RawDescriptionHelpFormatter):
    """The docstring as it is written, and the default behind every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, argparse.SUPPRESS) or action.default is True:
            return action.help
        return _("{help} (default: {default})").format(help=action.help, default="%(default)s")


def _check_writable(folder: Path) -> None:
    """Find out before the training, not after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        wrong = _("--out {folder} could not be written ({reason}): choose another folder")
        raise UserError(wrong.format(folder=folder, reason=error.strerror)) from error

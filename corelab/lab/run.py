"""One run of a lab, from its command line to its folder of results."""

from __future__ import annotations

import math
import os
import platform
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from tabulate import tabulate
from torch import Tensor

from corelab import __version__
from corelab.common import i18n
from corelab.common.console import discard_stdout, print_error, use_utf8
from corelab.common.errors import UserError
from corelab.common.files import write_json
from corelab.common.i18n import _
from corelab.data import InMemoryDataset, load_data
from corelab.history import Run
from corelab.lab.bilingual import in_one_language
from corelab.lab.options import check_writable, lab_parser, pick_device
from corelab.lab.report import Report
from corelab.lab.turns import Function, Trial, judge_turn
from corelab.progress import in_notebook

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Lab:
    """One run of a lab: it leaves figures, `results.json` and `report.html` in a folder.

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
        self.options = lab_parser(name, description, defaults).parse_args(arguments)
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
        check_writable(self.out)
        self.samples = 0

    def load_data(self) -> tuple[InMemoryDataset, InMemoryDataset]:
        """Return the training and the test set that the options name, on the device."""
        train, test = load_data(self.options.data, self.options.data_root, self.options.limit)
        self.samples = len(train)
        return train.to(self.device), test.to(self.device)

    # What is shown

    def text(self, message: str, **values: Any) -> str:
        """Return the message in the language of this run, with its {values}."""
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
        """Print a table. headers: "one | and another".

        What is None or not finite is shown as a dash.
        """
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
        """Return `corelab.plots` in the theme of this run; matplotlib is loaded only here."""
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

    def turn(self, yours: Function, kit: Function, trial: Trial) -> Function:
        """Return the function to go on with: the student's where it agrees with the kit's.

        trial: calls the function it is given, and returns what came out by name (numbers, tensors
        or sequences of them); it is run on both, and a difference is shown with its numbers.
        """
        turn = judge_turn(yours, kit, trial)
        self.turns[turn.name] = turn.state
        self.report.turn(turn.name, turn.state, turn.message)
        print(turn)
        return yours if turn.state == "done" else kit

    # What is kept

    def record(self, run: Run, **more: Any) -> Run:
        """Add a run to `results.json`, written at once: whatever comes later, this much is kept.

        more: values beside the run's own. Raises KeyboardInterrupt where Ctrl-C ended the run.
        """
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
        sys.stdout.flush()  # a reader who closed the pipe is noticed here, not at the very end

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
        shown = [(name, value) for name, value in vars(self.options).items() if name != "progress"]
        with self._one_line_if_not_written():
            self.report.write(
                self.out / "report.html",
                began=self.began,
                seconds=(datetime.now().astimezone() - self.began).total_seconds(),
                command=self.command,
                device=str(self.device),
                options={name.replace("_", "-"): value for name, value in shown},
                versions=versions(),
                stopped=stopped,
            )

    @contextmanager
    def _one_line_if_not_written(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            wrong = _("{folder} could not be written ({reason})")
            raise UserError(wrong, folder=self.out, reason=error.strerror) from error

    def _on_exception(self, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        if isinstance(error, UserError):
            print_error(self.name, error)
            raise SystemExit(2)
        if isinstance(error, NotImplementedError):  # a function that is the student's to write
            todo = _("not written yet: {what}").format(what=in_one_language(str(error)))
            print(todo, file=sys.stderr)
            raise SystemExit(1)
        if isinstance(error, BrokenPipeError):
            raise SystemExit(discard_stdout())
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
            print_error(self.name, error)
            return
        kept = _("Ctrl-C: {count} run(s) kept in {path}")
        kept = kept.format(count=len(self.runs), path=self.out / "results.json")
        print(f"\n{kept}", file=sys.stderr)


def versions() -> dict[str, str]:
    """Return what a result depends on beside its settings."""
    return {
        "corelab": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
    }


def _shown(value: Any) -> Any:
    """Return a table's value: a number, a text, or None for what is not finite."""
    if isinstance(value, Tensor):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value

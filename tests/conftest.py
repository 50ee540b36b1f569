"""What all tests share: the data, a way to run a script, and the rule that nothing is skipped in
CI."""

from __future__ import annotations

import gettext
import os
import re
import runpy
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from corelab.common import i18n

PROJECT = Path(__file__).resolve().parents[1]
DATA = PROJECT / "data"
pytest_plugins = ["pytester", "browser"]

# Two threads wait for each other where the machine is busy; one is as fast for matrices this small.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# The tests read English, whatever the machine speaks: here, and in the processes that they start.
os.environ["CORELAB_LANG"] = "en"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    yield
    i18n.use("en")


class Bracketed(gettext.NullTranslations):
    """A language in which every message is itself, in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"


@pytest.fixture
def untranslated(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], list[str]]:
    """Brackets every message from now on; finds the words of a text that stand outside of
    brackets."""
    monkeypatch.setattr(i18n, "translations", lambda _name: Bracketed())
    i18n.use("zh-TW")

    def find(text: str) -> list[str]:
        while text != (text := re.sub("⟦[^⟦⟧]*⟧", " ", text)):
            pass
        return re.findall(r"[^\W\d_]{2,}", text)

    return find


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked `cuda` out where there is no CUDA: left out, not skipped."""
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        items[:] = [item for item in items if item not in marked]
        config.hook.pytest_deselected(items=marked)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for the whole suite; none besides this one for what is asked for by its
    path."""
    return 2 if config.args == config.getini("testpaths") else 0


def _skipped(reporter: Any) -> list[str]:
    """The reasons of the tests that were skipped."""
    reports = reporter.stats.get("skipped", []) if reporter else []
    return [str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a skipped test is a failure: what is not run there is not tested."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = _skipped(reporter)
    if skipped and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
        reporter.write_line(f"\n{len(skipped)} skipped, and nothing may be skipped in CI", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the tables that tests recorded as properties, then why tests were skipped, in a line."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for title, text in report.user_properties:
                    terminalreporter.section(title)
                    terminalreporter.write_line(text)
    if skipped := Counter(_skipped(terminalreporter)).most_common():
        counts = "; ".join(f"{count} × {reason}" for reason, count in skipped)
        terminalreporter.write_line(f"\nskipped here: {counts}")


@pytest.fixture(scope="session")
def fashion() -> tuple[Any, Any]:
    """The full Fashion-MNIST as shipped. Shared: not to be changed."""
    import corelab

    return corelab.load_data("fashion-mnist", root=DATA)


@pytest.fixture(scope="session")
def few(fashion: tuple[Any, Any]) -> tuple[Any, Any]:
    """The first 500 samples of each."""
    train, test = fashion
    return train.first(500), test.first(500)


@dataclass
class Ran:
    """What a script left behind."""

    code: int
    out: str
    err: str


@pytest.fixture
def run_script(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Run a script in this process, as `python script arguments` would: the exit code and both
    streams.

    An exception that nobody catches goes to `sys.excepthook`, as the interpreter does it.
    """
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def run(script: Path, *arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", [str(script), *map(str, arguments)])
        monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
        capsys.readouterr()
        try:
            code = _as_interpreter(script)
        finally:
            streams = capsys.readouterr()
        return Ran(code, streams.out, streams.err)

    return run


def _as_interpreter(script: Path) -> int:
    try:
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit:
            raise
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
            return 1
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


@pytest.fixture
def child_environment() -> dict[str, str]:
    """The environment of a child process, with UTF-8 nowhere forced."""
    chosen = {"PYTHONIOENCODING", "PYTHONUTF8", "MPLBACKEND"}
    return {key: value for key, value in os.environ.items() if key not in chosen}

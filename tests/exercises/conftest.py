"""A table that a test leaves is shown at the end of the run, passed or failed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

TABLES = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def show_at_the_end(pytestconfig: pytest.Config) -> Callable[[str, str], None]:
    """Takes a title and a text."""
    return pytestconfig.stash.setdefault(TABLES, {}).__setitem__


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for title, text in config.stash.get(TABLES, {}).items():
        terminalreporter.section(title)
        terminalreporter.write_line(text)

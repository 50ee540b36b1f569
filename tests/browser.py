"""Fixtures: pages of ours in headless Chromium, offline, where anything that goes wrong fails the
test.

    def test_it(open_page, tmp_path):
        page = open_page(tmp_path / "report.html", width=390, color_scheme="dark", locale="zh-TW")
        page.click("text=Details")

`page` is playwright's (playwright.dev/python); keyword arguments are those of its
`Browser.new_context`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
QUIET = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(
    scope="module"
)  # of the session, it would keep others from using asyncio in this thread
def chromium() -> Iterator[Any]:
    """The browser that is installed. Skips where there is none."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no browser: `apt install chromium`, or install Google Chrome")
    as_root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*QUIET, *as_root])
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a file in a window of its own. In the end: no error or warning, and nothing asked of
    elsewhere."""
    contexts: list[Any] = []
    wrong: list[str] = []

    def open_(file: Path, *, width: int = 1280, height: int = 800, **settings: Any) -> Any:
        size: Any = {"width": width, "height": height}
        context = chromium.new_context(
            viewport=size, offline=True, **{"locale": "en-US", **settings}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on(
            "console", lambda said: said.type in ("error", "warning") and wrong.append(said.text)
        )
        page.on(
            "request",
            lambda asked: _is_within(asked.url, file) or wrong.append(f"request: {asked.url}"),
        )
        page.goto(file.as_uri())
        return page

    yield open_
    for context in contexts:
        context.close()
    assert wrong == []


def _is_within(url: str, file: Path) -> bool:
    return url.split("#")[0] == file.as_uri() or url.startswith(("data:", "blob:"))


def until(page: Any, condition: Callable[[], Any], seconds: float = 10) -> None:
    """Wait for a condition. (playwright's own `wait_for_function` is code that a page's policy
    forbids.)"""
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        page.wait_for_timeout(20)
    raise AssertionError("waited in vain")


def overflow(page: Any) -> int:
    """Pixels by which the page is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")

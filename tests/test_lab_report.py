"""`report.html`: what a lab showed, whole, safe, and in the language of the run."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from datetime import datetime, timezone
from html.parser import HTMLParser

import pytest

from corelab.common import i18n
from corelab.lab.report import Report, cell

ABOUT = {
    "began": datetime(2026, 3, 1, 9, 30, tzinfo=timezone.utc),
    "seconds": 12.34,
    "command": "python lab99.py --lr 0.1",
    "device": "cpu",
    "options": {"lr": 0.1, "batch-size": 100, "limit": None},
    "versions": {
        "corelab": "1.2",
        "torch": "2.9",
        "python": "3.13",
        "machine": "Linux x86_64, 2 cores",
    },
    "stopped": False,
}
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


class Page(HTMLParser):
    """A page's elements in their order, and its text."""

    def __init__(self, source):
        super().__init__()
        self.elements, self.text = [], []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += [line.strip() for line in data.splitlines() if line.strip()]

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def report(tmp_path):
    report = Report("Lab 99", "What it is about.")
    report.section("One")
    report.turn("steps", "done", "right")
    report.turn("loss", "wrong", "expected 2, got 3")
    report.section("Two")
    report.text("test data: 87 %")
    report.table(
        ["way", "B", "loss", "η"],
        [["all at once", 60000, 2.30258, 7], ["in batches", 100, None, "?"]],
    )
    (tmp_path / "curve.svg").write_bytes(SVG)
    report.figure(tmp_path / "curve.svg", "curve", width=11)
    return report


@pytest.fixture
def written(report, tmp_path):
    def write(**about):
        report.write(tmp_path / "report.html", **(ABOUT | about))
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return write


def test_it_shows_everything_in_its_order(written):
    text = Page(written()).text
    for shown in ("Lab 99", "What it is about.",
                  "2026-03-01 09:30 · 12.3 s · Linux x86_64, 2 cores · cpu",
                  "Settings", "lr", "0.1", "batch-size", "100", "python lab99.py --lr 0.1",
                  "One", "✓", "steps", "right", "✗", "loss", "expected 2, got 3",
                  "Two", "test data: 87 %", "way", "B", "loss", "all at once", "60000", "2.303",
                  "7", "in batches", "100", "–", "?",
                  "corelab 1.2 · PyTorch 2.9 · Python 3.13"):  # fmt: skip
        assert shown in text, f"{shown!r} is missing, or comes too early"
        text = text[text.index(shown) + 1 :]


def test_a_setting_that_was_not_given_is_left_out(written):
    assert "limit" not in Page(written()).text


def test_numbers_are_in_line_and_words_are_not(written):
    page = Page(written())
    assert [cell.get("class") for cell in page.all("td")] == [None, "number", "number", None] * 2


def test_a_figure_is_in_the_page_itself(written):
    (image,) = Page(written()).all("img")
    kind, _, content = image["src"].partition(";base64,")
    assert (kind, base64.b64decode(content)) == ("data:image/svg+xml", SVG)
    assert image["alt"] == "curve"


def test_it_needs_nothing_else_and_runs_nothing(written):
    page = written()
    elements = Page(page).elements
    assert {tag for tag, _ in elements}.isdisjoint({"script", "link", "iframe", "object"})
    assert all(
        not value.startswith(("http", "//"))
        for _, attrs in elements
        for value in attrs.values()
        if value
    )
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [meta["content"] for meta in Page(page).all("meta") if "http-equiv" in meta]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "img-src data:"
    )
    assert "url(" not in style
    assert "prefers-color-scheme: dark" in style
    assert "@media print" in style


def test_what_a_student_wrote_is_text(report, written):
    evil = "</style><script>alert(1)</script>{{ 7 * 7 }}"
    report.title = evil
    report.text(evil)
    report.turn(evil, "wrong", evil)
    report.table([evil], [[evil]])
    page = written(command=evil)
    assert "<script" not in page
    assert page.count(html.escape(evil)) == 8  # the title stands twice


@pytest.mark.parametrize(
    ("chosen", "tag", "said"),
    [("en", "en", "Stopped by Ctrl-C"), ("zh-TW", "zh-Hant-TW", "中途以 Ctrl-C 停止")],
)
def test_it_is_in_the_language_of_the_run(written, chosen, tag, said):
    i18n.use(chosen)
    page = written(stopped=True)
    assert Page(page).all("html") == [{"lang": tag}]
    assert said in page
    assert said not in written()


def test_nothing_of_it_is_left_in_english(tmp_path, untranslated):
    Report("", "").write(tmp_path / "report.html", **(ABOUT | {"options": {}, "stopped": True}))
    text = " ".join(Page((tmp_path / "report.html").read_text(encoding="utf-8")).text)
    shown = (
        text.split("}")[-1]
        .replace("Linux x86_64, 2 cores · cpu", "")
        .replace("python lab99.py --lr", "")
    )
    assert untranslated(shown) == ["corelab", "PyTorch", "Python"]


def test_a_table_without_rows_and_a_report_of_nothing(written, report):
    report.table(["a", "b"], [])
    assert Page(written()).text.count("b") == 1
    report.sections = []
    assert "Settings" in written()


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1 / 3, "0.3333"), (1e-8, "1e-08"), (60000, "60000"), ("Adam", "Adam"), (None, "–")],
)
def test_a_value_is_shown_as_it_is_printed(value, shown):
    assert cell(value) == shown

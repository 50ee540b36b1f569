"""The page: the class at a glance, each student, and nothing in it that runs or loads."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from books import NASTY, exercises, graded, shown_by, students, verdict

from corelab.common import i18n
from corelab.grading.gradebook.report import overview, report_html
from corelab.grading.gradebook.summary import summary
from corelab.grading.verdicts import Check


@pytest.fixture(scope="module")
def page() -> str:
    return "".join(report_html(students, exercises()))


class Parts(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_text_is_shown_and_does_nothing(page):
    parts = Parts(page)
    assert not {tag for tag, _ in parts.tags} & {
        "script",
        "img",
        "iframe",
        "link",
        "object",
        "form",
        "base",
    }
    attributes = {name for _, attrs in parts.tags for name in attrs}
    assert not {name for name in attributes if name.startswith("on")} | attributes & {
        "style",
        "src",
        "srcdoc",
    }
    assert all(attrs["href"].startswith("#") for _, attrs in parts.tags if attrs.get("href"))
    assert parts.text.count(NASTY) >= 8
    assert parts.open == []


def test_the_policy_allows_this_style_and_nothing_else(page):
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = Parts(page).tags[3][1]["content"]
    assert (
        policy
        == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "http" not in page.lower().replace("http-equiv", "")


def test_each_student_and_each_check_is_there(page):
    text = Parts(page).text
    for told in (
        "alice",
        "bob",
        "carol",
        "dave",
        "eve",
        "平均 / means",
        "sum-instead-of-mean",
        "1.5",
        "150",
    ):
        assert told in text
    for status in ("missing", "unreadable", "crashed", "could not check", "20 pending"):
        assert status in text
    assert page.count('<details class="card student"') == 5


def test_the_class_at_a_glance():
    seen = overview(students(), exercises())
    assert (seen.students, seen.pending, sorted(seen.totals)) == (5, 1, [55.0, 60.0, 70.0, 100.0])
    assert dict(seen.distribution)["60"] == 1
    assert seen.distribution[-1] == ("90", 1)
    assert seen.mistakes["sum-instead-of-mean"] == 1
    assert seen.checks["corelab1"]["mean"].outcomes == {"passed": 3, "failed": 1}
    assert [student for _, student, _ in seen.attention] == ["carol", "dave", "eve"]


def test_the_mean_is_the_mean_and_the_median_the_median(page):
    """Of 55, 60, 70 and 100."""
    assert re.findall(r"<dt>(Mean|Median)</dt><dd>([\d.]+)", page) == [
        ("Mean", "71.2"),
        ("Median", "65.0"),
    ]
    told = summary(overview(students(), exercises()), exercises())
    assert "5 students: mean 71.2, median 65.0 of 100" in told


def test_advice_is_no_mistake():
    advised = Check("count", 15, "passed", codes=("keeps-graph",))
    wrong = Check("mean", 15, "failed", "1", "2", ("wrong-divisor",))
    seen = overview([graded("ann", verdict(checks=(advised, wrong)))], exercises())
    assert seen.mistakes == {"wrong-divisor": 1}


def test_links_lead_to_students(page):
    parts = Parts(page)
    targets = {attrs["id"] for _, attrs in parts.tags if "id" in attrs}
    links = [attrs["href"] for _, attrs in parts.tags if attrs.get("href")]
    assert links
    assert {link.removeprefix("#") for link in links} <= targets


def test_the_same_verdicts_give_the_same_page(page):
    assert "".join(report_html(students, exercises())) == page


def test_the_page_and_the_summary_are_in_the_language_in_use(page):
    assert '<html lang="en">' in page
    assert "無法檢查" not in page
    i18n.use("zh-TW")
    chinese = "".join(report_html(students, exercises()))
    assert '<html lang="zh-Hant-TW">' in chinese
    assert "無法檢查（30 分中的 20 分）" in chinese
    assert "could not check" not in chinese
    assert "待處理" in summary(overview(students(), exercises()), exercises())


def test_every_word_of_the_page_and_the_summary_can_be_translated(untranslated):
    page = shown_by("".join(report_html(students, exercises())))
    of_the_class = repr([(graded.student.id, graded.rows) for graded in students()])
    for text in (page, summary(overview(students(), exercises()), exercises())):
        assert {*untranslated(text)} <= {*untranslated(of_the_class)}


def test_nobody_to_show():
    assert "".join(report_html(list, exercises()))
    assert "0 students" in summary(overview([], exercises()), exercises())


def test_the_terminal_summary_is_bounded_and_of_one_line_each():
    many = [
        graded(
            f"student {n}",
            *students()[3].rows["corelab1"].verdict and [students()[3].rows["corelab1"].verdict],
        )
        for n in range(50)
    ]
    text = summary(overview(many, exercises()), exercises())
    assert "and 30 more" in text
    assert max(map(len, text.split("\n"))) < 160
    assert "sum-instead-of-mean (1)" in summary(overview(students(), exercises()), exercises())

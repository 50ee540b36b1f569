"""The two READMEs have the same commands, and these are the ones that CI runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import corelab

PROJECT = Path(__file__).parents[1]
ENGLISH, CHINESE = (
    (PROJECT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh-TW.md")
)
TWO_LINES = [
    "pip install -e . && python labs/lab01_batch_input.py",
    'pip install -e ".[test]" && python -m pytest',
]


def code_blocks(text):
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_both_have_the_same_code_blocks():
    assert code_blocks(ENGLISH)
    assert code_blocks(ENGLISH) == code_blocks(CHINESE)


def test_both_have_the_same_pictures_and_as_many_tables_and_headings():
    for pattern in (r"!\[[^\]]*\]\(([^)]+)\)", r"^(#+) ", r"^\|(?:-+\|)+$"):
        assert re.findall(pattern, ENGLISH, re.MULTILINE) == re.findall(
            pattern, CHINESE, re.MULTILINE
        )


def test_both_tables_of_results_have_the_same_numbers():
    def numbers(text):
        rows = [line for line in text.splitlines() if line.startswith("|")]
        return [re.findall(r"\d[\d,.]*", row) for row in rows if re.search(r"\d\.\d", row)]

    assert numbers(ENGLISH)
    assert numbers(ENGLISH) == numbers(CHINESE)


@pytest.mark.parametrize("text", [ENGLISH, CHINESE], ids=["en", "zh-TW"])
class TestEach:
    def test_the_two_lines_come_first(self, text):
        lines = [
            line for _, block in code_blocks(text) for line in block.splitlines() if line.strip()
        ]
        assert lines[:2] == TWO_LINES

    def test_then_a_figure_and_a_table_of_results(self, text):
        before_the_roles = text.split("\n## ")[0]
        order = [before_the_roles.find(part) for part in (TWO_LINES[0], TWO_LINES[1], "![", "\n|")]
        assert -1 not in order
        assert order == sorted(order)

    def test_three_roles(self, text):
        roles = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert len(roles) == 3

    def test_every_link_leads_somewhere(self, text):
        for target in re.findall(r"\]\(([^)#]+)", text):
            if not target.startswith("http"):
                assert (PROJECT / target).exists(), target

    def test_every_script_in_a_command_is_there(self, text):
        scripts = re.findall(
            r"python ((?:labs|solutions|tests)/\S+)",
            "".join(block for _, block in code_blocks(text)),
        )
        assert scripts
        for script in scripts:
            assert (PROJECT / script).exists(), script

    def test_nothing_is_left_to_be_filled_in(self, text):
        assert not re.search(r"\b(TODO|FIXME|XXX|TBD)\b|^[A-Z_]{5,}$", text, re.MULTILINE)


def test_ci_runs_exactly_the_two_lines():
    lines = (PROJECT / ".ci" / "readme").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if "pip install" in line or "pytest" in line] == TWO_LINES
    assert "set -euo pipefail" in lines
    assert any("python3 -m venv" in line for line in lines)
    runs = (PROJECT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert sum('.ci/readme "$ground/environment"' in line for line in runs) == 2, "bare, and all"


def test_the_workflow_calls_ci_run_and_nothing_else():
    (workflow,) = (PROJECT / ".github" / "workflows").iterdir()
    steps = re.findall(r"^\s*-?\s*run: *(.+)$", workflow.read_text(encoding="utf-8"), re.MULTILINE)
    assert steps == [".ci/run"]


def test_the_python_of_the_readme_runs(monkeypatch):
    (block,) = [block for language, block in code_blocks(ENGLISH) if language == "python"]
    monkeypatch.chdir(PROJECT)
    real = corelab.load_data
    monkeypatch.setattr(corelab, "load_data", lambda name: real(name, limit=400))
    scope = {}
    exec(block, scope)
    assert 0 <= scope["accuracy"] <= 1


def test_the_changelog_knows_this_version_or_the_next():
    text = (PROJECT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{corelab.__version__}]" in text or "## [Unreleased]" in text

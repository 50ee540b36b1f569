"""ruff and mypy are clean; nothing is skipped in CI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.mark.parametrize("tool", ["ruff check", "ruff format --check", "mypy"])
def test_clean(tool):
    ran = subprocess.run(
        [sys.executable, "-m", *tool.split()],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert ran.returncode == 0, ran.stdout


SKIPS = {
    "in_a_test": "import pytest\ndef test_it(): pytest.skip('no')",
    "in_a_module": "import pytest\npytest.importorskip('no_such_module')",
    "by_a_mark": "import pytest\n@pytest.mark.skipif(True, reason='no')\ndef test_it(): pass",
}


@pytest.mark.parametrize(("ci", "code"), [("true", 1), ("", 0)])
def test_a_skip_fails_the_session_in_ci(pytester, monkeypatch, ci, code):
    monkeypatch.setenv("CI", ci)
    pytester.makeconftest((PROJECT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makepyfile(
        **{f"test_{kind}": text for kind, text in SKIPS.items()}, test_fine="def test(): pass"
    )
    ran = pytester.runpytest_inprocess()
    assert ran.ret == code
    ran.assert_outcomes(skipped=3, passed=1)
    assert ("3 skipped, and nothing may be skipped in CI" in ran.stdout.str()) is bool(ci)
    counts = ("2 × no", "1 × could not import 'no_such_module': No module named 'no_such_module'")
    assert f"skipped here: {'; '.join(counts)}" in ran.stdout.str()


def test_cuda_tests_are_left_out_not_skipped_where_there_is_none(pytester, monkeypatch):
    monkeypatch.setenv("CI", "true")
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    pytester.makeconftest((PROJECT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers = cuda: needs CUDA")
    pytester.makepyfile(
        "import pytest\n@pytest.mark.cuda\ndef test_gpu(): assert False\ndef test_fine(): pass"
    )
    ran = pytester.runpytest_inprocess()
    assert ran.ret == 0
    ran.assert_outcomes(passed=1, deselected=1)

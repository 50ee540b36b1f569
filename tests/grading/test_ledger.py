"""The ledger keeps every verdict, for one grader at a time, whatever happens."""

import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from corelab.common.errors import UserError
from corelab.common.i18n import Message
from corelab.grading.gradebook.ledger import Key, Ledger, Row
from corelab.grading.verdicts import Check, Verdict

VERDICT = Verdict(
    "corelab1",
    "graded",
    (
        Check(
            "means",
            10,
            "failed",
            "1",
            Message("{error} ({place}: {code})", error="{x}", place=Message("nothing"), code=1.5),
            ("sum-instead-of-mean",),
            earned=2.5,
        ),
    ),
    points=30.0,
    message=Message("the grader failed: {error}", error="批次"),
    ended="limit exceeded",
    seed=2**62,
    isolation="namespaces",
    seconds=0.1,
    output="<b>",
    observation="…",
    remarks=("gc.get_objects",),
    versions={"corelab": "0.1.0", "torch": "2.14.1"},
)
ROW = Row(Key("abc", 1, 2**62, "()"), "late", VERDICT)


def test_a_verdict_comes_back_as_it_was(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record("alice", "corelab1", ROW)
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        assert ledger.row("alice", "corelab1") == ROW
        assert ledger.row("alice", "corelab2") is None
        assert ledger.students() == ["alice"]


def test_a_new_verdict_takes_the_place_of_the_old(tmp_path):
    newer = Row(Key("def", 1, 1, "()"), "", Verdict("corelab1", "missing"))
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        ledger.record("alice", "corelab1", ROW)
        ledger.record("alice", "corelab1", newer)
        assert ledger.row("alice", "corelab1") == newer


def test_the_seed_is_drawn_once_and_kept(tmp_path):
    with Ledger(tmp_path / "a.sqlite") as ledger, Ledger(tmp_path / "b.sqlite") as other:
        seed = ledger.seed()
        assert seed != other.seed()
        assert ledger.seed() == seed
        assert ledger.seed(7) == 7
    with Ledger(tmp_path / "a.sqlite") as ledger:
        assert ledger.seed() == 7


def test_a_second_grader_is_told(tmp_path):
    path = tmp_path / "ledger.sqlite"
    code = "import pathlib, corelab.grading.gradebook.ledger as ledger\n"
    code += f"ledger.Ledger(pathlib.Path({str(path)!r}))"
    with Ledger(path):
        with pytest.raises(UserError, match="another grader is at work"):
            Ledger(path)
        second = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
        assert "another grader is at work" in second.stderr
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_lock_dies_with_its_process(tmp_path):
    path = tmp_path / "ledger.sqlite"
    code = (
        "import sys; from pathlib import Path; from corelab.grading.gradebook.ledger import Ledger;"
        f"ledger = Ledger(Path({str(path)!r})); ledger._db.execute('BEGIN');"
        "ledger._db.execute(\"INSERT INTO run VALUES ('half', 'done')\");"
        "print('locked', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    assert holder.stdout.readline().strip() == b"locked"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    holder.stdin.close()
    with Ledger(path) as ledger:
        assert ledger._db.execute("SELECT * FROM run WHERE key = 'half'").fetchall() == []


def test_a_full_disk_keeps_what_is_there(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        ledger.record("alice", "corelab1", ROW)
        ledger._db.execute("PRAGMA max_page_count = 1")  # SQLite's own "database or disk is full"
        large = replace(ROW, note="x" * 100_000)
        with pytest.raises(UserError, match=r"full.*every verdict so far is kept"):
            ledger.record("bob", "corelab1", large)
    with Ledger(path) as ledger:
        assert ledger.row("alice", "corelab1") == ROW


def test_a_ledger_of_an_older_corelab_is_refused_in_one_line(tmp_path):
    """Format 1 kept texts instead of messages, and hashes instead of versions."""
    with sqlite3.connect(tmp_path / "ledger.sqlite") as old:
        old.execute("CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
        old.execute("INSERT INTO run VALUES ('format', '1')")
    old.close()
    with pytest.raises(
        UserError, match=r"expected format 2, got 1, .*choose another --out"
    ) as told:
        Ledger(tmp_path / "ledger.sqlite")
    assert "\n" not in str(told.value)


def test_what_is_no_ledger_is_said(tmp_path):
    (tmp_path / "ledger.sqlite").write_text("hello " * 1000, encoding="utf-8")
    with pytest.raises(UserError, match="expected a ledger"):
        Ledger(tmp_path / "ledger.sqlite")
    with pytest.raises(UserError, match="expected a ledger"):
        Ledger(tmp_path)

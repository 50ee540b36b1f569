"""The ledger: every verdict, on disk as soon as it is made, so that a crash loses none.

SQLite, one transaction a verdict. With a rollback journal, as a write-ahead log needs memory shared
between processes, which network drives lack. The file is locked for as long as the ledger is open,
so that a second grader is told; the lock is the operating system's and dies with its process,
however that ends.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from corelab.common.errors import UserError
from corelab.common.i18n import _, text_from_json
from corelab.grading.verdicts import Check, Verdict

_FORMAT = "2"
_TABLES = """
CREATE TABLE IF NOT EXISTS run (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS verdicts (
    student TEXT NOT NULL,
    exercise TEXT NOT NULL,
    answer TEXT NOT NULL,
    exercise_version INTEGER NOT NULL,
    seed INTEGER NOT NULL,
    limits TEXT NOT NULL,
    note TEXT NOT NULL,
    verdict TEXT NOT NULL,
    PRIMARY KEY (student, exercise)
);
"""


@dataclass(frozen=True)
class Key:
    """What a verdict depends on: as long as all of it is the same, so is the verdict."""

    answer: str
    """The hash of its bytes; empty where there are none that can be read."""
    exercise_version: int
    seed: int
    limits: str


@dataclass(frozen=True)
class Row:
    key: Key
    note: str
    verdict: Verdict


class Ledger:
    """One open ledger, by one grader at a time."""

    def __init__(self, path: Path) -> None:
        """Open or make it.

        Raises UserError where another grader has it open, or it is no ledger of this format.
        """
        self.path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0)
        except sqlite3.Error as error:
            raise self._complaint(error) from None
        try:
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("BEGIN EXCLUSIVE")
            self._db.execute("COMMIT")
            self._db.executescript(_TABLES)
            kept = self._remembered("format", _FORMAT)
        except sqlite3.Error as error:
            self._db.close()
            raise self._complaint(error) from None
        if kept != _FORMAT:
            self._db.close()
            raise UserError(
                _(
                    "{path}: expected format {format}, got {kept}, of another version of corelab; "
                    "choose another --out: the class is graded again there"
                ),
                path=path,
                format=_FORMAT,
                kept=kept,
            )

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *exception: object) -> None:
        self._db.close()

    def seed(self, wanted: int | None = None) -> int:
        """Return the seed of the hidden data: the wanted one, else the one kept here, else one
        drawn now."""
        with self._writing():
            if wanted is not None:
                self._db.execute("INSERT OR REPLACE INTO run VALUES ('seed', ?)", (str(wanted),))
            return int(self._remembered("seed", str(secrets.randbelow(2**63))))

    def _remembered(self, key: str, first: str) -> str:
        self._db.execute("INSERT OR IGNORE INTO run VALUES (?, ?)", (key, first))
        row = self._db.execute("SELECT value FROM run WHERE key = ?", (key,)).fetchone()
        return str(row[0])

    def record(self, student: str, exercise: str, row: Row) -> None:
        """Keep one verdict: when this returns it is on the disk."""
        key = row.key
        values = (
            student,
            exercise,
            key.answer,
            key.exercise_version,
            key.seed,
            key.limits,
            row.note,
        )
        verdict = json.dumps(asdict(row.verdict), allow_nan=False)
        with self._writing():
            self._db.execute(
                "INSERT OR REPLACE INTO verdicts VALUES (?,?,?,?,?,?,?,?)", (*values, verdict)
            )

    def row(self, student: str, exercise: str) -> Row | None:
        """Return a student's verdict, if there is one."""
        found = self._db.execute(
            "SELECT answer, exercise_version, seed, limits, note, verdict FROM verdicts"
            " WHERE student = ? AND exercise = ?",
            (student, exercise),
        ).fetchone()
        return Row(Key(*found[:4]), found[4], _verdict(found[5])) if found else None

    def students(self) -> list[str]:
        """Return everyone who has a verdict here, also those who were not given this time."""
        return [
            name
            for (name,) in self._db.execute(
                "SELECT DISTINCT student FROM verdicts ORDER BY student"
            )
        ]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._complaint(error) from None

    def _complaint(self, error: sqlite3.Error) -> UserError:
        text = str(error)
        if "locked" in text:
            message = _(
                "{path}: another grader is at work here; let it end, or choose another --out"
            )
            return UserError(message, path=self.path.parent)
        if "full" in text or "disk I/O" in text:
            message = _(
                "{path}: the disk is full or failing ({error}); every verdict so far is kept: "
                "make room, then give the same command again"
            )
        else:
            message = _(
                "{path}: expected a ledger, got {error}; move the file away or choose another --out"
            )
        return UserError(message, path=self.path, error=text)


def _verdict(text: str) -> Verdict:
    fields = json.loads(text)
    fields["checks"] = tuple(_check(check) for check in fields["checks"])
    fields["message"] = text_from_json(fields["message"], trusted=True)
    fields["remarks"] = tuple(fields["remarks"])
    return Verdict(**fields)


def _check(fields: dict[str, Any]) -> Check:
    for name in ("expected", "got"):
        fields[name] = text_from_json(fields[name], trusted=True)
    return Check(**{**fields, "codes": tuple(fields["codes"])})

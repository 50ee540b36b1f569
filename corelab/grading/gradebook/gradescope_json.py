"""results/<student>.json: one student's results as Gradescope reads them."""

from __future__ import annotations

import json
from types import ModuleType

from corelab.common.i18n import _
from corelab.grading.exercises.evidence.feedback import CheckText, check_texts
from corelab.grading.gradebook.graded import (
    Exercises,
    Graded,
    format_points,
    pending,
    ran,
    status_text,
)
from corelab.grading.gradebook.ledger import Row
from corelab.grading.verdicts import Check, Verdict


def gradescope_json(graded: Graded, exercises: Exercises) -> str:
    """Return a student's results.json: strict JSON, nothing in it hidden."""
    rows = graded.rows
    results = {
        "score": round(sum(row.verdict.score for row in rows.values()), 2),
        "execution_time": round(sum(row.verdict.seconds for row in rows.values()), 3),
        "output": "\n".join(_summary(name, row) for name, row in rows.items()),
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "student": graded.student.id,
            "name": graded.student.name,
            "status": graded.status,
            "exercises": {name: _about(row) for name, row in rows.items()},
        },
        "tests": [
            test
            for n, (name, exercise) in enumerate(exercises.items(), 1)
            for test in _tests(n, name, exercise, rows[name].verdict)
        ],
    }
    return json.dumps(results, ensure_ascii=False, allow_nan=False, indent=2) + "\n"


def _summary(name: str, row: Row) -> str:
    verdict = row.verdict
    score, points = format_points(verdict.score), format_points(verdict.points)
    lines = [f"{name}: {score} / {points} ({status_text(verdict)})"]
    lines += [str(text) for text in (verdict.message, row.note) if text]
    return "\n  ".join(lines)


def _about(row: Row) -> dict[str, object]:
    verdict = row.verdict
    return {
        "status": verdict.status,
        "score": round(verdict.score, 2),
        "points": verdict.points,
        "points_pending": pending(verdict),
        "message": str(verdict.message),
        "note": row.note,
        "remarks": list(verdict.remarks),
        "observation": verdict.observation,
        "output": verdict.output,
        "seed": verdict.seed if ran(verdict) else None,
        "isolation": verdict.isolation if ran(verdict) else None,
        "seconds": round(verdict.seconds, 3),
        "versions": dict(verdict.versions),
    }


def _tests(n: int, name: str, exercise: ModuleType, verdict: Verdict) -> list[dict[str, object]]:
    """Return an exercise's checks as tests; one for all of an exercise that did not run."""
    if not verdict.checks:
        unsettled = verdict.status == "could not check"
        whole = Check(name, verdict.points, "could not check" if unsettled else "failed")
        output = str(verdict.message) or _(verdict.status)
        return [_test(f"{n}.1", name, whole, _(exercise.TITLE), output)]
    return [
        _test(f"{n}.{k}", name, check, text.title, check_text(check, text))
        for k, (check, text) in enumerate(
            zip(verdict.checks, check_texts(exercise, verdict), strict=True), 1
        )
    ]


def _test(number: str, exercise: str, check: Check, title: str, output: str) -> dict[str, object]:
    # A check that could not be made has neither of Gradescope's two statuses.
    status = {} if check.outcome == "could not check" else {"status": check.outcome}
    return {
        "score": round(check.score, 2),
        "max_score": check.points,
        **status,
        "name": title,
        "number": number,
        "output": output,
        "output_format": "text",
        "tags": list(check.codes),
        "visibility": "visible",
        "extra_data": {"exercise": exercise, "check": check.name, "outcome": check.outcome},
    }


def check_text(check: Check, text: CheckText) -> str:
    """Return what a check found, in a few lines."""
    lines: list[str] = [_(check.outcome)] if check.outcome == "could not check" else []
    parts = {
        _("expected"): text.expected,
        _("got"): text.got,
        _("advice") if check.outcome == "passed" else _("try"): text.help,
    }
    pair = _("{name}: {told}")
    lines += [pair.format(name=word, told=told) for word, told in parts.items() if told]
    return "\n".join(lines)

"""A small class with verdicts of every kind, made up, for the tests of the books."""

import re
from html import unescape
from types import ModuleType

from corelab.common.i18n import Message
from corelab.grading.exercises.evidence.checks import CheckSpec
from corelab.grading.gradebook.graded import Graded
from corelab.grading.gradebook.ledger import Key, Row
from corelab.grading.submissions.find import Student
from corelab.grading.verdicts import Check, Verdict

NASTY = '<script>alert("x")</script><img src=x onerror=y> & {{ 7 * 7 }} {% raw %}'


def shown_by(page: str) -> str:
    """What a page shows and reads out, without its markup."""
    page = re.sub("(?s)<style>.*?</style>", "", page)
    return unescape(re.sub("<[^>]*>", " ", re.sub('aria-label="([^"]*)"', r">\1<", page)))


def exercises() -> dict[str, ModuleType]:
    made = {}
    for name, points in (("corelab1", 30.0), ("corelab2", 30.0), ("corelab3", 40.0)):
        made[name] = ModuleType(name)
        made[name].__dict__.update(
            TITLE=f"題目 / {name}",
            POINTS=points,
            VERSION=1,
            FILE=f"{name}_x.py",
            CHECKS={
                "count": CheckSpec(points / 2, "數量 / count", "try"),
                "mean": CheckSpec(points / 2, "平均 / means", "try"),
            },
        )
    return made


def verdict(
    exercise: str = "corelab1", points: float = 30.0, passed: bool = True, **changed: object
) -> Verdict:
    half = points / 2
    second = (
        Check("mean", half, "passed")
        if passed
        else Check("mean", half, "failed", "1.5", "150", ("sum-instead-of-mean",))
    )
    given = {
        "checks": (Check("count", half, "passed"), second),
        "points": points,
        "seed": 7,
    }
    return Verdict(exercise, **{"status": "graded", **given, "seconds": 1.25, **changed})  # type: ignore[arg-type]


def unsettled(exercise: str = "corelab2", points: float = 30.0) -> Verdict:
    checks = (
        Check("count", 10, "passed"),
        Check("mean", points - 10, "could not check"),
    )
    return verdict(
        exercise, points, status="could not check", checks=checks, message="the sandbox was away"
    )


def graded(student: Student | str, *verdicts: Verdict, note: str = "") -> Graded:
    """A student with these verdicts; the other exercises are right."""
    who = Student(student, student) if isinstance(student, str) else student
    rows = {
        name: Row(Key("", 1, 7, ""), note, verdict(name, exercise.POINTS))
        for name, exercise in exercises().items()
    }
    rows.update({one.exercise: Row(Key("", 1, 7, ""), note, one) for one in verdicts})
    return Graded(who, rows)


def students() -> list[Graded]:
    return [
        graded("alice"),
        graded("bob", verdict(passed=False), Verdict("corelab2", "missing", points=30.0)),
        graded("carol", unsettled()),
        graded(
            "dave", Verdict("corelab1", "unreadable", points=30.0, message="dave/x.py: not UTF-8")
        ),
        graded(
            "eve",
            verdict(
                "corelab3",
                40.0,
                status="crashed",
                checks=(
                    Check(
                        NASTY,
                        40,
                        "failed",
                        NASTY,
                        Message("the grader failed: {error}", error=NASTY),
                        (NASTY,),
                    ),
                ),
                message=NASTY,
                output=NASTY,
                observation=NASTY,
                remarks=(NASTY,),
            ),
            note=NASTY,
        ),
    ]

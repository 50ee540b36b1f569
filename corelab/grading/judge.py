"""One answer, from its bytes to its verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from corelab.common.i18n import _, in_every_language
from corelab.common.sanitize import one_line, plain
from corelab.grading import exercises
from corelab.grading.sandbox.sandbox import Sandbox
from corelab.grading.submissions.archives import UnreadableError, read
from corelab.grading.submissions.find import Answer
from corelab.grading.submissions.source import is_notebook, most, read_source
from corelab.grading.verdicts import Check, Outcome, RunStatus, Verdict, VerdictStatus

PRELOAD = (  # what a worker imports once, for all answers
    "torch",
    "torchvision",
    "matplotlib.pyplot",
    "corelab.lab",
    "corelab.optim",
    *(f"{exercises.__name__}.{name}" for name in exercises.names()),
    f"{exercises.__name__}.in_child.models",
)
_STATUS: Mapping[RunStatus, VerdictStatus] = {
    "finished": "graded",
    "timed out": "timed out",
    "crashed": "crashed",
    "limit exceeded": "crashed",
    "could not run": "could not check",
}


def load_exercises() -> dict[str, ModuleType]:
    """Every exercise by its short name, in order."""
    return {name: exercises.load(name) for name in exercises.names()}


def stems(of: Mapping[str, ModuleType]) -> dict[str, str]:
    """What the name of an answer to each exercise contains."""
    return {name: Path(exercise.FILE).stem for name, exercise in of.items()}


def version(exercise: ModuleType) -> str:
    """Changes when the exercise does, or what all exercises share."""
    own = Path(str(exercise.__file__))
    digest = hashlib.sha256()
    for path in [own, *sorted(own.parent.glob("*/*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def content_of(exercise: ModuleType, answer: Answer | None) -> bytes | Verdict:
    """What was handed in; or the verdict, where nothing was that can be read."""
    if answer is None:
        return without_run(
            exercise, "missing", _("{file} was not handed in").format(file=exercise.FILE)
        )
    try:
        if answer.problem:
            raise UnreadableError(answer.problem)
        return read(answer.place, most(answer.shown))
    except UnreadableError as error:
        message = _("{name}: {told}").format(name=answer.shown, told=error)
        return without_run(exercise, "unreadable", message)


def judge_answer(
    sandbox: Sandbox, exercise: ModuleType, content: bytes, filename: str, seed: int
) -> Verdict:
    """Run an answer on the hidden data that `seed` draws, and judge what it gave.

    content: the file as it was handed in; `filename` tells a notebook from a script. The verdict's
    texts are
    in every language: `shown()` gives it in the one in use.

    Raises nothing for whatever the answer is or does; what goes wrong on our side is "could not
    check".
    """
    with in_every_language():
        return _judge(sandbox, exercise, content, filename, seed)


def _judge(
    sandbox: Sandbox, exercise: ModuleType, content: bytes, filename: str, seed: int
) -> Verdict:
    try:
        source = read_source(content, filename)
    except UnreadableError as error:
        message = _("{name}: {told}").format(name=one_line(filename), told=error)
        return without_run(exercise, "unreadable", message)
    try:
        sent, kept = exercise.draw(seed)
        name = str(Path(exercise.FILE).with_suffix(".ipynb" if is_notebook(filename) else ".py"))
        outcome = sandbox.run(source.code, name, exercise.__name__, sent)
        outcome = replace(outcome, message=source.relocate(outcome.message))
        verdict = _verdict(exercise, exercise.judge(sent, kept, outcome), outcome)
    except (
        Exception
    ) as error:  # an error of ours must not end the class, nor cost the student anything
        told = f"{type(error).__name__}: {one_line(str(error))}"
        message = _("the grader failed: {error}").format(error=told)
        return replace(
            without_run(exercise, "could not check", message),
            seed=seed,
            isolation=sandbox.isolation,
        )
    return replace(verdict, seed=seed)


def judge_file(sandbox: Sandbox, exercise: ModuleType, answer: Answer | None, seed: int) -> Verdict:
    """The same from the file, which may be missing or not to be read; in the language in use."""
    content = content_of(exercise, answer)
    if isinstance(content, Verdict):
        return content
    return judge_answer(sandbox, exercise, content, answer.shown if answer else "", seed).shown()


def without_run(exercise: ModuleType, status: VerdictStatus, message: str = "") -> Verdict:
    """The verdict on an answer that never ran."""
    return Verdict(_name(exercise), status, points=exercise.POINTS, message=message)


def _verdict(exercise: ModuleType, checks: list[Check], outcome: Outcome) -> Verdict:
    checks = [_tidy(check) for check in checks]
    # What happened in a run that could not be had says nothing against the answer.
    if outcome.status == "could not run":
        checks = [replace(check, outcome="could not check", earned=0.0) for check in checks]
    unsettled = any(check.outcome == "could not check" for check in checks)
    observation = exercise.observation(outcome) if hasattr(exercise, "observation") else ""
    return Verdict(
        exercise=_name(exercise),
        status="could not check" if unsettled else _STATUS[outcome.status],
        checks=tuple(checks),
        points=exercise.POINTS,
        message=plain(outcome.message, 2000),
        isolation=outcome.isolation,
        seconds=outcome.seconds,
        output=plain("\n".join(text for text in (outcome.stdout, outcome.stderr) if text)),
        observation=plain(observation, 4000),
    )


def _tidy(check: Check) -> Check:
    """The check with what an answer may have put into it made harmless; its points within
    bounds."""
    if not 0 <= check.score <= check.points:
        raise ValueError(f"{check.name} earned {check.score} of {check.points} points")
    return replace(
        check,
        title=one_line(check.title),
        expected=plain(check.expected, 1000),
        got=plain(check.got, 1000),
        help=plain(check.help, 4000),  # of several mistakes, in every language
        tags=tuple(one_line(tag, 60) for tag in check.tags),
    )


def _name(exercise: ModuleType) -> str:
    return exercise.__name__.rpartition(".")[2]

"""One answer, from its bytes to its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType

from corelab import __version__
from corelab.common.i18n import Message, Text, error_text, map_text
from corelab.common.sanitize import one_line, sanitize
from corelab.grading import exercises
from corelab.grading.remarks import suspicious_names
from corelab.grading.sandbox.sandbox import Sandbox
from corelab.grading.submissions.archives import UnreadableError, read
from corelab.grading.submissions.find import Answer
from corelab.grading.submissions.source import is_notebook, max_bytes, read_source
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
    """Return every exercise by its short name, in order."""
    return {name: exercises.load(name) for name in exercises.names()}


def stems(of: Mapping[str, ModuleType]) -> dict[str, str]:
    """Return what the name of an answer to each exercise contains."""
    return {name: Path(exercise.FILE).stem for name, exercise in of.items()}


def content_of(exercise: ModuleType, answer: Answer | None) -> bytes | Verdict:
    """Return what was handed in; or the verdict, where nothing was that can be read."""
    if answer is None:
        message = Message("{file} was not handed in", file=exercise.FILE)
        return without_run(exercise, "missing", message)
    try:
        if answer.problem:
            raise UnreadableError(answer.problem)
        return read(answer.ref, max_bytes(answer.shown))
    except UnreadableError as error:
        return _unreadable(exercise, answer.shown, error)


def judge_answer(
    sandbox: Sandbox, exercise: ModuleType, content: bytes, filename: str, seed: int
) -> Verdict:
    """Run an answer on the hidden data that `seed` draws, and judge what it gave.

    content: the file as it was handed in; `filename` tells a notebook from a script.

    Raises nothing for whatever the answer is or does; what goes wrong on our side is "could not
    check".
    """
    try:
        source = read_source(content, filename)
    except UnreadableError as error:
        return _unreadable(exercise, filename, error)
    try:
        sent, kept = exercise.draw(seed)
        name = str(Path(exercise.FILE).with_suffix(".ipynb" if is_notebook(filename) else ".py"))
        cells = source.notebook.starts if source.notebook else ()
        outcome = sandbox.run(source.code, name, exercise.__name__, sent, cells=cells)
        outcome = replace(outcome, message=source.lines_to_cells(outcome.message))
        verdict = _verdict(exercise, exercise.judge(sent, kept, outcome), outcome)
    except Exception as error:  # of ours: it ends no class, and costs the student nothing
        told = f"{type(error).__name__}: {one_line(str(error))}"
        message = Message("the grader failed: {error}", error=told)
        verdict = without_run(exercise, "could not check", message)
        verdict = replace(verdict, isolation=sandbox.isolation)
    return replace(verdict, seed=seed, remarks=suspicious_names(source.code), versions=_versions())


def judge_file(sandbox: Sandbox, exercise: ModuleType, answer: Answer | None, seed: int) -> Verdict:
    """Judge the answer's file, which may be missing or not to be read."""
    content = content_of(exercise, answer)
    if isinstance(content, Verdict):
        return content
    return judge_answer(sandbox, exercise, content, answer.shown if answer else "", seed)


def without_run(exercise: ModuleType, status: VerdictStatus, message: Text = "") -> Verdict:
    """Return the verdict on an answer that never ran."""
    return Verdict(_name(exercise), status, points=exercise.POINTS, message=message)


def _unreadable(exercise: ModuleType, filename: str, error: UnreadableError) -> Verdict:
    name = one_line(filename)
    message = Message("{name}: {told}", name=name, told=error_text(error))
    return without_run(exercise, "unreadable", message)


def _verdict(exercise: ModuleType, checks: list[Check], outcome: Outcome) -> Verdict:
    checks = [_sanitized(check) for check in checks]
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
        message=_harmless(outcome.message),
        ended=outcome.status,
        isolation=outcome.isolation,
        seconds=outcome.seconds,
        output=sanitize("\n".join(text for text in (outcome.stdout, outcome.stderr) if text)),
        observation=sanitize(observation, 4000),
    )


def _sanitized(check: Check) -> Check:
    """Return the check with what an answer may have put into it made harmless.

    Raises ValueError where its points are not within its bounds.
    """
    if not 0 <= check.score <= check.points:
        raise ValueError(f"{check.name} earned {check.score} of {check.points} points")
    return replace(
        check,
        expected=_harmless(check.expected),
        got=_harmless(check.got),
        codes=tuple(one_line(code, 60) for code in check.codes),
    )


def _harmless(text: Text) -> Text:
    return map_text(lambda each: sanitize(each, 2000), text)


@cache
def _versions() -> dict[str, str]:
    """Return the versions that a verdict was made with; torch's without importing it."""
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:  # not installed by pip
        torch = ""
    return {"corelab": __version__, "torch": torch}


def _name(exercise: ModuleType) -> str:
    return exercise.__name__.rpartition(".")[2]

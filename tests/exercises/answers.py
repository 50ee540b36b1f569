"""Answers for the tests: right ones of many styles, and how to judge one here, in this process."""

from __future__ import annotations

import types
from collections.abc import Callable
from pathlib import Path

from corelab.grading import exercises
from corelab.grading.exercises.evidence.feedback import CheckText, check_texts
from corelab.grading.verdicts import Arrays, Check, Outcome, Verdict

HERE = Path(__file__).parent
RIGHT = sorted(path.stem for path in (HERE / "right").glob("*.py"))
ADVICE = {
    "corelab2_adam_slices": {"keeps-graph"},
    "corelab2_by_hand": {"no-shuffle"},
    "corelab3_module": {"no-shuffle"},
    "corelab3_parameters": {"keeps-graph"},
}
"""What is to be said of right answers, and costs nothing."""
SOLUTIONS = HERE.parents[1] / "solutions"


def right(name: str) -> str:
    """The source of a right answer; its name begins with its exercise's."""
    return (HERE / "right" / f"{name}.py").read_text(encoding="utf-8")


def solution(exercise: str) -> str:
    """The source of the kit's own answer."""
    return (SOLUTIONS / exercises.load(exercise).FILE).read_text(encoding="utf-8")


def run(exercise: str, source: str, sent: Arrays) -> Outcome:
    """What an answer that is trusted gives, run here instead of in the sandbox."""
    answer = types.ModuleType("answer")
    returned, message = {}, ""
    try:
        exec(compile(source, "answer.py", "exec"), answer.__dict__)
        for frame, arrays in exercises.load(exercise).run(answer, sent):
            returned[frame] = arrays
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
    return Outcome("crashed" if message else "finished", "limits only", returned, message)


def judge(
    exercise: str,
    source: str,
    seed: int,
    change: Callable[[Outcome], Outcome] = lambda outcome: outcome,
) -> dict[str, Check]:
    """The checks of an answer by name. change: what is done to the outcome before it is judged."""
    module = exercises.load(exercise)
    sent, kept = module.draw(seed)
    return {
        check.name: check for check in module.judge(sent, kept, change(run(exercise, source, sent)))
    }


def texts(exercise: str, source: str, seed: int) -> dict[str, CheckText]:
    """What a student reads of each check of an answer, by its name."""
    module = exercises.load(exercise)
    sent, kept = module.draw(seed)
    outcome = run(exercise, source, sent)
    checks = tuple(module.judge(sent, kept, outcome))
    verdict = Verdict(exercise, "graded", checks, message=outcome.message, ended=outcome.status)
    return {
        check.name: text for check, text in zip(checks, check_texts(module, verdict), strict=True)
    }


def failed(checks: dict[str, Check]) -> set[str]:
    return {name for name, check in checks.items() if check.outcome != "passed"}

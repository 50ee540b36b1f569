"""How many mistakes the grader calls by their names, on answers that were written before it could name any.

`named/` holds the answers: right programs of many styles, and what beginners get wrong in them.
"""

from __future__ import annotations

import io
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from dataclasses import dataclass, field

import pytest
from answers import judge
from named import mistakes1, mistakes2, mistakes3
from named.answer import Answer, right_programs
from tabulate import tabulate

WRONG = [
    answer for of in (mistakes1, mistakes2, mistakes3) for answer in (*of.MISTAKES, *of.TWO_AT_ONCE)
]
RIGHT = right_programs()
COST_NOTHING = {"keeps-graph", "no-shuffle"}
SEEDS = {"corelab1": (0, 1, 2), "corelab2": (0,), "corelab3": (0,)}
WHERE = {
    **dict.fromkeys(
        ("softmax-before-cross-entropy", "nll-on-probabilities", "activation-on-logits"), "123"
    ),
    **dict.fromkeys(("no-zero-grad", "zero-grad-before-step", "no-step", "wrong-parameters"), "23"),
    **{"steps-once-per-epoch": "23", "optimizer-rebuilt": "2", "sum-instead-of-mean": "123"},
    **dict.fromkeys(("mean-of-batch-means", "last-batch-only"), "23"),
    **dict.fromkeys(("running-total-not-reset", "wrong-divisor", "dropped-last-batch"), "123"),
    **dict.fromkeys(("whole-dataset-at-once", "one-sample-at-a-time", "wrong-batch-size"), "123"),
    **{"wrong-epochs": "23", "wrong-learning-rate": "3", "wrong-optimizer": "3"},
    **dict.fromkeys(("wrong-layer-count", "no-activation", "layers-not-registered"), "3"),
    **{
        "inputs-targets-misaligned": "123",
        "hard-coded": "123",
        "keeps-graph": "23",
        "no-shuffle": "23",
    },
}
"""In which exercises each mistake can be made."""


@dataclass
class Judged:
    answer: Answer
    missed: set[str] = field(default_factory=set)
    """Mistakes without their name, for at least one of the hidden data."""
    wrongly: set[str] = field(default_factory=set)
    """Names that are not true of it."""
    lost: set[str] = field(default_factory=set)
    """Checks that did not give all their points."""

    def __repr__(self) -> str:
        found = {"missed": self.missed, "misnamed": self.wrongly, "lost": self.lost}
        return f"{self.answer.name} ({', '.join(self.answer.required) or 'right'}): " + "; ".join(
            f"{what} {', '.join(sorted(codes))}" for what, codes in found.items() if codes
        )


def judged(answer: Answer) -> Judged:
    verdict = Judged(answer)
    for seed in SEEDS[answer.exercise]:
        with redirect_stdout(io.StringIO()):  # what answers print would bury what a failure says
            checks = judge(answer.exercise, answer.source, seed).values()
        tags = {code for check in checks for code in check.codes}
        verdict.missed |= set(answer.missed(tags))
        verdict.wrongly |= tags - answer.true
        verdict.lost |= {check.name for check in checks if check.score < check.points}
    return verdict


@pytest.fixture(scope="module")
def verdicts() -> tuple[list[Judged], list[Judged]]:
    """Right answers and wrong ones: two processes, since it takes its time."""
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(judged, [*RIGHT, *WRONG]))
    return found[: len(RIGHT)], found[len(RIGHT) :]


@pytest.fixture(scope="module")
def right(verdicts: tuple[list[Judged], list[Judged]]) -> list[Judged]:
    return verdicts[0]


@pytest.fixture(scope="module")
def wrong(verdicts: tuple[list[Judged], list[Judged]]) -> list[Judged]:
    return verdicts[1]


def named_of(code: str, exercise: str, verdicts: list[Judged]) -> tuple[int, int]:
    """How many answers with this mistake go by its name, of how many; one that may have two names is the first's."""
    of = [
        (verdict, either)
        for verdict in verdicts
        for either in verdict.answer.required
        if either.split("|")[0] == code and verdict.answer.exercise.endswith(exercise)
    ]
    return sum(either not in verdict.missed for verdict, either in of), len(of)


def table(wrong: list[Judged], right: list[Judged]) -> str:
    rows = []
    for code, exercises in WHERE.items():
        each = [
            named_of(code, exercise, wrong) if exercise in exercises else None for exercise in "123"
        ]
        named, count = (sum(of) for of in zip(*filter(None, each), strict=True))
        misnamed = sum(
            bool(verdict.wrongly)
            for verdict in wrong
            if any(either.split("|")[0] == code for either in verdict.answer.required)
        )
        shown = ["" if of is None else f"{of[0]} of {of[1]}" for of in each]
        rows.append([code, *shown, count, named, count - named, misnamed])
    total = [sum(row[column] for row in rows) for column in (4, 5, 6)]
    rows.append(["all", "", "", "", *total, sum(bool(verdict.wrongly) for verdict in wrong)])
    rows.append(
        [
            "right answers",
            "",
            "",
            "",
            len(right),
            "",
            "",
            sum(bool(verdict.wrongly) for verdict in right),
        ]
    )
    headers = [
        "mistake",
        "exercise 1",
        "exercise 2",
        "exercise 3",
        "answers",
        "named",
        "missed",
        "misnamed",
    ]
    return tabulate(rows, headers, disable_numparse=True, colalign=["left", *["right"] * 7])


def lines(verdicts: list[Judged]) -> str:
    return "\n" + "\n".join(map(repr, verdicts))


def test_each_mistake_is_made_in_three_styles():
    answers = [Judged(answer) for answer in WRONG]
    count = {
        code: [named_of(code, exercise, answers)[1] for exercise in exercises]
        for code, exercises in WHERE.items()
    }
    assert not [code for code, each in count.items() if sum(each) < 3 or not all(each)]
    assert {code for answer in WRONG for code in answer.true} == set(WHERE)


def test_95_of_100_mistakes_are_named(wrong: list[Judged], right: list[Judged], record_property):
    record_property("mistakes in answers, and their names", table(wrong, right))
    missed = [verdict for verdict in wrong if verdict.missed]
    count = sum(len(verdict.answer.required) for verdict in wrong)
    assert sum(len(verdict.missed) for verdict in missed) <= 0.05 * count, lines(missed)


def test_each_mistake_is_named_in_each_exercise(wrong: list[Judged]):
    never = {
        (code, exercise)
        for code, exercises in WHERE.items()
        for exercise in exercises
        if not named_of(code, exercise, wrong)[0]
    }
    assert not never


def test_no_mistake_goes_by_a_wrong_name(wrong: list[Judged]):
    misnamed = [verdict for verdict in wrong if verdict.wrongly]
    assert not misnamed, lines(misnamed)


def test_no_right_answer_is_named(right: list[Judged]):
    named = [verdict for verdict in right if verdict.wrongly]
    assert not named, lines(named)


def test_no_right_answer_loses_points(right: list[Judged]):
    losing = [verdict for verdict in right if verdict.lost]
    assert not losing, lines(losing)


def test_advice_costs_nothing(wrong: list[Judged]):
    losing = [
        verdict
        for verdict in wrong
        if verdict.lost and set(verdict.answer.required) <= COST_NOTHING
    ]
    assert not losing, lines(losing)

"""How many mistakes in optimizers are called by their names.

`optimizers/` holds the classes, as beginners write them and written before any could be named, and
the table of what is wrong with each.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from optimizers.table import EITHER_WAY, RIGHT, TWO_AT_ONCE, VARIANTS, WRONG, Answer
from optimizers.walk import distance
from tabulate import tabulate

from corelab.grading.diagnosis.diagnose import Diagnosis, diagnose

MISTAKEN = [*WRONG, *TWO_AT_ONCE]
CODES = list(dict.fromkeys(code for answer in [*WRONG, *VARIANTS] for code in answer.codes))

Found = dict[Answer, Diagnosis]


@pytest.fixture(scope="module")
def found() -> Found:
    """What is found in each class, in this process: they are our own."""
    return {
        each: diagnose(
            each.source, each.name, each.against, each.settings, convention=each.convention
        )
        for each in (*MISTAKEN, *RIGHT, *VARIANTS, *EITHER_WAY)
    }


def missed(answers: Iterable[Answer], found: Found) -> list[str]:
    return [
        f"{each}: {code}"
        for each in answers
        for code in each.codes
        if code not in found[each].codes
    ]


def misnamed(answers: Iterable[Answer], found: Found) -> list[str]:
    wrongly = {each: sorted(set(found[each].codes) - each.allowed) for each in answers}
    return [f"{each} is called {' '.join(codes)}" for each, codes in wrongly.items() if codes]


def table(found: Found) -> str:
    def row(title: str, answers: list[Answer], code: str | None = None) -> list[object]:
        asked = [(each, name) for each in answers for name in each.codes if code in (None, name)]
        named = sum(name in found[each].codes for each, name in asked)
        return [title, len(answers), named, len(asked) - named, len(misnamed(answers, found))]

    rows = [
        row(code, [each for each in (*MISTAKEN, *VARIANTS) if code in each.codes], code)
        for code in CODES
    ]
    rows += [
        row("all mistakes", MISTAKEN),
        row("of these two at once", TWO_AT_ONCE),
        row("legitimate variants", VARIANTS),
        row("right", RIGHT),
        row("may be called so or not", EITHER_WAY),
    ]
    return tabulate(rows, ["code", "answers", "named", "missed", "misnamed"])


def test_each_mistake_is_made_in_three_styles():
    assert len(CODES) == 22
    assert not {
        code for code in CODES if sum(code in each.codes for each in (*WRONG, *VARIANTS)) < 3
    }
    assert len(RIGHT) >= 20
    assert len(TWO_AT_ONCE) >= 6


@pytest.mark.parametrize("answer", RIGHT, ids=str)
def test_a_right_answer_walks_with_its_reference(answer: Answer):
    assert distance(answer) < 1e-12


@pytest.mark.parametrize("answer", [*MISTAKEN, *VARIANTS, *EITHER_WAY], ids=str)
def test_any_other_leaves_it(answer: Answer):
    assert distance(answer) > 1e-5


def test_95_of_100_mistakes_are_named(found: Found, record_property):
    record_property("mistakes in optimizers, and their names", table(found))
    lacking = missed(MISTAKEN, found)
    assert len(lacking) <= 0.05 * sum(len(each.codes) for each in MISTAKEN), "\n".join(lacking)


def test_each_code_is_given(found: Found):
    assert not set(CODES) - {code for each in (*MISTAKEN, *VARIANTS) for code in found[each].codes}


def test_variants_are_said_to_be_legitimate(found: Found):
    assert not missed(VARIANTS, found)
    assert all(found[each].variant for each in VARIANTS)
    assert not [
        str(each)
        for each in found
        if set(found[each].codes) - set(CODES) and not found[each].variant
    ]
    assert not [
        str(each) for each in MISTAKEN if found[each].variant and each.codes != ("eps-inside-sqrt",)
    ]


def test_nothing_goes_by_a_wrong_name(found: Found):
    assert not misnamed((*MISTAKEN, *VARIANTS, *EITHER_WAY), found)


def test_no_right_answer_is_named(found: Found):
    assert not misnamed(RIGHT, found)


def test_right_answers_match_and_no_others(found: Found):
    matching = {each for each in found if found[each].matches} - set(EITHER_WAY)
    assert matching == set(RIGHT), sorted(map(str, matching ^ set(RIGHT)))

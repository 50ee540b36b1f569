"""Nothing that comes back is believed: what is missing, malformed or made up does not pass, nor breaks us."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from answers import failed, run, solution
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from corelab.grading import exercises
from corelab.grading.exercises.corelab3 import Descent
from corelab.grading.exercises.evidence.recording import COUNTS
from corelab.grading.exercises.evidence.returned import read, same_values
from corelab.grading.exercises.evidence.training_run import read_back
from corelab.grading.verdicts import Check, Outcome

NAMES = ["corelab1", "corelab2", "corelab3"]
LIES = [0.0, 2.302585, -1e30]


@cache
def honest(exercise: str) -> tuple[Any, Any, Outcome]:
    sent, kept = exercises.load(exercise).draw(seed=11)
    return sent, kept, run(exercise, solution(exercise), sent)


def judge(exercise: str, returned: Any, **more: Any) -> dict[str, Check]:
    sent, kept, outcome = honest(exercise)
    changed = replace(outcome, returned=returned, **more)
    checks = {check.name: check for check in exercises.load(exercise).judge(sent, kept, changed)}
    assert sum(check.points for check in checks.values()) == exercises.load(exercise).POINTS
    return checks


def values_of(exercise: str) -> list[tuple[str, str]]:
    """Every array that came back and decides, not what only is to be read, or explains."""
    returned = honest(exercise)[2].returned
    return [
        (frame, key)
        for frame, arrays in returned.items()
        if frame != "observation" and not frame.endswith("notes")
        for key in arrays
        if (exercise, key) != ("corelab3", "clock")
    ]


@pytest.mark.parametrize("exercise", NAMES)
def test_nothing_back_passes_nothing(exercise: str):
    for status in ("finished", "timed out", "crashed", "limit exceeded"):
        checks = judge(exercise, {}, status=status, message="why")
        assert failed(checks) == set(checks)
        assert all(
            check.outcome == "failed" and check.score == 0 and not check.codes
            for check in checks.values()
        )


@pytest.mark.parametrize("exercise", NAMES)
def test_a_sandbox_that_failed_says_nothing_against_the_answer(exercise: str):
    checks = judge(exercise, {}, status="could not run", message="no worker")
    assert {check.outcome for check in checks.values()} == {"could not check"}


@pytest.mark.parametrize("exercise", NAMES)
def test_every_array_is_needed_and_no_lie_passes_for_it(exercise: str):
    returned = honest(exercise)[2].returned
    assert not failed(judge(exercise, returned))
    for frame, key in values_of(exercise):
        true = returned[frame][key]
        lies: list[Any] = []
        # Exercise 2 takes whatever weights do well, and any values that fall with the loss, for its learner.
        if exercise != "corelab2" or "learner" not in frame:
            lies = [np.full(true.shape, lie, true.dtype) for lie in LIES if not (true == lie).all()]
        lies += [
            true.astype(object),
            true.astype(np.complex128),
            true.astype(np.int64),
            true[None],
            None,
        ]
        lies.append(true.copy())
        lies[-1].flat[-1] = np.nan
        for lie in lies:
            forged = {**returned, frame: {**returned[frame], key: lie}}
            assert failed(judge(exercise, forged)), (frame, key, lie)
        without = {**returned, frame: {k: v for k, v in returned[frame].items() if k != key}}
        assert failed(judge(exercise, without)), (frame, key)


def test_weights_that_were_not_trained_and_a_page_that_says_so():
    """A page made up by hand earns what it proves; the weights must go along with it."""
    sent, _, outcome = honest("corelab3")
    for page in (
        0 * outcome.returned["learner"]["page"],
        1e-30 * outcome.returned["learner"]["page"],
    ):
        start = {key.removeprefix("learner."): value for key, value in sent.items()}
        layers = {key: start[key] for key in outcome.returned["learner"] if key in start}
        checks = judge("corelab3", {**outcome.returned, "learner": {"page": page, **layers}})
        assert {"gradient-descent", "learning-rate"} <= failed(checks)


def test_nan_agrees_with_nothing_not_even_with_nan():
    """Neither is it read, nor would it be taken for the right value."""
    values = np.array([2.3, np.nan])
    assert not same_values(values, values)
    outcome = Outcome("finished", "limits only", {"few": {"values": values}})
    assert read(outcome, "few", "values", None) is None


ANY_ARRAY = st.one_of(
    arrays_of.arrays(
        st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.uint8, np.bool_]),
        arrays_of.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6),
    ),
    st.none(),
    st.text(max_size=3),
    st.lists(st.floats(), max_size=3),
)


@pytest.mark.parametrize("exercise", NAMES)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_malformed_frames_break_nothing(exercise: str, data: st.DataObject):
    """Arrays of any kind in any place, and a number changed anywhere: judged, and never a full score."""
    returned = {frame: dict(arrays) for frame, arrays in honest(exercise)[2].returned.items()}
    for frame, key in data.draw(
        st.lists(st.sampled_from(values_of(exercise)), min_size=1, max_size=3)
    ):
        true = honest(exercise)[2].returned[frame][key]
        if data.draw(st.booleans()) and true.size:
            forged = true.copy()
            place = data.draw(st.integers(0, true.size - 1))
            forged.flat[place] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
            returned[frame][key] = forged
        else:
            returned[frame][key] = data.draw(ANY_ARRAY)
    assert failed(judge(exercise, returned))


WRONG = {
    "nothing": {},
    "inputs apart from targets": {"model(inputs)": "model(inputs.flip(0))"},
    "no step": {"optimizer.step()": "optimizer.step"},
    "sum": {"CrossEntropyLoss()": "CrossEntropyLoss(reduction='sum')"},
    "begins again": {
        "            loss.backward()": "            optimizer = type(optimizer)(model.parameters())\n            loss.backward()"
    },
}


@cache
def wrongly(exercise: str, what: str) -> Outcome:
    source = solution(exercise)
    for old, new in WRONG[what].items():
        source = source.replace(old, new)
    return run(exercise, source, honest(exercise)[0])


COUNT = st.sampled_from([0.0, 1.0, 5.0, 15.0, 100.0, -1.0, 1e30, np.nan]).map(np.array)
ROWS = arrays_of.arrays(
    np.float32,
    st.tuples(st.integers(0, 40), st.sampled_from([2, 12])),
    elements=st.sampled_from([0.0, 1.0, 3.0, 9.0, -1.0, 1e30, np.nan]),
)


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("exercise", NAMES)
@given(data=st.data())
@settings(max_examples=8, deadline=None)
def test_what_the_recorder_says_changes_no_point(exercise: str, what: str, data: st.DataObject):
    """Whatever it is made to say, of a right answer and of wrong ones: names may change, no outcome does."""
    sent, kept, _ = honest(exercise)
    outcome = wrongly(exercise, what)
    returned = {frame: dict(arrays) for frame, arrays in outcome.returned.items()}
    for frame in [frame for frame in returned if frame.endswith("notes")]:
        if data.draw(st.booleans()):
            del returned[frame]
            continue
        for name in data.draw(
            st.lists(st.sampled_from([*COUNTS, "slopes", "targets"]), min_size=3)
        ):
            returned[frame][name] = data.draw(st.one_of(COUNT, ROWS, ANY_ARRAY))
    changed = replace(outcome, returned=returned)
    module = exercises.load(exercise)
    before, after = (
        [(check.name, check.outcome, check.score) for check in module.judge(sent, kept, one)]
        for one in (outcome, changed)
    )
    assert before == after
    assert any(outcome != "passed" for _, outcome, _ in before) == (what in lost(exercise))


def lost(exercise: str) -> set[str]:
    """What costs points: exercise 1 has no steps, 2 takes any loss that is learned by, 3 asks for no memory."""
    every = {"inputs apart from targets", "sum"}
    return every | ({"no step", "begins again"} if exercise != "corelab1" else set())


@pytest.mark.parametrize("exercise", NAMES)
def test_values_of_any_length(exercise: str):
    returned = honest(exercise)[2].returned
    for frame in [frame for frame in returned if "values" in returned[frame]]:
        for length in (0, 1, 2, 299, 5000, 100_000):
            forged = {**returned, frame: {"values": np.full(length, 2.3)}}
            assert failed(judge(exercise, forged))


# -- what an answer can make the parent compute


def page_of(updates: int, samples: int, *, each: int, mixed: bool) -> np.ndarray:
    """A page with as many updates as it has room for, each of so many samples."""
    page = np.zeros((updates, samples), np.float32)
    rng = np.random.default_rng(0)
    for t in range(updates - 1):
        page[t, rng.choice(samples, min(each, samples), replace=False)] = -0.004
    if mixed:  # from the second on, with earlier gradients added
        page[1:] *= -1
    return page


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("each", [1, 54, 1000])
@pytest.mark.parametrize("exercise", NAMES[1:])
def test_pages_that_are_long_to_explain(exercise: str, each: int, mixed: bool):
    """Whatever an answer says that it did, it is judged in no more time than many real ones."""
    sent, _, outcome = honest(exercise)
    returned = {frame: dict(arrays) for frame, arrays in outcome.returned.items()}
    for frame, name in [(f, k) for f in returned for k in returned[f]]:
        if name in ("page", "update_trace"):
            returned[frame][name] = page_of(*returned[frame][name].shape, each=each, mixed=mixed)
    returned["learner values"] = {"values": np.linspace(2.3, 2.0, 300)}
    forged = replace(outcome, returned=returned)
    assert seconds_to_judge(exercise, forged) < 5
    if exercise == "corelab3":  # the same where the weights are those that the page leads to
        learner = read_back(sent, "learner", forged)
        if learner.updates:
            for k, (weight, bias) in enumerate(Descent().end(learner)):
                returned["learner"] |= {f"weight{k}": weight, f"bias{k}": bias}
            assert seconds_to_judge(exercise, forged) < 5


@pytest.mark.parametrize("exercise", NAMES)
def test_values_that_are_long_to_explain(exercise: str):
    outcome = honest(exercise)[2]
    for length in (1, 2, 3, 300, 5_000_000):
        values = {"values": np.linspace(2.3, 2.0, length)}
        returned = {
            frame: values if "values" in arrays else arrays
            for frame, arrays in outcome.returned.items()
        }
        assert seconds_to_judge(exercise, replace(outcome, returned=returned)) < 5


def seconds_to_judge(exercise: str, outcome: Outcome) -> float:
    """Of computing: under 2 on a machine that is idle, hundreds where nothing bounds it."""
    sent, kept, _ = honest(exercise)
    began = time.process_time()
    exercises.load(exercise).judge(sent, kept, outcome)
    taken = time.process_time() - began
    print(f"{exercise}: {taken:.2f} s", end=" ")
    return taken

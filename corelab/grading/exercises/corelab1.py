"""題目 1 / Exercise 1: the mean cross-entropy of each batch.

The answer is run on three networks with data of other sizes; every value is computed again here. A
wrong list is compared with what known mistakes give, so that one mistake costs only the check that
it belongs to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from corelab.common.i18n import N_, Message
from corelab.grading.contract import Layers, pack_network
from corelab.grading.exercises.evidence import numpy_network as network
from corelab.grading.exercises.evidence.checks import CheckSpec, Finding, checks
from corelab.grading.exercises.evidence.epoch_losses import USUAL, same_numbers
from corelab.grading.exercises.evidence.recording import Notes, noted_targets, read_notes
from corelab.grading.exercises.evidence.returned import (
    ABSOLUTE,
    RELATIVE,
    batch_indices,
    prefixed,
    preview,
    read,
    same_values,
    with_prefix,
)
from corelab.grading.verdicts import Arrays, Check, Outcome

FILE = "corelab1_batch_input.py"
TITLE = N_("Exercise 1: feeding the network in batches")
POINTS = 30.0
NEEDS = ("batch_cross_entropy",)
VERSION = 1
WHOLE = "whole-dataset-at-once"

CHECKS = {
    "batches": CheckSpec(
        10,
        N_("batch_size samples at a time, in the data's order, and a value for each"),
        N_(
            "Count: how many values should N samples in batches of batch_size give? Print each "
            "batch's inputs.shape and its first sample, and compare them with the dataset."
        ),
    ),
    "last-batch": CheckSpec(
        6,
        N_("the short last batch counts too"),
        N_(
            "Try 250 samples in batches of 100: where do the last 50 go, and what is their mean "
            "divided by?"
        ),
    ),
    "cross-entropy": CheckSpec(
        8,
        N_("the values are the cross-entropy of the model's outputs"),
        N_(
            "The model gives logits. Read what your loss function expects: logits, probabilities, "
            "or their logarithms? What happens to them on the way?"
        ),
    ),
    "batch-mean": CheckSpec(
        6,
        N_("each value is the mean over its batch"),
        N_(
            "Double batch_size: do your values double too? A mean does not grow with the size of "
            "its batch."
        ),
    ),
}


@dataclass(frozen=True)
class Case:
    """One call of the answer, and its right values."""

    inputs: np.ndarray
    targets: np.ndarray
    layers: Layers
    activation: str
    batch_size: int


def draw(seed: int) -> tuple[Arrays, dict[str, Case]]:
    """Three cases: a ragged last batch, the default batch size of 100, and less than one batch."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(9, 40))
    ragged = size * (120 // size + int(rng.integers(1, 4))) + int(rng.integers(2, size - 1))
    by_default = 100 * int(rng.integers(6, 8)) + int(rng.integers(11, 90))
    cases = {}
    for name, samples, batch_size in (
        ("ragged", ragged, size),
        ("default", by_default, 100),
        ("few", 7, 12),
    ):
        inputs, targets = network.draw_samples(rng, samples, network.draw_prototypes(rng))
        activation = network.draw_activation(rng)
        layers = network.draw_layers(rng, [9, 8, 7][: int(rng.integers(1, 4))])
        layers = network.with_spread_logits(layers, activation, inputs)
        cases[name] = Case(inputs, targets, layers, activation, batch_size)
    sent = {
        name: {
            "inputs": case.inputs,
            "targets": case.targets,
            "batch_size": np.array(case.batch_size),
            **pack_network(case.layers, case.activation),
        }
        for name, case in cases.items()
    }
    return {"seed": np.array(rng.integers(0, 2**31)), **prefixed(**sent)}, cases


def run(answer: ModuleType, sent: Arrays) -> Iterator[tuple[str, Arrays]]:
    """In the child: the values that the answer gives in each case."""
    from corelab.grading.exercises.in_child import models as given
    from corelab.grading.exercises.in_child.recorder import Targets

    given.start_from(sent["seed"])
    function = given.function(answer, "batch_cross_entropy")

    def values(name: str) -> Iterator[tuple[str, Arrays]]:
        case = with_prefix(sent, name)
        data, size = given.dataset(case), int(case["batch_size"])
        if name == "default":
            model = given.Observed(case, updates=1, fixed=True)
            with Targets(model.recorder):
                result = given.numbers(function(model, data), "batch_cross_entropy")
            yield "notes", model.recorder.notes()
        else:
            result = given.numbers(
                function(given.sequential(case), data, size), "batch_cross_entropy"
            )
        yield name, result

    return given.each_in_turn(values("ragged"), values("default"), values("few"))


@dataclass(frozen=True)
class Reading:
    """How a case's values came about: for each check the code of its mistake, or nothing where
    right."""

    batches: str = ""
    last: str = ""
    loss: str = ""
    mean: str = ""


@np.errstate(all="ignore")  # what came back may be as large as it likes
def judge(sent: Arrays, kept: dict[str, Case], outcome: Outcome) -> list[Check]:
    """Whether the values are those of the networks and data that were sent, computed again here."""
    del sent
    values = {name: read(outcome, name, "values", None) for name in kept}
    expected = {name: _means(case) for name, case in kept.items()}
    readings = {name: explain(case, values[name]) for name, case in kept.items()}
    notes = read_notes(outcome, "notes")
    lists = [given for given in values.values() if given is not None]
    copied = len(lists) > 1 and all(same_numbers(lists[0], other) for other in lists[1:])
    hard_coded = ("hard-coded",) if copied else ()

    def found(of: str, cases: tuple[str, ...], show: str) -> Finding:
        explained = [reading for name in cases if (reading := readings[name])]
        mistakes = {getattr(reading, of) for reading in explained} - {""}
        if (
            "wrong-batch-size" in mistakes or notes.counts["passes"] > 1
        ):  # one value, for another reason
            mistakes = {network.NAMELESS if one == WHOLE else one for one in mistakes}
        in_full = len(explained) == len(cases)  # else a name that fits some of it may be wrong
        got = values[show]
        return Finding(
            passed=in_full and not mistakes,
            expected=_values(expected[show]),
            got="" if got is None else _values(got),
            codes=(*(mistakes if in_full else ()), *hard_coded),
        )

    full = ("ragged", "default")
    verdicts = {
        "batches": found("batches", full, "default"),
        "last-batch": found("last", (*full, "few"), "ragged"),
        "cross-entropy": found("loss", full, "ragged"),
        "batch-mean": found("mean", full, "ragged"),
    }
    if readings["default"] is None:
        codes = _as_noted(kept["default"], values["default"], notes)
        verdicts["cross-entropy"] = replace(verdicts["cross-entropy"], codes=(*codes, *hard_coded))
    return checks(CHECKS, verdicts, outcome)


def _as_noted(case: Case, values: np.ndarray | None, notes: Notes) -> tuple[str, ...]:
    """The mistakes under which the values come out of wrong pairs of inputs and targets that were
    noted."""
    seen = noted_targets(notes, case.targets)
    if seen is None or not seen.misaligned(case.targets):
        return ()
    met = replace(case, inputs=case.inputs[seen.samples], targets=seen.targets)
    reading = explain(met, values)
    return ("inputs-targets-misaligned", reading.loss) if reading else ()


def _values(values: np.ndarray) -> Message:
    return Message("{count} values: {numbers}", count=len(values), numbers=preview(values))


def explain(case: Case, values: np.ndarray | None) -> Reading | None:
    """The mistakes, if any, under which exactly these values come out; None where nothing known
    does it."""
    if values is None or len(values) > len(case.targets):
        return None
    losses = network.losses(case.layers, case.activation, case.inputs, case.targets)
    for batches, last, batching in _batchings(case, len(values)):
        size = max(map(len, batching), default=1) if batches else case.batch_size
        for loss, of_samples in losses.items():
            sums = np.array([of_samples[batch].sum() for batch in batching])
            sizes = np.array([len(batch) for batch in batching])
            for predicted, *mistakes in (
                (sums / sizes, last, ""),
                (sums, last, "sum-instead-of-mean"),
                (sums / size, "wrong-divisor", ""),
                *(
                    (of, last, "wrong-divisor")
                    for of in (() if batches else _divided(sums, sizes, size))
                ),
                (np.cumsum(sums / sizes), last, "running-total-not-reset"),
                (np.cumsum(sums / sizes) / np.arange(1, len(sizes) + 1), last, network.NAMELESS),
                (np.cumsum(sums) / np.cumsum(sizes), last, network.NAMELESS),
            ):
                if same_values(values, predicted):
                    return Reading(batches, mistakes[0], loss, mistakes[1])
    return _explain_other_order(case, values, losses)


def _divided(sums: np.ndarray, sizes: np.ndarray, size: int) -> Iterator[np.ndarray]:
    """The batches' sums divided by what they are not the sums of, and their means divided once
    more."""
    others = size, sizes.sum(), len(sizes), *USUAL
    yield sums / sizes / sizes
    for by in others:
        yield sums / sizes / by
        yield sums / by


def _batchings(case: Case, count: int) -> Iterator[tuple[str, str, list[np.ndarray]]]:
    """The batches as asked, then as known mistakes make them, where they are `count`; and their
    codes."""
    samples, size = len(case.targets), case.batch_size
    asked = batch_indices(samples, size)
    if len(asked) == count:
        yield "", "", asked
    if samples // size == count:
        yield "", "dropped-last-batch", asked[:count]
    if count == 1:
        yield WHOLE, "", batch_indices(samples, samples)
        yield "last-batch-only", "", asked[-1:]
    if count == samples:
        yield "one-sample-at-a-time", "", batch_indices(samples, 1)
    for other in range(2, samples if count > 1 else 2):  # one number may agree with any by chance
        if -(-samples // other) == count:
            yield "wrong-batch-size", "", batch_indices(samples, other)
        if samples // other == count:
            yield "wrong-batch-size", "dropped-last-batch", batch_indices(samples, other)[:count]


def _explain_other_order(
    case: Case, values: np.ndarray, losses: dict[str, np.ndarray]
) -> Reading | None:
    """Whatever the order of the samples, the batches' values weighed by their sizes add up to the
    same."""
    sizes = np.array([len(batch) for batch in batch_indices(len(case.targets), case.batch_size)])
    if len(values) != len(sizes) or np.ptp(values) < ABSOLUTE:
        return None
    for loss, of_samples in losses.items():
        for mean, total in ("", values @ sizes), ("sum-instead-of-mean", values.sum()):
            if np.isclose(total, of_samples.sum(), RELATIVE, 0):
                return Reading(network.NAMELESS, "", loss, mean)
    return None


def _means(case: Case) -> np.ndarray:
    losses = network.losses(case.layers, case.activation, case.inputs, case.targets)[""]
    return np.array([losses[batch].mean() for batch in batch_indices(len(losses), case.batch_size)])

"""What a training shows: the updates of its model, and where its values come from.

Exercises 2 and 3 share this, and the checks below.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from corelab.common.i18n import N_, Message
from corelab.grading.contract import GRADIENTS, WEIGHTS, Layers, pack_network, unpack_network
from corelab.grading.exercises.evidence import numpy_network as network
from corelab.grading.exercises.evidence.checks import Finding
from corelab.grading.exercises.evidence.epoch_losses import History, Origin, explain, same_numbers
from corelab.grading.exercises.evidence.optimizer_memory import Clock
from corelab.grading.exercises.evidence.recording import Notes, Pairs, pairs, read_notes
from corelab.grading.exercises.evidence.returned import (
    batch_indices,
    preview,
    read,
    read_layers,
    with_prefix,
)
from corelab.grading.exercises.evidence.updates import (
    Update,
    by_epoch,
    in_one_order,
    in_words,
    is_whole,
    mistake,
    read_updates,
    whole_epochs,
)
from corelab.grading.verdicts import Arrays, Outcome

# Titles and helps of the checks that both exercises make.
ONE_VALUE_AN_EPOCH = (
    N_("one value is returned for every epoch"),
    N_(
        "The list should be as long as epochs. In which loop do you append, and does the argument "
        "epochs say how often it runs?"
    ),
)
CROSS_ENTROPY = (
    N_("the values are the cross-entropy of the model's outputs"),
    N_(
        "The model gives logits. Does your loss function expect logits, probabilities, or their "
        "logarithms? Are inputs and targets still in pairs?"
    ),
)
EPOCH_MEAN = (
    N_("an epoch's value is the mean over all its samples"),
    N_(
        "Take a model that is not updated through three epochs: the three values should be the "
        "same, and the mean cross-entropy of the whole dataset. Should the mean of a smaller last "
        "batch weigh as much as the others? When does the total start from zero, and what is it "
        "divided by?"
    ),
)
BATCHES = (
    N_("an update for every batch of batch_size samples, every sample once an epoch"),
    N_(
        "Count: how many updates should an epoch of N samples in batches of batch_size make? How "
        "often does your optimizer.step() run, after how many samples each time? And the short last"
        " batch?"
    ),
)


@dataclass(frozen=True)
class Training:
    """One call of `train`: what was sent for it, and what came back, as far as it could be read."""

    inputs: np.ndarray
    targets: np.ndarray
    layers: Layers
    activation: str
    epochs: int
    batch_size: int
    values: np.ndarray | None
    updates: list[Update]
    no_updates: Finding
    """What is to be said where there are none."""
    clock: Clock | None
    after: Layers | None
    notes: Notes

    def met(
        self, layers: Layers, samples: np.ndarray | slice = slice(None)
    ) -> tuple[np.ndarray, np.ndarray]:
        """The samples' logits under weights such as these, and their targets."""
        return network.forward(layers, self.activation, self.inputs[samples])[-1], self.targets[
            samples
        ]

    def losses(self, layers: Layers) -> dict[str, np.ndarray]:
        """The loss of each sample under weights such as these, by the codes of LOSSES."""
        met = self.met(layers)
        return {code: loss(*met)[0] for code, loss in network.LOSSES.items()}

    @cached_property
    def pairs(self) -> Pairs | None:
        """What a network that is fixed was trained on, as far as that was noted."""
        return pairs(self.notes, self.met(self.layers)[0])

    @property
    def misaligned(self) -> bool:
        return self.pairs is not None and self.pairs.misaligned(self.targets)

    @property
    def mistakes(self) -> tuple[str, ...]:
        """For which it may not learn well: these cost nothing by themselves."""
        summed = self.pairs is not None and self.pairs.summed
        return (
            "inputs-targets-misaligned" if self.misaligned else "",
            "sum-instead-of-mean" if summed else "",
        )


def pack(
    inputs: np.ndarray,
    targets: np.ndarray,
    layers: Layers,
    activation: str,
    epochs: int,
    batch_size: int,
    updates: int,
) -> Arrays:
    """What a training is run on, as arrays to send. updates: that the page of its model has room
    for."""
    settings = {"epochs": epochs, "batch_size": batch_size, "updates": updates}
    return {
        "inputs": inputs,
        "targets": targets,
        **{name: np.array(value) for name, value in settings.items()},
        **pack_network(layers, activation),
    }


def read_back(sent: Arrays, name: str, outcome: Outcome) -> Training:
    """The training whose part of what was sent, and whose frames, have this name."""
    its = with_prefix(sent, name)
    layers, activation = unpack_network(its)
    page = read(outcome, name, "page", int(its["updates"]), len(its["targets"]))
    updates = [] if page is None else read_updates(page)
    clock = read(outcome, name, "clock", None, WEIGHTS)
    notes = read_notes(outcome, f"{name} notes")
    moved = page is None or page.any()
    return Training(
        its["inputs"],
        its["targets"],
        layers,
        activation,
        int(its["epochs"]),
        int(its["batch_size"]),
        read(outcome, f"{name} values", "values", None),
        updates,
        Finding(
            False,
            got="" if page is None else Message("the weights were not updated from batches"),
            codes=() if moved else (notes.why_nothing_moved,),
        ),
        None if clock is None or not len(updates) < len(clock) <= len(GRADIENTS) else Clock(clock),
        read_layers(outcome, name, layers),
        notes,
    )


# -- updates


def judge_batches(given: Training) -> Finding:
    """Whether there was one update a batch, over every sample once an epoch.

    How many epochs is another check's concern. There may be fewer: an answer may put the best
    weights back.
    """
    samples, size = len(given.targets), given.batch_size
    steps = len(batch_indices(samples, size))
    expected = in_words(given.epochs * steps, [size, samples % size or size])
    if not given.updates:
        return replace(given.no_updates, expected=expected)
    got = in_words(len(given.updates), [len(update.samples) for update in given.updates])
    epochs = by_epoch(given.updates, steps)
    possible = _possible_epochs(given)
    right = 0 < len(epochs) <= max(possible) and all(
        is_whole(epoch, samples, size) for epoch in epochs
    )
    advice = ("no-shuffle",) if right and in_one_order(epochs) else ()
    return Finding(right, expected, got, (mistake(given.updates, samples, size, possible),), advice)


def name_by_notes(found: Finding, given: Training, other: Training) -> Finding:
    """The same verdict on the batches, with a better name from what was noted. other: of more
    samples."""
    (code, *others), samples = found.codes or ("",), len(given.targets)
    if not given.updates and code:  # then only the notes know the batches
        parts = np.split(given.notes.numbers, np.flatnonzero(np.diff(given.notes.passes)) + 1)
        batches = [Update(np.sort(numbers), False, False, 0.0) for numbers in parts if len(numbers)]
        if batches:
            others = [mistake(batches, samples, given.batch_size, _possible_epochs(given))]
    elif code == "whole-dataset-at-once":
        largest = np.unique(given.notes.passes, return_counts=True)[1].max(initial=0)
        elsewhere = max((len(update.samples) for update in other.updates), default=0)
        if 0 < largest < samples:  # they went through in batches, and into one gradient
            code = "steps-once-per-epoch"
        elif samples <= elsewhere < len(other.targets):  # all were fewer than one batch
            code = "wrong-batch-size"
    return replace(found, codes=(code, *others))


def _possible_epochs(given: Training) -> set[int]:
    return {given.epochs, 0 if given.values is None else len(given.values)}


def advice_on_optimizers(given: Training) -> tuple[str, ...]:
    """Whether each step's optimizer was a new one and the one before had remembered something, in
    vain: the weights are those of an optimizer without memory, which is right by itself."""
    in_vain = given.clock is not None and not given.clock.remembers.any()
    forgotten = given.notes.counts["forgotten"] >= max(1, len(given.updates) - 1)
    return ("optimizer-rebuilt",) if in_vain and forgotten else ()


# -- values


def explain_fixed(given: Training) -> Origin | None:
    """The same for a network whose losses stay what they are: over batches in the data's order, and
    over those that it was trained on."""

    def histories() -> Iterator[History]:
        losses = given.losses(given.layers)
        in_order = batch_indices(len(given.targets), given.batch_size)
        count = 0 if given.values is None else len(given.values)
        # As many values as batches: they are rather the batches' than those of so many epochs.
        epochs = given.epochs if count == given.epochs * len(in_order) else count
        yield {
            code: [[loss[batch] for batch in in_order]] * epochs for code, loss in losses.items()
        }
        each = by_epoch(given.updates, len(given.updates) // epochs)
        if len(each) == epochs:
            yield {
                code: [[loss[update.samples] for update in epoch] for epoch in each]
                for code, loss in losses.items()
            }

    summed = given.pairs is not None and given.pairs.summed
    return explain(given.values, len(given.targets), histories(), summed)


def explain_as_noted(given: Training) -> Origin | None:
    """The same over the batches and the pairs of inputs and targets that were noted, as far as they
    make whole epochs."""
    seen = given.pairs
    if seen is None or given.values is None or not len(given.values):
        return None
    logits = given.met(given.layers)[0][seen.samples]
    each = {code: loss(logits, seen.targets)[0] for code, loss in network.LOSSES.items()}
    batches = np.split(np.arange(len(logits)), np.flatnonzero(np.diff(seen.passes)) + 1)
    epochs = whole_epochs(
        batches, max(1, int(given.notes.counts["gradients"]) // len(given.values))
    )
    if len(epochs) < 2:  # one number may agree by chance
        return None
    history: History = {
        code: [[losses[batch] for batch in epoch] for epoch in epochs]
        for code, losses in each.items()
    }
    return explain(given.values[: len(epochs)], len(given.targets), [history], seen.summed)


def judge_values(fixed: Training, learner: Training) -> dict[str, Finding]:
    """What is found about the values of a network whose losses stay what they are, and about the
    number of values of one that learns from other data."""
    origin = explain_fixed(fixed)
    expected, got = f"{fixed.losses(fixed.layers)[''].mean():.4g}, …", preview(fixed.values)
    copied = "hard-coded" if same_numbers(fixed.values, learner.values) else ""
    down = fixed.pairs.loss if fixed.pairs else ""
    apart = "inputs-targets-misaligned" if fixed.misaligned else ""
    losses: tuple[str, ...]
    averages: tuple[str, ...]
    if origin:
        losses, averages = (origin.loss,), origin.averages
    else:
        as_noted = explain_as_noted(fixed)
        losses = apart, as_noted.loss if as_noted else "" if apart else down
        averages = (as_noted.averages or (apart,)) if as_noted else ()
    counts = [0 if one.values is None else len(one.values) for one in (fixed, learner)]
    by_epochs = origin is not None and network.NAMELESS not in averages and 0 not in counts
    return {
        "one-value-an-epoch": Finding(
            counts == [fixed.epochs, learner.epochs],
            _both_counts(fixed.epochs, learner.epochs),
            _both_counts(*counts) if any(counts) else "",
            ("wrong-epochs",) if by_epochs else (),
        ),
        # Where the values are right, and the training went down another loss, that costs nothing
        # here.
        "cross-entropy": Finding(
            origin is not None and not origin.loss, expected, got, (*losses, copied), (down,)
        ),
        "epoch-mean": Finding(
            origin is not None and not averages,
            expected,
            got,
            (*averages, copied),
            advice_on_graphs(fixed, learner),
        ),
    }


def _both_counts(first: int, second: int) -> Message:
    return Message("{first} and {second} values", first=first, second=second)


def advice_on_graphs(*trainings: Training) -> tuple[str, ...]:
    """Whether the graphs of all of an epoch's steps lived at once."""
    for given in trainings:
        steps = len(batch_indices(len(given.targets), given.batch_size))
        if given.notes.counts["kept"] >= max(4, steps):
            return ("keeps-graph",)
    return ()

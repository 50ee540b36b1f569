"""What a training shows: the updates that `_given.Observed` was moved by, and where its values come from.

Exercises 2 and 3 share this, and the checks below.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from corelab.exercises import _network as network
from corelab.exercises._evidence import Found, agree, cut, few, part, read, read_layers
from corelab.grading.records import Arrays, Outcome
from corelab.language import N_, _

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

One = TypeVar("One")
MOST_VALUES = 300  # that are looked at


@dataclass(frozen=True)
class Training:
    """One call of `train`: what was sent for it, and what came back, as far as it could be read."""

    inputs: np.ndarray
    targets: np.ndarray
    layers: network.Layers
    activation: str
    epochs: int
    batch_size: int
    values: np.ndarray | None
    updates: list[Update]
    no_updates: str
    """Why there are none, where that is known."""
    after: network.Layers | None

    def losses(
        self, layers: network.Layers, samples: np.ndarray | slice = slice(None)
    ) -> dict[str, np.ndarray]:
        """The loss of each sample under weights such as these, by the codes of LOSSES."""
        return network.losses(layers, self.activation, self.inputs[samples], self.targets[samples])


def pack(
    inputs: np.ndarray,
    targets: np.ndarray,
    layers: network.Layers,
    activation: str,
    epochs: int,
    batch_size: int,
    updates: int,
) -> Arrays:
    """What a training is run on, as arrays to send. updates: that the page of its model has room for."""
    settings = {"epochs": epochs, "batch_size": batch_size, "updates": updates}
    return {
        "inputs": inputs,
        "targets": targets,
        **{name: np.array(value) for name, value in settings.items()},
        **network.pack(layers, activation),
    }


def read_back(sent: Arrays, name: str, outcome: Outcome) -> Training:
    """The training whose part of what was sent, and whose frames, have this name."""
    its = part(sent, name)
    layers, activation = network.unpack(its)
    page = read(outcome, name, "page", int(its["updates"]), len(its["targets"]))
    return Training(
        its["inputs"],
        its["targets"],
        layers,
        activation,
        int(its["epochs"]),
        int(its["batch_size"]),
        read(outcome, f"{name} values", "values", None),
        [] if page is None else read_updates(page),
        "" if page is None else _("the weights were not updated from batches"),
        read_layers(outcome, name, layers),
    )


# -- updates


@dataclass(frozen=True)
class Update:
    """One update of the weights, as a row of the page tells it."""

    samples: np.ndarray
    """The numbers of the samples that it was made from."""
    adds_up: bool
    """An earlier batch's gradient was still there when a batch's gradient was computed."""
    several: bool
    """Several batches' gradients went into it."""
    moved: float
    """How far the marks of its samples were moved: under gradient descent by the learning rate."""


def read_updates(page: np.ndarray) -> list[Update]:
    """The updates that a page (updates, samples) tells of, in order; none where it is none."""
    if page[0].min() >= 0 < page[0].max():  # the first batch finds nothing left over: this one goes uphill
        page = -page
    used = (page != 0).any(1)
    done = int(used.sum())
    if not used[:done].all():
        return []  # rows are filled from the first
    if done < len(page):
        return [_read_row(row) for row in page[:done]]
    if (page != 0).all():
        return []  # pushed as a whole
    return [_read_row(row) for row in page[:-1]]  # the last row has all that found no room


def _read_row(row: np.ndarray) -> Update:
    samples = np.flatnonzero(row)
    upward = row[samples] > 0
    several = bool(upward.any() and not upward.all())
    return Update(samples, bool(upward.any()), several, float(np.abs(row[samples]).max()))


def by_epoch(updates: Sequence[One], steps: int) -> list[Sequence[One]]:
    """The updates (or what goes with them) in groups of `steps`, an epoch each; none where some remain."""
    return whole_epochs(updates, steps) if steps and len(updates) % steps == 0 else []


def whole_epochs(updates: Sequence[One], steps: int) -> list[Sequence[One]]:
    """The same, without what remains."""
    return [updates[end - steps : end] for end in range(steps, len(updates) + 1, steps)]


def judge_batches(given: Training) -> Found:
    """Whether there was one update a batch, over every sample once an epoch.

    How many epochs is another check's concern. There may be fewer: an answer may put the best weights back.
    """
    samples, size = len(given.targets), given.batch_size
    steps = len(cut(samples, size))
    expected = _in_words(given.epochs * steps, [size, samples % size or size])
    if not given.updates:
        return Found(False, expected, given.no_updates)
    got = _in_words(len(given.updates), [len(update.samples) for update in given.updates])
    epochs = by_epoch(given.updates, steps)
    right = (
        0 < len(epochs) <= max(_possible_epochs(given))
        and all(_is_whole(epoch, samples, size) for epoch in epochs)
        and not any(update.several for update in given.updates)
    )
    return Found(right, expected, got, () if right else (_mistake_in_batches(given),))


def _possible_epochs(given: Training) -> set[int]:
    return {given.epochs, 0 if given.values is None else len(given.values)}


def _is_whole(epoch: Sequence[Update], samples: int, size: int) -> bool:
    """Whether the updates took every sample once, in batches of `size` and a short one."""
    taken = np.concatenate([update.samples for update in epoch])
    sizes = sorted(len(update.samples) for update in epoch)
    return np.array_equal(np.sort(taken), np.arange(samples)) and sizes == sorted(
        map(len, cut(samples, size))
    )


def _mistake_in_batches(given: Training) -> str:
    updates, samples, size = given.updates, len(given.targets), given.batch_size
    sizes = {len(update.samples) for update in updates}
    short = samples % size or size
    several = any(update.several for update in updates)
    if len(updates) in _possible_epochs(given) and samples > size and (several or sizes == {short}):
        # All batches' gradients at once; or they were set to zero, and the last batch's alone was left.
        return "steps-once-per-epoch"
    if several:
        return ""
    if sizes == {samples}:
        return "whole-dataset-at-once"
    if sizes == {1}:
        return "one-sample-at-a-time"
    if sizes == {size} and _without_tail(by_epoch(updates, samples // size), samples // size * size):
        return "dropped-last-batch"
    other = max(sizes)
    epochs = whole_epochs(updates, len(cut(samples, other)))
    if other != size and epochs and all(_is_whole(epoch, samples, other) for epoch in epochs):
        return "wrong-batch-size"
    return ""


def _without_tail(epochs: Sequence[Sequence[Update]], samples: int) -> bool:
    """Whether each epoch took so many samples, all different."""
    taken = [np.concatenate([update.samples for update in epoch]) for epoch in epochs]
    return bool(taken) and all(len(one) == len(np.unique(one)) == samples for one in taken)


def _in_words(updates: int, sizes: Sequence[int]) -> str:
    shown = sorted(set(sizes), reverse=True)
    several = ", ".join(map(str, shown[:4])) + (", …" if len(shown) > 4 else "")
    return _("{updates} updates, from {several} samples each").format(updates=updates, several=several)


# -- values

Epoch = Sequence[np.ndarray]
"""The losses of the samples of each of an epoch's batches, in order."""
History = dict[str, list[Epoch]]
"""The losses of every epoch, by the codes of LOSSES."""


@dataclass(frozen=True)
class Origin:
    """Where returned values come from: the codes of the mistakes, or nothing where it is right."""

    loss: str
    average: str


def explain(values: np.ndarray | None, samples: int, histories: Iterable[History]) -> Origin | None:
    """How exactly these values come out of one of the histories, over a data set of so many samples; None
    where nothing known explains them."""
    if values is None or not 0 < len(values) <= MOST_VALUES:
        return None
    found = [
        Origin(loss, average)
        for history in histories
        for loss, epochs in history.items()
        for average, predicted in _averages(epochs, samples)
        if agree(values, predicted)
    ]
    return min(found, key=lambda origin: bool(origin.loss) + bool(origin.average), default=None)


def explain_fixed(given: Training) -> Origin | None:
    """The same for a network whose losses stay what they are: over batches in the data's order, and over
    those that it was trained on."""

    def histories() -> Iterator[History]:
        losses = given.losses(given.layers)
        in_order = cut(len(given.targets), given.batch_size)
        count = 0 if given.values is None else len(given.values)
        # As many values as batches: they are rather the batches' than those of so many epochs.
        epochs = given.epochs if count == given.epochs * len(in_order) else count
        yield {code: [[loss[batch] for batch in in_order]] * epochs for code, loss in losses.items()}
        each = by_epoch(given.updates, len(given.updates) // epochs)
        if len(each) == epochs:
            yield {
                code: [[loss[update.samples] for update in epoch] for epoch in each]
                for code, loss in losses.items()
            }

    return explain(given.values, len(given.targets), histories())


def _averages(epochs: Sequence[Epoch], samples: int) -> Iterator[tuple[str, np.ndarray]]:
    """What could be returned for the epochs: the right values (the mean over an epoch's samples) first."""
    taken = np.array([sum(map(len, epoch)) for epoch in epochs])
    batches = np.array([len(epoch) for epoch in epochs])
    sums = np.array([sum(losses.sum() for losses in epoch) for epoch in epochs])
    sums_of_means = np.array([sum(losses.mean() for losses in epoch) for epoch in epochs])
    yield "", sums / taken
    yield "", sums / samples  # another number where some were left out: which is another check's concern
    yield "mean-of-batch-means", sums_of_means / batches
    yield "last-batch-only", np.array([epoch[-1].mean() for epoch in epochs])
    yield "sum-instead-of-mean", sums
    yield (
        "sum-instead-of-mean",
        np.array([sum(len(b) * b.sum() for b in epoch) for epoch in epochs]) / samples,
    )
    yield "wrong-divisor", sums / batches
    yield "wrong-divisor", sums_of_means / samples
    for divided in sums / samples, sums_of_means / batches, sums / batches, sums_of_means / samples:
        yield "running-total-not-reset", np.cumsum(divided)
    yield network.NAMELESS, sums_of_means
    yield network.NAMELESS, np.array([losses.mean() for epoch in epochs for losses in epoch])


def judge_values(fixed: Training, learner: Training) -> dict[str, Found]:
    """What is found about the values of a network whose losses stay what they are, and about the number of
    values of one that learns from other data."""
    origin = explain_fixed(fixed)
    expected, got = f"{fixed.losses(fixed.layers)[''].mean():.4g}, …", few(fixed.values)
    copied = "hard-coded" if _same_numbers(fixed.values, learner.values) else ""
    loss, average = (origin.loss, origin.average) if origin else ("", "")
    counts = [0 if one.values is None else len(one.values) for one in (fixed, learner)]
    return {
        "one-value-an-epoch": Found(
            counts == [fixed.epochs, learner.epochs],
            f"{fixed.epochs}, {learner.epochs}",
            ", ".join(map(str, counts)) if any(counts) else "",
            ("wrong-epochs",) if origin and average != network.NAMELESS and 0 not in counts else (),
        ),
        "cross-entropy": Found(origin is not None and not loss, expected, got, (loss, copied)),
        "epoch-mean": Found(origin is not None and not average, expected, got, (average, copied)),
    }


def _same_numbers(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    """Whether two lists are the same to the last digit, as far as both go."""
    if first is None or second is None or not len(first) or not len(second):
        return False
    common = min(len(first), len(second))
    return np.array_equal(first[:common], second[:common])

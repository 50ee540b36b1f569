"""The updates that a model was moved by, as its page tells them, and their batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from corelab.common.i18n import Message
from corelab.grading.exercises.evidence.returned import batch_indices

One = TypeVar("One")
MOST_SAMPLES = 40_000  # of all updates together: a page of more is nobody's training, and not read


@dataclass(frozen=True)
class Update:
    """One update of the weights, as a row of the page tells it."""

    samples: np.ndarray
    """The numbers of the samples that it was made from."""
    adds_up: bool
    """An earlier update's gradient was still there when the first of its own was computed."""
    several: bool
    """Several gradients went into it, one after the other: of parts of a batch, or of several
    batches."""
    moved: float
    """How far the marks of its samples were moved: under gradient descent by the learning rate."""


def read_updates(page: np.ndarray) -> list[Update]:
    """The updates that a page (updates, samples) tells of, in order; none where it is none."""
    if np.count_nonzero(page) > MOST_SAMPLES:
        return []
    if (
        page[0].min() >= 0 < page[0].max()
    ):  # the first batch finds nothing left over: this one goes uphill
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
    return Update(samples, bool(upward.all()), several, float(np.abs(row[samples]).max()))


def by_epoch(updates: Sequence[One], steps: int) -> list[Sequence[One]]:
    """The updates (or what goes with them) in groups of `steps`, an epoch each; none where some
    remain."""
    return whole_epochs(updates, steps) if steps and len(updates) % steps == 0 else []


def whole_epochs(updates: Sequence[One], steps: int) -> list[Sequence[One]]:
    """The same, without what remains."""
    return [updates[end - steps : end] for end in range(steps, len(updates) + 1, steps)]


def is_whole(epoch: Sequence[Update], samples: int, size: int) -> bool:
    """Whether the updates took every sample once, in batches of `size` and a short one."""
    taken = np.concatenate([update.samples for update in epoch])
    sizes = sorted(len(update.samples) for update in epoch)
    return np.array_equal(np.sort(taken), np.arange(samples)) and sizes == sorted(
        map(len, batch_indices(samples, size))
    )


def in_one_order(epochs: Sequence[Sequence[Update]]) -> bool:
    """Whether all epochs have the same batches in the same order."""
    orders = [[tuple(update.samples) for update in epoch] for epoch in epochs]
    return len(orders) > 1 < len(orders[0]) and all(order == orders[0] for order in orders)


def mistake(updates: Sequence[Update], samples: int, size: int, epochs: set[int]) -> str:
    """The code of what is wrong with batches that were to be of this size. epochs: that there may
    be."""
    sizes = {len(update.samples) for update in updates}
    short = samples % size or size
    several = any(update.several for update in updates)
    if len(updates) in epochs and samples > size and (several or sizes == {short}):
        # All batches' gradients at once; or they were set to zero, and the last batch's alone was
        # left.
        return "steps-once-per-epoch"
    if several:
        return ""
    if sizes == {samples}:
        return "whole-dataset-at-once"
    if sizes == {1}:
        return "one-sample-at-a-time"
    if sizes == {size} and _without_tail(
        by_epoch(updates, samples // size), samples // size * size
    ):
        return "dropped-last-batch"
    largest = max(sizes)
    groups = whole_epochs(updates, len(batch_indices(samples, largest)))
    if largest != size and groups and all(is_whole(group, samples, largest) for group in groups):
        return "wrong-batch-size"
    return ""


def _without_tail(epochs: Sequence[Sequence[Update]], samples: int) -> bool:
    """Whether each epoch took so many samples, all different."""
    taken = [np.concatenate([update.samples for update in epoch]) for epoch in epochs]
    return bool(taken) and all(len(one) == len(np.unique(one)) == samples for one in taken)


def in_words(updates: int, sizes: Sequence[int]) -> Message:
    shown = sorted(set(sizes), reverse=True)
    several = ", ".join(map(str, shown[:4])) + (", …" if len(shown) > 4 else "")
    return Message(
        "{updates} updates, from {several} samples each", updates=updates, several=several
    )

"""Explain the numbers that a training returns: right, or under each known mistake."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from corelab.grading.exercises.evidence import numpy_network as network
from corelab.grading.exercises.evidence.returned import same_values

MOST_VALUES = 300  # that are looked at
USUAL = (
    32,
    64,
    100,
    128,
    200,
    256,
    500,
    512,
    1000,
)  # sizes of batches, as they are written into programs

Epoch = Sequence[np.ndarray]
"""The losses of the samples of each of an epoch's batches, in order."""
History = dict[str, list[Epoch]]
"""The losses of every epoch, by the codes of LOSSES."""


@dataclass(frozen=True)
class Origin:
    """Where returned values come from: the codes of the mistakes, or nothing where it is right."""

    loss: str
    averages: tuple[str, ...]

    @property
    def mistakes(self) -> int:
        return bool(self.loss) + len(self.averages)


def explain(
    values: np.ndarray | None, samples: int, histories: Iterable[History], summed: bool = False
) -> Origin | None:
    """How exactly these values come out of one of the histories, over a data set of so many
    samples; None where nothing known explains them. summed: the loss is known to be the sum over a
    batch."""
    if values is None or not 0 < len(values) <= MOST_VALUES:
        return None
    found: set[Origin] = set()
    for history in histories:
        for loss, epochs in history.items():
            for averages, predicted in _averages(epochs, samples, summed):
                if same_values(values, predicted):
                    found.add(Origin(loss, averages))
                    if not (loss or averages):
                        return Origin("", ())
            if not loss:  # two mistakes and a number from nowhere may agree by chance
                found |= {
                    Origin("", ("wrong-divisor",))
                    for predicted in _by_usual_sizes(epochs, samples)
                    if same_values(values, predicted)
                }
    fewest = min((origin.mistakes for origin in found), default=0)
    likely = [origin for origin in found if origin.mistakes == fewest]
    return (
        likely[0]
        if len(likely) == 1
        else Origin(network.NAMELESS, (network.NAMELESS,))
        if likely
        else None
    )


def _averages(
    epochs: Sequence[Epoch], samples: int, summed: bool
) -> Iterator[tuple[tuple[str, ...], np.ndarray]]:
    """What could be returned for the epochs: the right values (the mean over an epoch's samples)
    first."""
    taken = np.array([sum(map(len, epoch)) for epoch in epochs])
    batches = np.array([len(epoch) for epoch in epochs])
    size = max((len(losses) for epoch in epochs for losses in epoch), default=1)
    sums = np.array([sum(losses.sum() for losses in epoch) for epoch in epochs])
    means = np.array([sum(losses.mean() for losses in epoch) for epoch in epochs])
    squares = np.array([sum(len(losses) * losses.sum() for losses in epoch) for epoch in epochs])
    last = np.array([epoch[-1].mean() for epoch in epochs])
    last_sum = np.array([epoch[-1].sum() for epoch in epochs])
    of_an_epoch: list[tuple[tuple[str, ...], np.ndarray]] = [
        ((), sums / taken),
        (
            (),
            sums / samples,
        ),  # another number where some were left out: which is another check's concern
        (("mean-of-batch-means",), means / batches),
        (("mean-of-batch-means",), means * size / samples),
        (("last-batch-only",), last),
        (("sum-instead-of-mean",), sums),
        (("sum-instead-of-mean",), squares / samples),
        (("sum-instead-of-mean" if summed else "wrong-divisor",), sums / batches),
        (("wrong-divisor",), sums / (batches * size)),
        (("wrong-divisor",), sums / size),
        (("wrong-divisor",), means / samples),
        (("wrong-divisor",), means / size),
        ((network.NAMELESS,), means),
    ]
    yield from of_an_epoch
    yield ("last-batch-only", "sum-instead-of-mean"), last_sum
    for codes, values in of_an_epoch:
        if "last-batch-only" not in codes:
            yield ("running-total-not-reset", *codes), np.cumsum(values)
    yield ("running-total-not-reset",), np.cumsum(sums) / np.cumsum(taken)
    yield ("running-total-not-reset", "mean-of-batch-means"), np.cumsum(means) / np.cumsum(batches)
    yield (network.NAMELESS,), np.array([losses.mean() for epoch in epochs for losses in epoch])


def _by_usual_sizes(epochs: Sequence[Epoch], samples: int) -> Iterator[np.ndarray]:
    """What comes of a size of batches that is written into the program, and none of theirs."""
    sums = np.array([sum(losses.sum() for losses in epoch) for epoch in epochs])
    for size in USUAL:
        yield sums / size
        yield sums * size / samples


def same_numbers(first: np.ndarray | None, second: np.ndarray | None) -> bool:
    """Whether two lists are the same to the last digit, as far as both go, or at both ends."""
    if (
        first is None or second is None or not first.any() or not second.any()
    ):  # nothing is not much alike
        return False
    common = min(len(first), len(second))
    ends = common > 1 and first[0] != first[-1] and (first[[0, -1]] == second[[0, -1]]).all()
    return bool(ends) or np.array_equal(first[:common], second[:common])

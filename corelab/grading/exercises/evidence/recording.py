"""What the recorder in the child noted, and what follows where the grader computes the same.

A forged note can give a wrong answer another name. It never changes what is passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from corelab.grading.contract import CLASSES
from corelab.grading.exercises.evidence import numpy_network as network
from corelab.grading.exercises.evidence.returned import read
from corelab.grading.verdicts import Outcome

COUNTS = (
    *("passes", "copies", "gradients", "backward", "steps", "steps elsewhere", "empty steps"),
    *("forgotten", "changes in place", "kept"),
)
_MISALIGNED = 0.2  # of the samples have another's target: by chance nine of ten do


@dataclass(frozen=True)
class Notes:
    """Of one call of the answer."""

    counts: Mapping[str, float]
    """By COUNTS; 0 where there is none."""
    slopes: np.ndarray
    """(rows, 12): the number of the pass through the model, the sample's number, and dL/dlogits."""
    targets: np.ndarray
    """(rows, 2): the sample's number, and a class that it met with."""

    @property
    def passes(self) -> np.ndarray:
        """(rows,), the numbers of the passes."""
        return self.slopes[:, 0]

    @property
    def numbers(self) -> np.ndarray:
        """(rows,), those of the samples."""
        return self.slopes[:, 1]

    @property
    def why_nothing_moved(self) -> str:
        """The code of the mistake, where the model's weights stayed as they were."""
        count = self.counts
        steps, in_place = count["steps"], count["changes in place"]
        if count["steps elsewhere"] and not steps:
            return "wrong-parameters"
        if count["copies"] and not count["backward"]:  # the gradients went to a copy
            return "wrong-parameters" if steps and count["gradients"] else ""
        if not steps and not in_place:
            return "no-step" if count["gradients"] else ""
        # There was a gradient for each step, or for each change that was made by hand, and it was
        # gone then.
        if steps:
            return (
                "zero-grad-before-step"
                if count["backward"] >= steps == count["empty steps"]
                else ""
            )
        return "zero-grad-before-step" if in_place >= count["backward"] > 0 else ""


def read_notes(outcome: Outcome, frame: str) -> Notes:
    """The notes in this frame. What is malformed was not noted."""
    found = {name: read(outcome, frame, name) for name in COUNTS}
    rows = [
        read(outcome, frame, name, None, width) for name, width in (("slopes", 12), ("targets", 2))
    ]
    counts = {name: 0.0 if count is None else float(count) for name, count in found.items()}
    slopes, targets = (
        np.zeros((0, width)) if array is None else array[:1000]
        for array, width in zip(rows, (12, 2), strict=True)
    )
    return Notes(counts, slopes, targets)


@dataclass(frozen=True)
class Pairs:
    """Which samples met with which targets, in order."""

    samples: np.ndarray
    targets: np.ndarray
    passes: np.ndarray
    """The pass through the model that each was in."""
    loss: str = ""
    """By the code of LOSSES: the loss that was gone down."""
    summed: bool = False
    """The batch's losses were added, and no mean taken."""

    def misaligned(self, targets: np.ndarray) -> bool:
        """Whether these are not the samples' own targets."""
        return bool((targets[self.samples] != self.targets).mean() > _MISALIGNED)


def pairs(notes: Notes, logits: np.ndarray) -> Pairs | None:
    """The targets under which the losses of LOSSES have the slopes that were noted; None where none
    has.

    logits: (N, 10) of all samples, under weights that nothing changed.
    """
    passes, samples = notes.passes, _numbers(notes.numbers, len(logits))
    slopes = notes.slopes[:, 2:]
    size = np.linalg.norm(slopes, axis=1)
    used = size > 1e-9
    if samples is None or used.sum() < 8:
        return None
    passes, samples, slopes, size = passes[used], samples[used], slopes[used], size[used]
    for code, loss in network.LOSSES.items():
        of_all = [loss(logits, np.full(len(logits), c))[1] for c in range(CLASSES)]
        possible = np.stack(of_all, 1)[samples]  # (rows, targets, 10)
        sizes = np.linalg.norm(possible, axis=2)
        apart = np.abs(
            possible / np.maximum(sizes, 1e-12)[..., None] - (slopes / size[:, None])[:, None]
        )
        apart = apart.max(2)
        targets = apart.argmin(1)
        rows = np.arange(len(samples))
        if (apart[rows, targets] < 1e-3).mean() < 0.99:
            continue
        factors = size / np.maximum(
            sizes[rows, targets], 1e-12
        )  # 1 / B for a mean: one for each batch
        batch = np.unique(passes, return_inverse=True)[1]
        middle = np.array([np.median(factors[batch == b]) for b in range(batch.max() + 1)])
        if (np.abs(factors / middle[batch] - 1) < 1e-2).mean() > 0.99:
            several = np.bincount(batch)[batch].max() > 1
            return Pairs(
                samples, targets, passes, code, bool(several and np.abs(middle - 1).max() < 1e-2)
            )
    return None


def noted_targets(notes: Notes, targets: np.ndarray) -> Pairs | None:
    """The pairs that were noted without any gradient, if they are of as many samples as there
    are."""
    samples = _numbers(notes.targets[:, 0], len(targets))
    seen = _numbers(notes.targets[:, 1], CLASSES)
    if samples is None or seen is None or len(samples) != len(targets):
        return None
    return Pairs(samples, seen, np.zeros(len(samples)))


def _numbers(values: np.ndarray, below: int) -> np.ndarray | None:
    """As indices, where all are."""
    numbers = values.astype(int)
    whole = (
        len(values) and (numbers == values).all() and numbers.min() >= 0 and numbers.max() < below
    )
    return numbers if whole else None

"""A few weights with known gradients: how they move tells what the optimizer remembers.

In the child, `models.Observed` gives them these gradients and notes where they are. In the parent,
what they did decides: it is weights, whatever the answer says about itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from corelab.grading.contract import GRADIENTS, TINY

_SAME = 0.05  # of the largest move: less apart than that is the same


@dataclass(frozen=True)
class Clock:
    """Where the weights were before each update, and after the last: (updates + 1, WEIGHTS)."""

    weights: np.ndarray

    @cached_property
    def moves(self) -> np.ndarray:
        return np.diff(self.weights, axis=0)

    @cached_property
    def remembers(self) -> np.ndarray:
        """(updates,), whether weights with the same gradient now, and others before, moved
        apart."""
        apart = np.zeros(len(self.moves))
        gradients, moves = GRADIENTS[: len(self.moves)], self.moves
        for value in np.unique(gradients):
            same = gradients == value
            highest = np.where(same, moves, -np.inf).max(1)
            lowest = np.where(same, moves, np.inf).min(1)
            apart = np.maximum(apart, np.where(same.any(1), highest - lowest, 0))
        least: np.ndarray = _SAME * np.abs(moves).max(1)
        return apart > least

    @property
    def adapts(self) -> bool:
        """Whether large and small gradients moved their weights as far, and those next to nothing
        less.

        So does an optimizer that divides each gradient by its usual size plus ε and knows of this
        one alone. Without ε it may be the mere sign.
        """
        gradients, moves = np.abs(GRADIENTS[: len(self.moves)]), np.abs(self.moves)
        far = moves.max(1, keepdims=True)
        as_far = np.where(gradients > TINY, np.abs(moves - far) <= _SAME * far, moves < 0.9 * far)
        return bool(len(moves) and as_far.all())

    @property
    def restarts(self) -> bool:
        """Whether the optimizer's memory ended, always after as many updates: one, or some.

        Where it ended after every single update, that shows only where it `adapts`: gradient
        descent has no memory that could end.
        """
        fresh = np.flatnonzero(~self.remembers)[1:]
        if len(self.moves) < 3 or len(fresh) < 2:
            return False
        every = fresh[0]
        return np.array_equal(fresh, np.arange(every, len(self.moves), every)) and (
            every > 1 or self.adapts
        )

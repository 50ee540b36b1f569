"""Which mistakes explain where a class went, that did not go with its reference.

Only what explains the whole way is an explanation: a mutant that is with the class at every step.
First every mistake alone; where none is enough, every two of them at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from corelab.grading.diagnosis import trial
from corelab.grading.diagnosis.formulas import Array
from corelab.grading.diagnosis.references import (
    FAILURES,
    SAME,
    Reference,
    relative_error,
)
from corelab.grading.verdicts import Arrays

IN_PLACE = "changes-gradient-in-place"


@dataclass(frozen=True)
class Difference:
    """Where a class first parts from the reference: by how much one number moved, and should
    have."""

    step: int
    """From 1."""
    parameter: int
    """From 1, in the order that the class was given them."""
    shape: tuple[int, ...]
    index: tuple[int, ...]
    expected: float
    got: float


class Search:
    """Search for what explains where a class went in the trial called `name`.

    got: the parameters after each step, (steps, total). gradients_after_step: what was then in
    their gradients, likewise.
    """

    def __init__(
        self, against: Reference, name: str, drawn: Arrays, got: Array, gradients_after_step: Array
    ) -> None:
        self.reference, self.plan = against, trial.PLANS[name]
        self.start, self.got = drawn["start"], got
        self.right, self.mutants = against.trajectories(name)
        self.steps = trial.schedule(self.plan, drawn)
        self.changed_steps = None
        if against.formula:
            self.changed_steps = _trial_with_changed_gradients(
                self.plan, self.steps, gradients_after_step
            )

    def explain(self) -> tuple[set[str], dict[str, float]]:
        """Find the codes that are certain, and how far each mutant is from the class, the nearest
        first; also the pairs that go with it, where no mutant does by itself."""
        errors: dict[str, float] = {}
        for mutant, way in self.mutants:
            error = float(way.errors(self.got).max())
            errors[mutant.code] = min(error, errors.get(mutant.code, math.inf))
        errors = dict(sorted(errors.items(), key=lambda item: item[1]))
        fitting = {code for code, error in errors.items() if error <= SAME}
        if self.changed_steps and (error := self._error({}, self.changed_steps)) <= SAME:
            fitting.add(IN_PLACE)
            errors = {IN_PLACE: error} | errors
        if fitting:
            certain = len(fitting) == 1 and np.isfinite(self.got).any()  # NaN can come of anything
            return fitting if certain else set(), errors
        pairs = dict(self._pairs())
        together = {" + ".join(sorted(pair)): error for pair, error in pairs.items()}
        return set(frozenset.intersection(*pairs)) if pairs else set(), together | errors

    def _pairs(self) -> Iterator[tuple[frozenset[str], float]]:
        """The codes of each two mistakes that together go the whole way, and their error."""
        mutants = [mutant for mutant, _way in self.mutants]
        for one, other in combinations(mutants, 2):
            if one.fits_with(other):
                error = self._error(one.pieces | other.pieces, self.steps)
                if error <= SAME:
                    yield frozenset({one.code, other.code}), error
        if self.changed_steps:
            for mutant in mutants:
                error = self._error(mutant.pieces, self.changed_steps)
                if error <= SAME:
                    yield frozenset({mutant.code, IN_PLACE}), error

    def _error(self, pieces: Mapping[str, Any], steps: list[trial.Step]) -> float:
        """How far the rule with these pieces is from the class; infinite, and no step more, once
        that is too far."""
        last, length, error = self.start, np.zeros_like(self.start), 0.0
        positions = self.reference.positions(pieces, self.plan, self.start, steps)
        try:
            for got, at in zip(self.got, positions, strict=True):
                length, last = length + np.abs(at - last), at
                error = max(error, float(relative_error(got, at, length).max()))
                if error > SAME:
                    return math.inf
        except FAILURES:
            return math.inf
        return error

    def first_difference(self) -> Difference:
        """Where the class first parts from the reference."""
        step = self.right.first_divergence(self.got)
        at = int(self.right.errors(self.got)[step].argmax())
        parameter = int(np.searchsorted(np.cumsum(self.plan.sizes), at, side="right"))
        shape = self.plan.shapes[parameter]
        inside = at - sum(self.plan.sizes[:parameter])
        before = self.got[step - 1, at] if step else self.start[at]
        return Difference(
            step=step + 1,
            parameter=parameter + 1,
            shape=shape,
            index=tuple(map(int, np.unravel_index(inside, shape))) if shape else (),
            expected=float(self.right.moves[step, at]),
            got=float(self.got[step, at] - before),
        )


def _trial_with_changed_gradients(
    plan: trial.TrialPlan, steps: list[trial.Step], gradients_after_step: Array
) -> list[trial.Step] | None:
    """The trial as it was for a class that changes gradients: where one is not set anew, it is what
    the class left in it at the step before. None where all were left as they are."""
    changed: list[trial.Step] = []
    differs = False
    for number, step in enumerate(steps):
        gradients = list(step.gradients)
        for i in np.flatnonzero(step.stale):
            untouched, left = gradients[i], plan.cut(gradients_after_step[number - 1])[i]
            differs |= untouched is None or not np.allclose(left, untouched, 1e-9, 0, True)
            gradients[i] = left
        changed.append(replace(step, gradients=gradients))
    return changed if differs else None

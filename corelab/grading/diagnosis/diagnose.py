"""`corelab diagnose`: a student's optimizer beside a reference, and the mistake that explains where it goes.

The class runs in the sandbox; where the parameters went comes back, and everything else is computed here, in
float64: the reference's way, and that of every mutant of it, alone and in pairs. Only a mutant that goes the
whole way with the student's class is named.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from corelab.common.errors import UserError
from corelab.common.i18n import _, shown
from corelab.common.sanitize import one_line, say
from corelab.grading.diagnosis import trial
from corelab.grading.diagnosis.mutants import HELPS, MUTANTS, Mutant
from corelab.grading.diagnosis.mutations import RIGHT, Rule
from corelab.grading.diagnosis.references import NO_WAY, SAME, Reference, reference, shares
from corelab.grading.sandbox.sandbox import Sandbox
from corelab.grading.submissions.archives import Place, UnreadableError, read
from corelab.grading.submissions.source import most, read_source
from corelab.grading.verdicts import Arrays, Isolation, Outcome

EXACT = 1e-8
_SHOWN = 5
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


@dataclass(frozen=True)
class Diagnosis:
    """What was found of one class."""

    against: str
    settings: dict[str, Any]
    matches: bool = False
    first_difference: Difference | None = None
    codes: tuple[str, ...] = ()
    """Of the mistakes, or of the variant, that explain the whole way; none where nothing known
    does."""
    variant: bool = False
    """Nothing but what some library or book has, too."""
    fits: tuple[tuple[str, float], ...] = ()
    """The codes that come nearest, each with the largest difference that remains, as a share of the
    way."""
    remarks: tuple[str, ...] = ()
    isolation: Isolation | None = None

    def json(self) -> dict[str, Any]:
        first = self.first_difference
        return {
            "matches": self.matches,
            "against": self.against,
            "settings": self.settings,
            "first_difference": first
            and {
                "step": first.step,
                "parameter": first.parameter,
                "index": list(first.index),
                "expected": _number(first.expected),
                "got": _number(first.got),
            },
            "diagnosis": list(self.codes),
            "variant": self.variant,
            "fits": [{"code": code, "error": _number(error)} for code, error in self.fits],
            "remarks": list(self.remarks),
            "isolation": self.isolation,
        }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


# -- the command


def run(
    which: str,
    against: str,
    assignments: Iterable[str] = (),
    *,
    convention: str = "torch",
    as_json: bool = False,
    sandbox: Sandbox,
) -> int:
    """Say how the class FILE.py:Class compares; 0 where it matches, or is a legitimate variant,
    else 1.

    Raises UserError for a file, class, reference or setting that is not there, and a class that
    does not run.
    """
    file, _colon, class_name = which.rpartition(":")
    if not file or not class_name.isidentifier():
        raise UserError(_("expected FILE.py:Class, got {which}").format(which=repr(which)))
    try:
        source = read_source(read(Place(Path(file)), most(file)), file)
    except UnreadableError as error:
        raise UserError(f"{file}: {error}") from None
    name = str(Path(Path(file).name).with_suffix(".ipynb" if source.notebook else ".py"))
    settings = dict(map(_assignment, assignments))
    try:
        found = diagnose(
            source.code,
            class_name,
            against,
            settings,
            convention=convention,
            sandbox=sandbox,
            filename=name,
        )
    except UserError as error:
        raise UserError(source.relocate(str(error))) from None
    if as_json:
        say(json.dumps(found.json(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        say("\n".join(_told(which, found)))
    return 0 if found.matches or found.variant else 1


def _assignment(text: str) -> tuple[str, Any]:
    name, _equals, value = text.partition("=")
    try:
        given = ast.literal_eval(value.strip())
        numbers = tuple(given) if isinstance(given, tuple | list) else (given,)
        if not all(isinstance(x, int | float) and math.isfinite(x) for x in numbers):
            raise ValueError
    except (ValueError, SyntaxError, TypeError, ArithmeticError, MemoryError, RecursionError):
        message = _(
            "--set: expected KEY=VALUE with a number, True, False or two numbers, got {text}"
        )
        raise UserError(message.format(text=repr(text))) from None
    return name.strip().replace("-", "_"), numbers if isinstance(given, tuple | list) else given


def _told(which: str, found: Diagnosis) -> Iterator[str]:
    settings = ", ".join(f"{key}={value}" for key, value in found.settings.items())
    yield _("{which} beside {against} ({settings})").format(
        which=which, against=found.against, settings=settings
    )
    first = found.first_difference
    if found.matches:
        yield "[OK] " + _("the same at each of {steps} steps").format(steps=trial.STEPS)
    elif not first:
        yield "[X]  " + _("the same in what it could be put through, which is not all")
    else:
        place = _("parameter {number} of shape {shape}, at {index}").format(
            number=first.parameter, shape=first.shape, index=list(first.index)
        )
        yield ("[OK] " if found.variant else "[X]  ") + _(
            "differs from step {step} on: {place}"
        ).format(step=first.step, place=place)
        yield "     " + _("expected to move by {move:.6g}").format(move=first.expected)
        ratio = first.got / first.expected if first.expected else math.nan
        times = _(" ({ratio:.4g} times as far)").format(ratio=ratio) if math.isfinite(ratio) else ""
        yield "     " + _("got {move:.6g}").format(move=first.got) + times
    for code in found.codes:
        yield f"     {code}: " + _(HELPS[code])
    if found.variant:
        yield "     " + _("This is a legitimate variant, not a mistake.")
    elif first and not found.codes:
        near = ", ".join(code for code, error in found.fits if error <= SAME)
        yield "     " + (
            _("known mistakes that fit, though none for certain: {codes}").format(codes=near)
            if near
            else _("no known mistake fits")
        )
    yield from (f"     {remark}" for remark in found.remarks)


# -- the comparison


def diagnose(
    source: bytes,
    class_name: str,
    against: str,
    settings: Mapping[str, Any],
    *,
    convention: str = "torch",
    sandbox: Sandbox | None = None,
    filename: str = "answer.py",
) -> Diagnosis:
    """Compare the class of this name in `source` with the reference.

    sandbox: without one the class runs here, in this process: only for code that is trusted. Raises
    UserError for what is not there, and for a class that does not run.
    """
    beside = reference(against, settings, convention)
    asked = set(settings) - {"nesterov"}  # which the class itself is
    sent = trial.pack(class_name, beside.settings, asked)
    if sandbox:
        with ThreadPoolExecutor(1) as child:
            running = child.submit(sandbox.run, source, filename, trial.__name__, sent)
            beside.ways("groups")  # meanwhile: what nearly every class is compared with
            outcome = running.result()
    else:
        answer = ModuleType("answer")
        exec(compile(source, filename, "exec"), answer.__dict__)
        outcome = Outcome("finished", "limits only", dict(trial.run(answer, sent)))
    name, returned = _returned(outcome)
    drawn = {key: sent[f"{name}.{key}"] for key in ("start", "gradients", "given")}
    found = Diagnosis(against, beside.settings, isolation=outcome.isolation if sandbox else None)
    with np.errstate(all="ignore"):
        search = Search(beside, name, drawn, returned)
        furthest = float(search.right.differences(search.got).max())
        if furthest <= SAME:
            missing, remarks = _not_done(name, bool(returned["saved"]), beside)
            if furthest > EXACT:
                rounded = _("Up to rounding: {share:.1g} of the way, as from float32 in between.")
                remarks.append(rounded.format(share=furthest))
            whole = not missing and len(set(trial.SCRIPTS[name].shapes)) > 1
            return replace(found, matches=whole, codes=tuple(missing), remarks=tuple(remarks))
        codes, errors = search.explain()
        variants = {
            mutant.code for mutant in MUTANTS if mutant.variant and beside.bench in mutant.of
        }
        missing, remarks = _not_done(name, bool(returned["saved"]), beside)
        if codes and codes <= variants:
            codes = codes.union(missing)
        return replace(
            found,
            first_difference=search.first(),
            codes=tuple(sorted(codes)),
            variant=bool(codes) and codes <= variants,
            fits=tuple(list(errors.items())[:_SHOWN]),
            remarks=tuple(remarks),
        )


def _returned(outcome: Outcome) -> tuple[str, Arrays]:
    """What came back, if it has the form that it must have. Raises UserError where there is
    none."""
    for name, script in trial.SCRIPTS.items():
        arrays = outcome.returned.get(name, {})
        whole = (trial.STEPS, sum(script.sizes))
        shapes = {"positions": whole, "gradients": whole, "saved": ()}
        if all(_has_form(arrays.get(key), shape) for key, shape in shapes.items()):
            return name, arrays
    raise UserError(
        one_line(shown(outcome.message), 500) or _("the class gave nothing that can be compared")
    )


def _has_form(array: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(array, np.ndarray) and array.dtype == np.float64 and array.shape == shape


def _not_done(name: str, saved: bool, beside: Reference) -> tuple[list[str], list[str]]:
    """What the class could not be put through: mistakes, where nothing else is wrong, and
    remarks."""
    script = trial.SCRIPTS[name]
    codes, remarks = [], []
    if not script.in_groups:
        codes.append("ignores-param-groups")
        remarks.append(
            _("It does not take parameter groups: it ran on a plain list of parameters.")
        )
    if len(set(script.shapes)) == 1:
        remarks.append(
            _("It failed on parameters of several shapes: it ran on parameters of one shape.")
        )
    if not saved:
        codes += ["state-not-in-state-dict"] if beside.bench.remembers else []
        remarks.append(_("It has no state_dict: it was not saved and loaded."))
    return codes, remarks


def _is_late(mutant: Mutant) -> bool:
    return mutant.change.keys() <= {"none", "lost"}


class Search:
    """What explains where a class went, (steps, total), that did not go with the reference."""

    def __init__(self, against: Reference, script: str, drawn: Arrays, returned: Arrays) -> None:
        self.reference, self.script, self.drawn = against, script, drawn
        self.got = returned["positions"]
        self.touched = self._as_seen(returned["gradients"])
        self.right, self.ways = against.ways(script)

    def explain(self) -> tuple[set[str], dict[str, float]]:
        """The codes that are certain, and how far each mutant is from the class, the nearest first;
        also the pairs that go with it, where no mutant does by itself."""
        errors: dict[str, float] = {}
        for mutant, way in self.ways:
            error = float(way.differences(self.got).max())
            errors[mutant.code] = min(error, errors.get(mutant.code, math.inf))
        errors = dict(sorted(errors.items(), key=lambda item: item[1]))
        fitting = {code for code, error in errors.items() if error <= SAME}
        if self.touched and (error := self._error(RIGHT, self.touched)) <= SAME:
            fitting.add(IN_PLACE)
            errors = {IN_PLACE: error} | errors
        if fitting:
            certain = len(fitting) == 1 and np.isfinite(self.got).any()  # NaN can come of anything
            return fitting if certain else set(), errors
        pairs = dict(self._pairs())
        together = {" + ".join(sorted(pair)): error for pair, error in pairs.items()}
        return set(frozenset.intersection(*pairs)) if pairs else set(), together | errors

    def _pairs(self) -> Iterator[tuple[frozenset[str], float]]:
        """The codes of each two mistakes that together go the whole way, and how far they are from
        it."""
        # Before a gradient is missing or the state is lost, nothing comes of a mistake with that:
        # until then the other one goes with the class by itself, or not at all.
        able = [
            (
                mutant,
                self.right.parting(way.positions) if _is_late(mutant) else 0,
                way.parting(self.got),
            )
            for mutant, way in self.ways
        ]
        for (one, begins, leaves), (other, its_begins, its_leaves) in combinations(able, 2):
            rule = one.with_other(other)
            if rule is None or one.code == other.code or leaves < its_begins or its_leaves < begins:
                continue
            if (error := self._error(rule, self.drawn)) <= SAME:
                yield frozenset({one.code, other.code}), error
        if self.touched:
            for mutant, _way in self.ways:
                if (error := self._error(mutant.rule(), self.touched)) <= SAME:
                    yield frozenset({mutant.code, IN_PLACE}), error

    def _error(self, rule: Rule, drawn: Arrays) -> float:
        """How far the mutant is from the class; infinite, and no step more, once that is too
        far."""
        script, make = trial.SCRIPTS[self.script], self.reference.mutant(rule)
        last, length, error = drawn["start"], np.zeros_like(drawn["start"]), 0.0
        try:
            steps = trial.drive(make, script, drawn, self.reference.lr)
            for got, (at, _seen) in zip(self.got, steps, strict=True):
                length, last = length + np.abs(at - last), at
                error = max(error, float(shares(got, at, length).max()))
                if error > SAME:
                    return math.inf
        except NO_WAY:
            return math.inf
        return error

    def _as_seen(self, seen: np.ndarray) -> Arrays | None:
        """The trial as it is for a class that changes gradients which are left for a later step:
        with what was seen in them behind the step before. None where they were not changed."""
        sizes = trial.SCRIPTS[self.script].sizes
        left = self.drawn["given"][:, np.repeat(np.arange(len(sizes)), sizes)] == trial.LEFT
        untouched, touched = self.drawn["gradients"].copy(), self.drawn["gradients"].copy()
        for step in range(1, trial.STEPS):
            untouched[step, left[step]] = untouched[step - 1, left[step]]
            touched[step, left[step]] = seen[step - 1, left[step]]
        if np.isclose(touched, untouched, 1e-9, 0, equal_nan=True).all():
            return None
        given = np.where(self.drawn["given"] == trial.LEFT, trial.FRESH, self.drawn["given"])
        return {**self.drawn, "gradients": touched, "given": given}

    def first(self) -> Difference:
        """Where the class first parts from the reference."""
        script, step = trial.SCRIPTS[self.script], self.right.parting(self.got)
        at = int(self.right.differences(self.got)[step].argmax())
        parameter = int(np.searchsorted(np.cumsum(script.sizes), at, side="right"))
        shape = script.shapes[parameter]
        index = np.unravel_index(at - sum(script.sizes[:parameter]), shape) if shape else ()
        before = self.got[step - 1, at] if step else self.drawn["start"][at]
        return Difference(
            step=step + 1,
            parameter=parameter + 1,
            shape=shape,
            index=tuple(int(i) for i in index),
            expected=float(self.right.moves[step, at]),
            got=float(self.got[step, at] - before),
        )

"""`corelab diagnose`: a student's optimizer beside a reference, and the mistake that explains it.

The class runs in the sandbox; where the parameters went comes back, and everything else is computed
here, in float64: the way of the reference, and that of every mutant of it, alone and in pairs. Only
a mutant that goes the whole way with the student's class is named.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.common.sanitize import one_line, print_safely
from corelab.grading.diagnosis import trial
from corelab.grading.diagnosis.feedback import HELPS
from corelab.grading.diagnosis.references import SAME, Reference, reference
from corelab.grading.diagnosis.search import Difference, Search
from corelab.grading.sandbox.sandbox import Sandbox
from corelab.grading.submissions.archives import FileRef, UnreadableError, read
from corelab.grading.submissions.source import Source, max_bytes, read_source
from corelab.grading.verdicts import Arrays, Isolation, Outcome

EXACT = 1e-8
_SHOWN = 5


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
    source = _read(file)
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
        raise UserError(str(source.lines_to_cells(str(error)))) from None
    if as_json:
        print_safely(json.dumps(found.json(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print_safely("\n".join(_report(which, found)))
    return 0 if found.matches or found.variant else 1


def _read(file: str) -> Source:
    try:
        return read_source(read(FileRef(Path(file)), max_bytes(file)), file)
    except UnreadableError as error:
        raise UserError(f"{file}: {error}") from None


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


def _report(which: str, found: Diagnosis) -> Iterator[str]:
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
            beside.trajectories("groups")  # meanwhile: what nearly every class is compared with
            outcome = running.result()
    else:
        answer = ModuleType("answer")
        exec(compile(source, filename, "exec"), answer.__dict__)
        outcome = Outcome("finished", "limits only", dict(trial.run(answer, sent)))
    name, returned = _returned(outcome)
    found = Diagnosis(against, beside.settings, isolation=outcome.isolation if sandbox else None)
    drawn = {key: sent[f"{name}.{key}"] for key in ("start", "gradients", "given")}
    with np.errstate(all="ignore"):  # a class may go to infinity, and a mutant divide by 0
        search = Search(beside, name, drawn, returned["positions"], returned["gradients"])
        return _compared(found, search, *_not_done(name, bool(returned["saved"]), beside))


def _compared(
    found: Diagnosis, search: Search, missing: list[str], remarks: list[str]
) -> Diagnosis:
    """Fill in whether the class matches, or else what explains it."""
    furthest = float(search.right.errors(search.got).max())
    if furthest <= SAME:
        if furthest > EXACT:
            rounded = _("Up to rounding: {share:.1g} of the way, as from float32 in between.")
            remarks.append(rounded.format(share=furthest))
        whole = not missing and len(set(search.plan.shapes)) > 1
        return replace(found, matches=whole, codes=tuple(missing), remarks=tuple(remarks))
    codes, errors = search.explain()
    variants = {mutant.code for mutant in search.reference.mutants if mutant.variant}
    if codes and codes <= variants:
        codes = codes.union(missing)
    return replace(
        found,
        first_difference=search.first_difference(),
        codes=tuple(sorted(codes)),
        variant=bool(codes) and codes <= variants,
        fits=tuple(list(errors.items())[:_SHOWN]),
        remarks=tuple(remarks),
    )


def _returned(outcome: Outcome) -> tuple[str, Arrays]:
    """Take what came back, and the name of its trial. Raises UserError where nothing has the form
    that it must have."""
    for name, plan in trial.PLANS.items():
        arrays = outcome.returned.get(name, {})
        whole = (trial.STEPS, sum(plan.sizes))
        shapes = {"positions": whole, "gradients": whole, "saved": ()}
        if all(_has_form(arrays.get(key), shape) for key, shape in shapes.items()):
            return name, arrays
    raise UserError(
        one_line(str(outcome.message), 500) or _("the class gave nothing that can be compared")
    )


def _has_form(array: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(array, np.ndarray) and array.dtype == np.float64 and array.shape == shape


def _not_done(name: str, saved: bool, beside: Reference) -> tuple[list[str], list[str]]:
    """List what the class could not be put through: codes, which are mistakes where nothing else
    is wrong, and remarks."""
    plan = trial.PLANS[name]
    codes, remarks = [], []
    if not plan.in_groups:
        codes.append("ignores-param-groups")
        remarks.append(
            _("It does not take parameter groups: it ran on a plain list of parameters.")
        )
    if len(set(plan.shapes)) == 1:
        remarks.append(
            _("It failed on parameters of several shapes: it ran on parameters of one shape.")
        )
    if not saved:
        codes += ["state-not-in-state-dict"] if beside.formula and beside.formula.stateful else []
        remarks.append(_("It has no state_dict: it was not saved and loaded."))
    return codes, remarks

"""What a check asks, what was found about it, and the verdict on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from corelab.common.i18n import Message, Text
from corelab.grading.exercises.evidence.numpy_network import NAMELESS
from corelab.grading.verdicts import Check, Outcome


@dataclass(frozen=True)
class CheckSpec:
    """What a check asks, and what to try where it fails; its texts are marked with N_."""

    points: float
    title: str
    help: str


@dataclass(frozen=True)
class Finding:
    """What was found about it."""

    passed: bool
    expected: Text = ""
    got: Text = ""
    codes: tuple[str, ...] = ()
    """Of the mistakes that the evidence proves, where it failed; empty ones and NAMELESS are not
    shown."""
    advice: tuple[str, ...] = ()
    """The same for what costs nothing, also where it passed."""


def checks(
    specs: Mapping[str, CheckSpec], findings: Mapping[str, Finding], outcome: Outcome
) -> list[Check]:
    """Return the verdict on each thing asked: "could not check" where we could not run it."""
    return [_check(name, spec, findings[name], outcome) for name, spec in specs.items()]


def _check(name: str, spec: CheckSpec, finding: Finding, outcome: Outcome) -> Check:
    if outcome.status == "could not run":
        return Check(name, spec.points, "could not check", got=outcome.message)
    if finding.passed:
        codes = _named(finding.advice)
        return Check(name, spec.points, "passed", finding.expected, finding.got, codes)
    got = finding.got or outcome.message or Message("nothing")
    return Check(name, spec.points, "failed", finding.expected, got, _named(finding.codes))


def _named(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({code.partition(":")[0] for code in codes} - {"", NAMELESS}))

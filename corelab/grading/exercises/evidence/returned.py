"""Reading what came back of an answer, and saying what was found: nothing that is read here is trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from corelab.common.i18n import N_, _
from corelab.grading.exercises.evidence.feedback import HELP
from corelab.grading.exercises.evidence.numpy_network import NAMELESS, Layers
from corelab.grading.verdicts import Arrays, Check, Outcome

RELATIVE, ABSOLUTE = 1e-4, 1e-4  # float32's accuracy, and an answer that rounds to four decimals
MOST_NUMBERS = 10_000_000


# -- frames


def parts(**named: Arrays) -> Arrays:
    """Several parts as one: `parts(given={"inputs": x})["given.inputs"] is x`."""
    return {
        f"{name}.{key}": value for name, arrays in named.items() for key, value in arrays.items()
    }


def part(arrays: Arrays, name: str) -> Arrays:
    """One of the parts again."""
    return {
        key.removeprefix(f"{name}."): value
        for key, value in arrays.items()
        if key.startswith(f"{name}.")
    }


def read(outcome: Outcome, frame: str, key: str, *shape: int | None) -> np.ndarray | None:
    """An array of finite floating-point numbers of this shape (None: any length), as float64; else
    None."""
    arrays = outcome.returned.get(frame)
    array = arrays.get(key) if isinstance(arrays, dict) else None
    if not isinstance(array, np.ndarray) or array.dtype.str not in ("<f4", "<f8"):
        return None
    if array.ndim != len(shape) or array.size > MOST_NUMBERS or not np.isfinite(array).all():
        return None
    if any(want not in (None, got) for want, got in zip(shape, array.shape, strict=True)):
        return None
    return array.astype(np.float64)


def read_layers(outcome: Outcome, frame: str, like: Layers) -> Layers | None:
    """The weights and biases of a network of the same shapes; else None."""
    layers: Layers = []
    for k, (weight, bias) in enumerate(like):
        got_weight = read(outcome, frame, f"weight{k}", *weight.shape)
        got_bias = read(outcome, frame, f"bias{k}", *bias.shape)
        if got_weight is None or got_bias is None:
            return None
        layers.append((got_weight, got_bias))
    return layers


def agree(got: np.ndarray, expected: np.ndarray) -> bool:
    """Whether two lists of numbers are of one length and the same, but for rounding; of numbers
    next to nothing that cannot be said."""
    size = np.abs(expected)
    if got.shape != expected.shape or (size.size and size.max() < 100 * ABSOLUTE):
        return False
    return bool((np.abs(got - expected) <= ABSOLUTE + RELATIVE * size).all())


def cut(samples: int, size: int) -> list[np.ndarray]:
    """The numbers of the samples of each batch, in the data's order; the last batch may be
    short."""
    return [np.arange(start, min(start + size, samples)) for start in range(0, samples, size)]


# -- checks


@dataclass(frozen=True)
class Asked:
    """What a check asks, and what to try where it fails."""

    points: float
    title: str
    help: str


@dataclass(frozen=True)
class Found:
    """What was found about it."""

    passed: bool
    expected: str = ""
    got: str = ""
    codes: tuple[str, ...] = ()
    """Of the mistakes that the evidence proves, where it failed; empty ones and NAMELESS are not
    shown."""
    advice: tuple[str, ...] = ()
    """The same for what costs nothing, also where it passed."""


def checks(asked: Mapping[str, Asked], found: Mapping[str, Found], outcome: Outcome) -> list[Check]:
    """The verdict on each thing asked. Where we could not run the answer, nothing is said against
    it."""
    verdicts: list[Check] = []
    for name, ask in asked.items():
        find, title = found[name], _(ask.title)
        said = {code for check in verdicts for code in check.tags}
        if outcome.status == "could not run":
            verdicts.append(Check(name, title, ask.points, "could not check", got=outcome.message))
        elif find.passed:
            tags = _shown(find.advice)
            try_next = _helps(tags, said)
            verdicts.append(
                Check(name, title, ask.points, "passed", find.expected, find.got, try_next, tags)
            )
        else:
            codes, got = _shown(find.codes), find.got or _("nothing")
            try_next = _helps(codes, said) or _(ask.help)
            if not find.got and outcome.message:  # it did not come to this
                first = all(check.got != outcome.message for check in verdicts)
                got = outcome.message if first else _("the same as above")
                try_next = _(FIRST.get(outcome.status, FIRST["crashed"])) if first else ""
            verdicts.append(
                Check(name, title, ask.points, "failed", find.expected, got, try_next, codes)
            )
    return verdicts


FIRST = {  # what to do before anything else can be judged
    "crashed": N_("mend this error first"),
    "timed out": N_(
        "a loop that never ends, or more work than the question asks? Print where it is"
    ),
    "limit exceeded": N_(
        "what grows from step to step, or is much larger than the data that came in?"
    ),
}


def _shown(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({code.partition(":")[0] for code in codes} - {"", NAMELESS}))


def _helps(codes: tuple[str, ...], said: set[str]) -> str:
    """What there is to say to each mistake, a line each: once in an exercise."""
    again = _("{code}: the same mistake as above")
    return "\n".join(again.format(code=code) if code in said else _(HELP[code]) for code in codes)


def few(values: np.ndarray | None) -> str:
    """The first numbers of a list, to be shown."""
    if values is None:
        return ""
    return ", ".join(f"{value:.4g}" for value in values[:4]) + (", …" if len(values) > 4 else "")

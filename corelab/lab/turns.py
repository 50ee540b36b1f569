"""Your turn: a student's function beside the kit's, and what is said of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from corelab.common.i18n import _
from corelab.lab.bilingual import in_one_language

Function = Callable[..., Any]
Trial = Callable[[Function], Mapping[str, Any]]


@dataclass(frozen=True)
class Turn:
    """How far a student is with one function."""

    name: str
    state: str
    """"done", "not done yet" or "wrong"."""
    message: str

    def __str__(self) -> str:
        mark = {"done": "OK", "not done yet": "..", "wrong": "X"}[self.state]
        return f"[{mark}] {self.name}: {self.message}"


def judge_turn(yours: Function, kit: Function, trial: Trial) -> Turn:
    """Compare the student's function with the kit's, on what `trial` gets out of each."""
    name, instead = yours.__name__, _("the kit's is used below")
    expected = trial(kit)
    try:
        got = trial(yours)
    except NotImplementedError as todo:
        what = in_one_language(str(todo))
        return Turn(name, "not done yet", _("not done yet: {what}").format(what=what))
    except Exception as error:
        wrong = f"{type(error).__name__} ({error}){_line_in(name, error)}"
        return Turn(name, "wrong", f"{wrong}; {instead}")
    for label, value in expected.items():
        if difference := _difference(value, got[label]):
            wrong = _("{label}: {difference}").format(label=label, difference=difference)
            return Turn(name, "wrong", f"{wrong}; {instead}")
    return Turn(name, "done", _("right"))


def _line_in(function: str, error: Exception) -> str:
    """Say in which line of the student's function it was, not of what that called."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.name == function]
    return _(", line {line}").format(line=lines[-1]) if lines else ""


def _difference(expected: Any, got: Any) -> str | None:
    """Say what differs between two results, with its numbers; None where nothing does."""
    try:
        want, have = _as_tensor(expected), _as_tensor(got)
    except (TypeError, ValueError, RuntimeError):
        return _("expected {expected}, got {got}").format(expected=repr(expected), got=repr(got))
    if want.shape != have.shape:
        return _("expected shape {expected}, got {got}").format(
            expected=tuple(want.shape), got=tuple(have.shape)
        )
    exactly = isinstance(expected, int)  # a count is right or wrong, however large
    wrong = ~torch.isclose(have, want, rtol=0 if exactly else 1e-4, atol=1e-6)
    if not wrong.any():
        return None
    at = tuple(wrong.nonzero()[0].tolist())
    numbers = {"expected": f"{want[at].item():.6g}", "got": f"{have[at].item():.6g}"}
    if not at:
        return _("expected {expected}, got {got}").format(**numbers)
    return _("expected {expected}, got {got} at {index}").format(**numbers, index=list(at))


def _as_tensor(value: Any) -> Tensor:
    """Return a number, a tensor or a sequence of them in float64 on the CPU; MPS has no float64."""
    if isinstance(value, list | tuple):
        return torch.stack([_as_tensor(one) for one in value])
    return torch.as_tensor(value).detach().cpu().double()

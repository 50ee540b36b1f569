"""What comes back of a run: bounded, typed, and never trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from corelab.common.i18n import Text

RunStatus = Literal["finished", "timed out", "crashed", "limit exceeded", "could not run"]
Isolation = Literal["namespaces", "separate user", "limits only"]
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Outcome:
    """What came back of one run of an answer in the sandbox: bounded, typed, and never trusted."""

    status: RunStatus
    isolation: Isolation
    returned: dict[str, Arrays] = field(default_factory=dict)
    """The frames that the exercise's `run` handed back before the end, by name."""
    message: Text = ""
    """One line for the student: the exception with its line in the answer, the limit that was met,
    …"""
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0

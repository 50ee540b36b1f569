"""The exercises: one file a question, with what it asks, sends, and how an answer is judged.

Every module of this folder is an exercise. `corelab/grading/exercises/<name>.py` defines

    FILE: str       the file that a student hands in, `corelab1_batch_input.py`
    TITLE: str      one line, marked with N_
    POINTS: float   the most it gives
    NEEDS: tuple    the names of what an answer must define; with OPTIONAL, of what it may
    VERSION: int    raised whenever a verdict changes: then every answer is judged again
    CHECKS: dict    each check's points, title and help, by its name

    def draw(seed: int) -> tuple[Arrays, Any]:
        In the parent: the hidden data that the answer is run on, as plain arrays, and what stays
        here.

    def run(answer: ModuleType, sent: Arrays) -> Iterator[tuple[str, Arrays]]:
        In the child: calls the answer's functions on what was sent, and yields what they gave as
        named frames of plain arrays. Nothing it says is trusted.

    def judge(sent: Arrays, kept: Any, outcome: Outcome) -> list[Check]:
        In the parent: recomputes everything that earns points, and fails closed.

and where an answer also says something to be read, `def observation(outcome: Outcome) -> str`.

Loading an exercise does not import torch: only its `run` does. `in_child/` runs beside the answer,
with torch, and is trusted in nothing; `evidence/` runs in the grader, with numpy alone, and reads
what came back.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from corelab.common.errors import UserError
from corelab.common.i18n import _


def names() -> list[str]:
    """The exercises there are, in order: `["corelab1", "corelab2", "corelab3"]`."""
    return sorted(module.name for module in iter_modules(__path__) if not module.ispkg)


def load(name: str) -> ModuleType:
    """The exercise of this name. UserError where there is none."""
    if name not in names():
        message = _("exercise must be one of {names}, got {name!r}")
        raise UserError(message.format(names=", ".join(names()), name=name))
    return import_module(f"{__name__}.{name}")

"""An answer with a mistake in it: a whole script, or a right program and what is changed in it.

All were written before the grader could name these mistakes, and are not to be changed to suit it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"

# What the right programs deserve to be told, and nothing else. Their changed forms may be told it too.
ADVICE = {
    "corelab1_tensors_kept": {"keeps-graph"},
    "corelab2_graph_in_total": {"keeps-graph"},
    "corelab2_in_order": {"no-shuffle"},
    "corelab2_loader_in_order": {"no-shuffle"},
    "corelab3_graph_in_total": {"keeps-graph"},
    "corelab3_in_order": {"no-shuffle"},
}


@dataclass(frozen=True)
class Answer:
    name: str
    """Begins with the exercise's."""
    source: str
    required: tuple[str, ...] = ()
    """The codes of its mistakes; `a|b` where one mistake may go by either name."""
    also: frozenset[str] = frozenset()
    """Codes that are true of it as well: not asked for, and not wrong."""

    @property
    def exercise(self) -> str:
        return self.name[:8]

    @property
    def true(self) -> set[str]:
        """All codes that it may be given."""
        return {code for either in self.required for code in either.split("|")} | self.also

    def missed(self, tags: set[str]) -> list[str]:
        return [either for either in self.required if not tags & set(either.split("|"))]


def changed(codes: str, program: str, *changes: tuple[str, str], also: str = "") -> Answer:
    """A right program in which each `old` has become its `new`."""
    source = (PROGRAMS / f"{program}.py").read_text(encoding="utf-8")
    for old, new in changes:
        if old not in source:
            raise ValueError(f"{program} has no {old!r}")
        source = source.replace(old, new)
    what = f"{program}: {' + '.join(new.strip() or 'without ' + old.strip() for old, new in changes)}"
    advice = ADVICE.get(program, set())
    return Answer(
        " ".join(what.split())[:100], source, tuple(codes.split()), frozenset(also.split()) | advice
    )


def script(codes: str, name: str, source: str, also: str = "") -> Answer:
    return Answer(name, source, tuple(codes.split()), frozenset(also.split()))


def right_programs() -> list[Answer]:
    return [
        Answer(path.stem, path.read_text(encoding="utf-8"), also=frozenset(ADVICE.get(path.stem, set())))
        for path in sorted(PROGRAMS.glob("*.py"))
    ]

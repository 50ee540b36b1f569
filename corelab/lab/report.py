"""`report.html`: a run of a lab as one page, to read, to print or to hand in."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corelab.common.files import write_atomically


@dataclass
class Section:
    """What a lab showed under one title, in its order: the name of a kind of content, and the
    content."""

    title: str
    parts: list[tuple[str, Any]] = field(default_factory=list)


@dataclass
class Report:
    """Collects what a lab shows while it runs."""

    title: str
    summary: str
    sections: list[Section] = field(default_factory=lambda: [Section("")])

    def section(self, title: str) -> None:
        self.sections.append(Section(title))

    def text(self, text: str) -> None:
        self._add("text", text)

    def turn(self, name: str, state: str, message: str) -> None:
        self._add("turn", {"name": name, "state": state, "message": message})

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        columns = zip(*rows, strict=True) if rows else [()] * len(headers)
        numbers = [
            all(value is None or isinstance(value, int | float) for value in c) for c in columns
        ]
        self._add("table", {"headers": headers, "rows": rows, "numbers": numbers})

    def figure(self, svg: Path, name: str, width: float) -> None:
        """width: in inches. A wide one is not made smaller than one can read, on a telephone."""
        content = base64.b64encode(svg.read_bytes()).decode()
        self._add("figure", {"name": name, "svg": content, "wide": width > 7})

    def _add(self, kind: str, content: Any) -> None:
        self.sections[-1].parts.append((kind, content))

    def write(self, path: Path, **about: Any) -> None:
        """Write the page. about: what else its template shows. Raises OSError where it can't be
        written."""
        from corelab.common import html  # only now: the template engine takes its time to load

        written = "".join(
            html.render(
                "corelab.lab",
                "lab_report",
                allow="img-src data:",
                filters={"cell": cell},
                report=self,
                **about,
            )
        )
        write_atomically(path, written.encode())


def cell(value: Any) -> str:
    """Format a table's value as it is printed: four digits, and a dash for None."""
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""A notebook's code as one Python source, and the way back from its lines to its cells."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from corelab.common.i18n import N_, Message, Text, joined

# Line 1 of the source: a declaration inside a cell must not be taken for the encoding of the whole.
HEADER = "# -*- coding: utf-8 -*-"
MAX_CODE = 1 << 20  # characters, in all cells
MAX_BRACKETS = 500_000  # each may become an object; a notebook with plotly.js in it has 150,000
# Cell magics whose body is Python that runs in the notebook itself; any other body is not ours to
# run.
_PYTHON_MAGICS = {"time", "timeit", "capture", "prun"}

_MAGIC = re.compile(
    r"[!%?]"  # !ls, %cd, ?help
    r"|[\w., \t]+=[ \t]*[!%]"  # files = !ls
    r"|[\w.]+\?\??[ \t]*$"  # torch.nn?
    r"|(?:pip3?|conda) +(?:install|list|show)\b"  # pip install torch, without its %
)
_TOKEN = re.compile(
    r"""\\.|\#.*|(?P<open>\"{3}|'{3})|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?P<up>[(\[{])|(?P<down>[)\]}])"""
)
_LINE = re.compile(r"(?:\bline |第 )(\d{1,7})\b(?: 行)?")
_END = {quote: re.compile(rf"(?:\\.|[^\\])*?{quote}") for quote in ('"""', "'''")}
_FIX = Message("save it again from Jupyter or Colab, or hand in a .py")


class NotebookError(ValueError):
    """The message says what was expected and what was got."""


@dataclass(frozen=True)
class Notebook:
    """The code of a notebook, and where each of its code cells begins."""

    source: str
    starts: tuple[int, ...]
    """The line of the source on which each code cell begins, in order."""
    numbers: tuple[int, ...]
    """The place of each code cell among all cells, text cells included, from 1."""

    def cell(self, line: int) -> Message:
        """Where line `line` of the source stands: `code cell 2 (cell 4 of the notebook), line
        3`."""
        nth = bisect_right(self.starts, line)
        if nth == 0:
            return Message("line {line}", line=line)
        number, line = self.numbers[nth - 1], line - self.starts[nth - 1] + 1
        if number == nth:
            return Message("code cell {nth}, line {line}", nth=nth, line=line)
        place = N_("code cell {nth} (cell {number} of the notebook), line {line}")
        return Message(place, nth=nth, number=number, line=line)

    def lines_to_cells(self, text: Text) -> Text:
        """Return the text with every `line 17` or `第 17 行` told as a cell and its line."""
        if not isinstance(text, Message):
            parts: list[Text] = list(_LINE.split(text))  # text, number, text, …
            parts[1::2] = [self.cell(int(str(number))) for number in parts[1::2]]
            return joined(*parts) if parts[1:] else text
        values = text.values.items()
        if text.id == "line {line}":
            return self.cell(int(str(text.values["line"])))
        told = {k: v if isinstance(v, int | float) else self.lines_to_cells(v) for k, v in values}
        return Message(text.id, **told)


def read_notebook(data: bytes) -> Notebook:
    """The code cells of an .ipynb file (nbformat 3 or 4), joined; text, outputs and magics left
    out.

    Raises NotebookError.
    """
    if data.count(b"{") + data.count(b"[") > MAX_BRACKETS:
        message = N_("not a notebook: its JSON has over {most} brackets; {fix}")
        raise NotebookError(Message(message, most=MAX_BRACKETS, fix=_FIX))
    try:
        content = json.loads(data.decode("utf-8-sig"))
        sheets = content.get("worksheets", [content])
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        codes = [(n, _text(cell)) for n, cell in enumerate(cells, 1) if cell["cell_type"] == "code"]
    except UnicodeDecodeError as error:
        raise NotebookError(
            Message(
                "not a notebook: byte {place} is not UTF-8 text; {fix}",
                place=error.start,
                fix=_FIX,
            )
        ) from None
    except (ValueError, RecursionError) as error:
        raise NotebookError(
            Message(
                "not a notebook: its content is not JSON ({error}); {fix}", error=error, fix=_FIX
            )
        ) from None
    except (KeyError, TypeError, AttributeError):
        raise NotebookError(
            Message("not a notebook: JSON, but without the cells of one; {fix}", fix=_FIX)
        ) from None
    if sum(len(code) for n, code in codes) > MAX_CODE:
        raise NotebookError(
            Message(
                "its code is longer than {most} characters, the most that is run", most=MAX_CODE
            )
        )
    lines, starts = [HEADER], []
    for _n, code in codes:
        starts.append(len(lines) + 1)
        lines += without_magics(code.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return Notebook("\n".join(lines) + "\n", tuple(starts), tuple(n for n, code in codes))


def _text(cell: dict[str, Any]) -> str:
    text = cell["source"] if "source" in cell else cell["input"]
    return text if isinstance(text, str) else "".join(text)


def without_magics(lines: list[str]) -> list[str]:
    """The lines of one cell, as many as before, with what only IPython understands made a comment.

    A `%` or `!` is a magic only where a statement begins: inside brackets or a string it is the
    student's. Nothing is parsed by Python itself, whose compiler a hostile source can crash.
    """
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    if lines[first].startswith("%%"):
        name, _space, rest = lines[first][2:].partition(" ")
        if name not in _PYTHON_MAGICS and not (
            name == "writefile" and rest.strip().endswith(".py")
        ):
            return [f"# {line}" if line else line for line in lines]
    kept: list[str] = []
    quote, depth, continued, in_magic = "", 0, False, False
    for line in lines:
        code = line.lstrip(" \t")
        if in_magic:
            kept.append(f"# {line}")
        elif not (quote or depth or continued) and _MAGIC.match(code):
            # `pass` keeps a block that held nothing else whole; what %time times is the student's
            # code.
            timed = re.match(r"%time +(?=\w)", code)
            does = code[timed.end() :] if timed else f"pass  # {code}"
            kept.append(line[: len(line) - len(code)] + does)
            in_magic = True
        else:
            kept.append(line)
            quote, depth = _scan(line, quote, depth)
            continued = line.endswith("\\")
        in_magic = in_magic and line.endswith("\\")
    return kept


def _scan(line: str, quote: str, depth: int) -> tuple[str, int]:
    """The triple quote that is open, and how many brackets are, after `line`."""
    at = 0
    while at < len(line):
        if quote:
            end = _END[quote].match(line, at)
            if not end:
                break
            at, quote = end.end(), ""
            continue
        token = _TOKEN.search(line, at)
        if not token:
            break
        at = token.end()
        quote = token["open"] or ""
        depth = max(0, depth + bool(token["up"]) - bool(token["down"]))
    return quote, depth

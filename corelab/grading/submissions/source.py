"""An answer's bytes as the source that the sandbox runs, by the rules Python reads sources by."""

from __future__ import annotations

import codecs
import io
import tokenize
from dataclasses import dataclass

from corelab.common.i18n import N_, Message, Text, error_text
from corelab.grading.submissions.archives import UnreadableError
from corelab.grading.submissions.notebook import Notebook, NotebookError, read_notebook

MAX_SOURCE = 1 << 20
MAX_NOTEBOOK = 8 << 20  # its pictures are in it
SUFFIXES = (".py", ".ipynb")

# What a source may declare. Python knows more encodings; some of those take quadratic time.
_ENCODINGS = (
    *(
        "utf-8",
        "utf-8-sig",
        "ascii",
        "iso-8859-1",
        "iso-8859-15",
        "cp1252",
        "big5",
        "big5hkscs",
        "cp950",
    ),
    *("gb2312", "gbk", "gb18030", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949"),
)


@dataclass(frozen=True)
class Source:
    code: bytes
    notebook: Notebook | None = None

    def lines_to_cells(self, text: Text) -> Text:
        """A message about this source, with lines told as cells where it came in a notebook."""
        return self.notebook.lines_to_cells(text) if self.notebook else text


def max_bytes(name: str) -> int:
    """The most bytes that a file of this name may have."""
    return MAX_NOTEBOOK if is_notebook(name) else MAX_SOURCE


def is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def read_source(content: bytes, name: str) -> Source:
    """The source in an .ipynb or .py file's content. Raises UnreadableError."""
    notebook = None
    if is_notebook(name):
        try:
            notebook = read_notebook(content)
        except NotebookError as error:
            raise UnreadableError(error_text(error)) from None
        content = notebook.source.encode("utf-8", "replace")
    if len(content) > MAX_SOURCE:
        raise UnreadableError(
            Message(
                "its code is larger than {most} MB, the most that is run", most=MAX_SOURCE >> 20
            )
        )
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableError(Message("it is UTF-16 text: save it as UTF-8"))
    if 0 in content:
        raise UnreadableError(
            Message("it holds NUL bytes, so it is not a text file: hand in the source itself")
        )
    _decodable(content)
    return Source(content, notebook)


def _decodable(content: bytes) -> None:
    """Raises UnreadableError for a source that Python could not decode (PEP 263)."""
    encoding, complaint = "utf-8", None
    try:
        encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    except (
        SyntaxError
    ) as error:  # a declaration that is wrong; or none, and bytes that are not UTF-8
        complaint = error
    try:
        if codecs.lookup(encoding).name not in {codecs.lookup(known).name for known in _ENCODINGS}:
            raise UnreadableError(
                Message(
                    "it declares the encoding {encoding}, which is not read here: save it as UTF-8",
                    encoding=encoding[:40],
                )
            )
        content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = N_("line {line} is not {encoding} text: save it as UTF-8")
        if _perhaps_big5(content):
            message = N_(
                "line {line} is not {encoding} text, but probably Big5 (cp950): save it as UTF-8"
            )
        raise UnreadableError(Message(message, line=line, encoding=encoding)) from None
    if complaint:
        raise UnreadableError(
            Message("its encoding cannot be told ({error}): save it as UTF-8", error=complaint)
        )


def _perhaps_big5(content: bytes) -> bool:
    try:
        content.decode("cp950")
    except UnicodeDecodeError:
        return False
    return True

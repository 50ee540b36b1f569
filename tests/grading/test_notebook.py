"""A notebook's code, and the way back to its cells."""

import json
import time

import pytest
from speed import scaled

from corelab.common.i18n import Message, joined
from corelab.grading.submissions.notebook import (
    MAX_CODE,
    NotebookError,
    read_notebook,
    without_magics,
)


def notebook(*cells: tuple[str, str] | str) -> bytes:
    """A notebook of code cells, or of (type, text)."""
    pairs = [("code", cell) if isinstance(cell, str) else cell for cell in cells]
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": kind,
                    "source": text.splitlines(keepends=True),
                    "outputs": [{"text": "x = 9"}],
                }
                for kind, text in pairs
            ],
            "nbformat": 4,
        }
    ).encode()


def magic_free(code: str) -> str:
    return "\n".join(without_magics(code.split("\n")))


def test_code_cells_are_joined_and_the_rest_is_left_out():
    read = read_notebook(
        notebook(("markdown", "# Title\nx = 5"), "x = 1\ny = 2", ("raw", "z"), "print(x + y)")
    )
    names: dict[str, int] = {}
    exec(compile(read.source, "answer", "exec"), names)
    assert names["x"] == 1
    assert "Title" not in read.source
    assert "x = 9" not in read.source


def test_a_line_is_told_as_its_cell():
    read = read_notebook(notebook("a = 1", ("markdown", "text"), "b = 2\n\nc = 1 / 0"))
    line = read.source.split("\n").index("c = 1 / 0") + 1
    told = "ZeroDivisionError (code cell 2 (cell 3 of the notebook), line 3)"
    assert str(read.lines_to_cells(f"ZeroDivisionError (line {line})")) == told
    place = Message("line {line}", line=line)
    kept = read.lines_to_cells(joined("ZeroDivisionError (", place, f") as on line {line}"))
    assert str(kept) == f"{told} as on code cell 2 (cell 3 of the notebook), line 3"
    assert str(read.lines_to_cells("no place")) == "no place"
    assert str(read.cell(2)) == "code cell 1, line 1"
    assert str(read.cell(10**6)).startswith("code cell 2")


def test_older_notebooks_and_sources_in_one_piece():
    old = {
        "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}],
        "nbformat": 3,
    }
    assert "x = 1\ny = 2" in read_notebook(json.dumps(old).encode()).source
    whole = {"cells": [{"cell_type": "code", "source": "x = 1\r\ny = 2"}]}
    assert "x = 1\ny = 2" in read_notebook(b"\xef\xbb\xbf" + json.dumps(whole).encode()).source


def test_an_encoding_declared_in_a_cell_declares_nothing():
    read = read_notebook(notebook("# coding: big5\nx = '批次'"))
    names: dict[str, str] = {}
    exec(compile(read.source.encode(), "answer", "exec"), names)
    assert names["x"] == "批次"


@pytest.mark.parametrize(
    "content",
    [
        *(
            b"print('hello')",
            b"",
            b"\xff\xfe",
            b"[1, 2]",
            b"{}",
            b'{"cells": 5}',
            b'{"cells": [1]}',
        ),
        *(
            b'{"cells": [' + b"{}," * 600_000 + b"{}]}",
            b'{"cells":' * 60_000 + b"1" + b"}" * 60_000,
        ),
        *(b"[" * 100_000, b'{"cells": [{"cell_type": "code", "source": [1]}]}', b"1" * 5000),
    ],
)
def test_what_is_no_notebook_is_said(content):
    with pytest.raises(NotebookError, match="not a notebook"):
        read_notebook(content)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("%matplotlib inline", "pass  # %matplotlib inline"),
        ("if True:\n    !ls", "if True:\n    pass  # !ls"),
        ("?print\nlen?\nlen??", "pass  # ?print\npass  # len?\npass  # len??"),
        ("files = !ls\nt = %timeit -o f()", "pass  # files = !ls\npass  # t = %timeit -o f()"),
        ("!pip install \\\n  torch\nx = 1", "pass  # !pip install \\\n#   torch\nx = 1"),
        ("pip install torch", "pass  # pip install torch"),
        ("%time losses = f()", "losses = f()"),
        ("%%time\nx = 1", "pass  # %%time\nx = 1"),
        ("\n%%capture out\nx = 1", "\npass  # %%capture out\nx = 1"),
        ("%%writefile a.py\nx = 1", "pass  # %%writefile a.py\nx = 1"),
        ("%%bash\nls\nrm x", "# %%bash\n# ls\n# rm x"),
        ("%%html\n<b>", "# %%html\n# <b>"),
        ("!echo '(\nx = 1", "pass  # !echo '(\nx = 1"),
    ],
)
def test_magics_become_comments_line_by_line(code, expected):
    assert magic_free(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "x = (10\n     % 3)",
        "x = 10 \\\n  % 3",
        "s = '''\n!not a magic\n%nor this\n'''",
        'f("(", """\n?x\n""")\ny = 1',
        "x = 5 % 3  # why?",
        "s = 'is it?'",
        "d = {\n'a': 1,\n}\n",
    ],
)
def test_python_is_left_as_it_is(code):
    assert magic_free(code) == code


def test_hostile_lines_cost_no_time():
    much = 10**5
    for line in (
        "'" * much,
        "\\" * much,
        "a" + " " * much,
        "(" * much,
        '"""' + "\\'" * much,
        "a." * much,
    ):
        began = time.perf_counter()
        without_magics([line, line])
        assert time.perf_counter() - began < scaled(2)
    with pytest.raises(NotebookError, match="longer than"):
        read_notebook(notebook("'" * (MAX_CODE + 1)))

"""What is seen of a training while it runs: on a terminal, in a notebook, in a pipe."""

from __future__ import annotations

import base64
import fcntl
import io
import os
import pty
import re
import struct
import sys
import termios
import threading
import time
from contextlib import suppress

import pytest
from speed import scaled
from torch.nn import functional

from corelab import DNN, fit, make_loader
from corelab.common import i18n
from corelab.optim import GradientDescent
from corelab.progress import ASCII_LEVELS, means, sparkline


@pytest.mark.parametrize(
    ("losses", "steps", "expected"),
    [
        ([4.0, 3.0, 2.0, 1.0], 4, "█▆▅▃"),
        ([4.0, 3.0], 4, "█▆  "),
        ([2.0], 100, "█               "),
        ([1.0] * 100, 100, "████████████████"),
        ([0.0, 0.0], 2, "▁▁"),
        ([-1.0, 1.0], 2, "▁█"),
    ],
)
def test_a_sparkline_grows_over_its_width_from_zero_up(losses, steps, expected):
    assert sparkline(losses, steps) == expected


def test_a_sparkline_for_a_stream_that_has_ascii_only():
    assert sparkline([9.0, 6.0, 3.0, 0.0], 4, levels=ASCII_LEVELS) == "^-._"


def test_means_are_those_of_equal_stretches():
    losses = [float(step) for step in range(90)]
    assert means(losses, 100, 10) == [4.5 + 10 * column for column in range(9)]
    assert means(losses[:5], 5, 10) == losses[:5]


def test_a_curve_of_many_steps_is_made_of_few_of_them():
    every_fiftieth = range(0, 1000, 50)
    assert means(list(range(1000)), 1000, 1) == [sum(every_fiftieth) / 20]


# In `fit`


def train_slowly(few, monkeypatch, stream, **options):
    """A training of 5 steps, with `stream` as stderr."""
    monkeypatch.setattr(sys, "stderr", stream)
    model = DNN()

    def slow(logits, targets):
        time.sleep(0.06)  # it is drawn ten times a second
        return functional.cross_entropy(logits, targets)

    optimizer = GradientDescent(model.parameters(), lr=0.1)
    fit(model, make_loader(few[0], 100, shuffle=True), optimizer, loss=slow, **options)
    stream.flush()


def trained(few, monkeypatch, stream, **options):
    """What it writes to a stream in memory."""
    train_slowly(few, monkeypatch, stream, **options)
    return stream.buffer.getvalue().decode(stream.encoding)


def a_stream(is_terminal, encoding="utf-8"):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    stream.isatty = lambda: is_terminal
    return stream


def read_to_the_end(terminal: int, seen: list[bytes]) -> None:
    with suppress(OSError):  # the other side is closed
        while piece := os.read(terminal, 4096):
            seen.append(piece)


def test_a_bar_with_a_curve_on_a_terminal(few, monkeypatch, capsys):
    there, here = pty.openpty()
    fcntl.ioctl(here, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    seen: list[bytes] = []
    reader = threading.Thread(
        target=read_to_the_end, args=(there, seen)
    )  # a terminal holds 4 kB unread
    reader.start()
    with open(here, "w", encoding="utf-8") as terminal:  # noqa: PTH123 (no path)
        train_slowly(few, monkeypatch, terminal, title="批次 100")
    reader.join()
    os.close(there)
    shown = b"".join(seen).decode()
    drawn = re.findall(r"批次 100: +(\d+)%\|.{10}\| (.{5}) epoch 1, loss 2\.[23]\d+ \[", shown)
    assert len(drawn) >= 2
    percent, curves = zip(*drawn, strict=True)
    assert list(percent) == sorted(percent, key=int)
    assert len(curves[-1].rstrip()) > len(curves[0].rstrip()), "it grows"
    assert set(curves[-1]) <= set("▇█ "), "from 0, the loss has hardly fallen"
    assert shown.endswith("\r"), "and is gone at the end"
    assert capsys.readouterr().out == ""


def test_a_bar_in_chinese_and_its_title_too(few, monkeypatch):
    i18n.use("zh-TW")
    shown = trained(few, monkeypatch, a_stream(is_terminal=True), title="in batches")
    assert re.search(r"一次一批: .*epoch 1，損失 2\.", shown)


@pytest.mark.parametrize(("encoding", "characters"), [("ascii", "-_.^"), ("cp950", "▁▂▃▄▅▆▇█")])
def test_a_bar_on_a_terminal_of_another_encoding(few, monkeypatch, encoding, characters):
    shown = trained(few, monkeypatch, a_stream(is_terminal=True, encoding=encoding))
    assert re.search(rf"\|.{{10}}\| [{characters} ]{{5}} epoch 1, loss", shown)


def test_nothing_in_a_pipe(few, monkeypatch, capsys):
    assert trained(few, monkeypatch, a_stream(is_terminal=False)) == ""
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("progress", "is_terminal"), [(True, False), (False, True)])
def test_it_can_be_asked_for_and_refused(few, monkeypatch, progress, is_terminal):
    assert bool(trained(few, monkeypatch, a_stream(is_terminal), progress=progress)) is progress


# In a notebook

CELLS = [
    """
import time, corelab
train, _test = corelab.load_data(limit=500)
model = corelab.DNN()
optimizer = corelab.optim.GradientDescent(model.parameters(), lr=0.1)
loader = corelab.make_loader(train, 100, shuffle=True)
def slow(logits, targets):
    time.sleep(0.3)
    return corelab.losses.cross_entropy(logits, targets)
""",
    "history = corelab.fit(model, loader, optimizer, epochs=3, loss=slow)",
    "for name in 'ab': corelab.fit(model, loader, optimizer, title=name)",
    "history = corelab.fit(model, loader, optimizer, progress=False)",
]


def test_in_a_notebook_a_figure_grows_and_stays_and_those_of_a_sweep_take_turns():
    import nbformat
    from nbclient import NotebookClient

    shown: list[tuple[int, str, str]] = []

    class Watching(NotebookClient):
        def process_message(self, msg, cell, cell_index):
            if msg["msg_type"].endswith("display_data"):
                ((kind, content),) = msg["content"]["data"].items()
                shown.append((cell_index, kind, content))
            return super().process_message(msg, cell, cell_index)

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    Watching(notebook, timeout=round(scaled(120)), kernel_name="python3").execute()

    pictures = [content for index, kind, content in shown if (index, kind) == (1, "image/png")]
    assert len(set(pictures)) >= 3, "at the first step, in between, and at the end"
    (output,) = notebook.cells[1].outputs
    assert output.data["image/png"] == pictures[-1]
    assert base64.b64decode(pictures[-1]).startswith(b"\x89PNG")
    assert [kind for index, kind, _ in shown if index == 2].count("image/png") == 2
    (output,) = notebook.cells[2].outputs
    assert output.data == {"text/html": ""}
    assert notebook.cells[3].outputs == []

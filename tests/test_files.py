"""Files that are there whole or not at all, and strict JSON."""

from __future__ import annotations

import json
import math
import os
import stat
import sys
from pathlib import Path

import pytest

from corelab.common.files import write_atomically, write_json


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_a_file_is_written_with_its_folders(tmp_path):
    write_atomically(tmp_path / "新" / "folder" / "檔案.bin", b"\x00content")
    assert (tmp_path / "新" / "folder" / "檔案.bin").read_bytes() == b"\x00content"
    assert names(tmp_path / "新" / "folder") == ["檔案.bin"]


def test_others_may_read_it(tmp_path):
    """The files of a shared folder are unpacked by whoever comes first."""
    write_atomically(tmp_path / "file", b"")
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) & 0o444 == 0o444


@pytest.mark.parametrize("where", ["write", "rename"])
@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_was_there_stays_until_all_of_the_new_is_written(tmp_path, monkeypatch, where, stop):
    (tmp_path / "file").write_bytes(b"old")

    def refuse(*_):
        raise stop

    if where == "write":
        real = os.fdopen

        def half(*arguments):
            file = real(*arguments, buffering=0)
            file.write(b"n")
            file.close()
            raise stop

        monkeypatch.setattr(os, "fdopen", half)
    else:
        monkeypatch.setattr(os, "replace", refuse)
        monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(type(stop)):
        write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_json_is_strict_and_utf_8(tmp_path):
    content = {
        "名稱": "θ",
        "values": [1.5, math.nan, (math.inf, -math.inf)],
        "none": None,
        "deep": {"x": math.nan},
    }
    write_json(content, tmp_path / "file.json")

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    text = (tmp_path / "file.json").read_bytes().decode("utf-8")
    assert "名稱" in text
    assert text.endswith("}\n")
    assert json.loads(text, parse_constant=refuse) == {
        "名稱": "θ",
        "values": [1.5, None, [None, None]],
        "none": None,
        "deep": {"x": None},
    }


def test_numbers_come_back_as_they_were(tmp_path):
    values = [0.1, 1 / 3, sys.float_info.max, 5e-324, 2**60, -0.0, True]
    write_json(values, tmp_path / "file.json")
    assert json.loads((tmp_path / "file.json").read_text(encoding="utf-8")) == values


def test_what_json_cannot_hold_is_a_mistake_and_leaves_the_file(tmp_path):
    write_json({}, tmp_path / "file.json")
    with pytest.raises(TypeError):
        write_json({"x": object()}, tmp_path / "file.json")
    assert names(tmp_path) == ["file.json"]
    assert (tmp_path / "file.json").read_bytes() == b"{}\n"

"""Every text has its translation, every translation its text, and the language is the one asked
for."""

from __future__ import annotations

import json
import math
import re
import string
from pathlib import Path

import numpy as np
import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo

from corelab.common import i18n
from corelab.common.i18n import Message, error_text, joined, text_from_json, text_to_json
from corelab.common.locale import update

PROJECT = Path(__file__).parents[1]
CATALOGUE = i18n.LOCALE / "zh_TW" / "LC_MESSAGES" / "corelab.po"


def texts(catalog: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalog if message.id}


@pytest.fixture(scope="module")
def translated() -> dict[str, str]:
    return texts(update.read(CATALOGUE))


def test_nothing_is_missing_and_nothing_is_stale(translated):
    in_the_code = texts(update.in_the_code())
    assert len(in_the_code) > 50
    assert in_the_code.keys() - translated.keys() == set()
    assert translated.keys() - in_the_code.keys() == set()
    assert [text for text, translation in translated.items() if not translation] == []


def test_no_text_is_in_an_f_string():
    """There it is not found by what extracts the texts."""
    inside = re.compile(r"""\bf(["']).*\{[^}]*\bN?_\(["'].*\1""")
    sources = [
        path for folder in ("corelab", "solutions") for path in (PROJECT / folder).rglob("*.py")
    ]
    assert len(sources) > 50
    found = [line for path in sources for line in path.read_text(encoding="utf-8").split("\n")]
    assert [line for line in found if inside.search(line)] == []


def test_the_command_that_updates_it_adds_drops_and_tells(tmp_path, capsys):
    catalogue = tmp_path / "zh_TW" / "LC_MESSAGES" / "corelab.po"
    catalogue.parent.mkdir(parents=True)
    catalogue.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "passed"\nmsgstr "通過"\n\nmsgid "said no more"\nmsgstr "不再說"\n',
        encoding="utf-8",
    )
    assert update.main(tmp_path) == 1
    assert "zh_TW: not translated: failed" in capsys.readouterr().out.splitlines()
    now = texts(update.read(catalogue))
    assert (now["passed"], now["failed"], "said no more" in now) == ("通過", "", False)
    assert catalogue.with_suffix(".mo").is_file()


def test_what_is_loaded_is_what_is_written(translated):
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        assert texts(read_mo(file)) == translated


def test_a_translation_keeps_what_is_filled_in(translated):
    def fields(text: str) -> set[str]:
        return {
            f"{name}:{spec}"
            for _, name, spec, _ in string.Formatter().parse(text)
            if name is not None
        }

    for text, translation in translated.items():
        if re.search(r"\{\w+(:[^}]*)?\}", text):
            assert fields(text) == fields(translation), text
        printf = r"%(?:\(\w+\))?[sdr]"
        assert re.findall(printf, text) == re.findall(printf, translation), text


def test_translations_are_chinese_as_it_is_written_in_taiwan(translated):
    mainland = ("学", "数据", "網絡", "默認", "信息", "軟件", "質量", "隨機數", "代碼", "文件夾")
    assert [text for text in translated.values() if any(word in text for word in mainland)] == []
    half_width = re.compile(r"[\u3400-\u9fff」）] ?[,:;?!]|[,:;?!] ?[\u3400-\u9fff「（]")
    assert [text for text in translated.values() if half_width.search(text)] == []


@pytest.mark.parametrize(
    ("arguments", "variable", "expected"),
    [
        (["--lang", "zh-TW"], "en", "zh-TW"),
        (["--lang=en"], "zh-TW", "en"),
        (["lab"], "zh_TW.UTF-8", "zh-TW"),
        (["lab"], "C", "en"),
        (["--lang"], "zh-TW", "zh-TW"),
        (["--lang", "fr"], "zh-TW", "zh-TW"),  # so that the error is in a language that is read
        (["en", "--out=en"], "zh-TW", "zh-TW"),
    ],
)
def test_the_command_line_comes_before_the_environment(arguments, variable, expected, monkeypatch):
    monkeypatch.setenv("CORELAB_LANG", variable)
    assert i18n.preferred(arguments) == expected


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"LANG": "zh_TW.UTF-8"}, "zh-TW"),
        ({"LANG": "zh_TW.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8"}, "zh-TW"),
        ({}, "en"),
    ],
)
def test_else_the_locale_is_asked(variables, expected, monkeypatch):
    for name in ("CORELAB_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    assert i18n.preferred() == expected
    monkeypatch.setattr(
        "locale.getlocale", lambda: ("Chinese (Traditional)_Taiwan", "950")
    )  # Windows
    assert i18n.preferred() == (expected if variables else "zh-TW")


def test_texts_are_shown_in_the_language_in_use():
    assert i18n.current() == "en"
    assert i18n._("nothing") == "nothing"
    i18n.use("zh-TW")
    assert i18n.current() == "zh-TW"
    assert i18n._("nothing") == "沒有結果"
    assert i18n._("") == ""


FAR = Message("{ratio:.3g} times as far", ratio=2)


def test_a_message_is_shown_in_the_language_in_use():
    kept = joined(Message("expected"), ": ", Message("the grader failed: {error}", error=FAR))
    assert str(kept) == f"{kept}" == "expected: the grader failed: 2 times as far"
    i18n.use("zh-TW")
    assert str(kept) == f"{kept}" == "預期: 評分程式出錯：走了它的 2 倍遠"


def test_a_message_is_kept_as_json():
    numpy = Message("{count} values: {numbers}", count=np.int64(3), numbers=np.float32(1.5))
    for text in ("", "plain {x}", FAR, joined("a", FAR), numpy):
        content = json.loads(json.dumps(text_to_json(text), allow_nan=False))
        assert text_from_json(content, trusted=True) == text
        assert text_from_json(content, trusted=False) in (text, getattr(text, "id", text))


@pytest.mark.parametrize(
    ("format_", "values"),
    [
        ("{x.__class__}", {"x": 1}),
        ("{x[0]}", {"x": "secret"}),
        ("{0}", {}),
        ("{}", {}),
        ("{x!z}", {"x": 1}),
        ("{", {}),
        ("{missing}", {"x": 1}),
        ("{x:{x.real}}", {"x": 1}),
    ],
)
def test_a_format_reaches_into_no_value(format_: str, values: dict[str, object]):
    assert str(Message(format_, **values)) == format_


def test_a_value_is_text_and_no_format():
    assert str(Message("the grader failed: {error}", error="{error} {0}")).endswith("{error} {0}")
    assert str(Message("{ratio:.3g} times as far", ratio="much")) == "much times as far"
    assert str(Message("{ratio:.3g} times as far", ratio=math.nan)) == "nan times as far"


@pytest.mark.parametrize(
    "id_", ["{x} forged", "%(x)s", "", "{x:>9999999999}", "{x.__init__.__globals__}"]
)
def test_a_format_of_others_is_only_text(id_: str):
    """What an answer sends as a message is one of ours, or it is shown as it stands."""
    forged = {"id": id_, "values": {"x": 1}}
    assert text_from_json(forged, trusted=False) == id_
    inside = {"id": "the grader failed: {error}", "values": {"error": forged}}
    assert str(text_from_json(inside, trusted=False)) == f"the grader failed: {id_}"


@pytest.mark.parametrize("content", [None, 1, [], {}, {"id": 1, "values": {}}, {"id": "nothing"}])
def test_what_is_no_message_is_refused(content: object):
    with pytest.raises(ValueError, match="expected a text or a message"):
        text_from_json(content, trusted=False)


def test_messages_in_messages_end():
    deep: object = "x"
    for _depth in range(50):
        deep = {"id": "the grader failed: {error}", "values": {"error": deep}}
    with pytest.raises(ValueError, match="expected a text or a message"):
        text_from_json(deep, trusted=False)


def test_an_error_gives_back_its_message():
    assert error_text(TypeError(FAR)) == FAR
    assert error_text(TypeError("far")) == "far"
    assert error_text(TypeError()) == ""

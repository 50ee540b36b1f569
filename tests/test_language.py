"""Every text has its translation, every translation its text, and the language is the one asked for."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from corelab import language

PROJECT = Path(__file__).parents[1]
CATALOGUE = language.LOCALE / "zh_TW" / "LC_MESSAGES" / "corelab.po"


def texts(catalog: Catalog) -> dict[str, str]:
    return {str(message.id): str(message.string) for message in catalog if message.id}


@pytest.fixture(scope="module")
def translated() -> dict[str, str]:
    with CATALOGUE.open("rb") as file:
        return texts(read_po(file, locale="zh_TW", abort_invalid=True))


def test_nothing_is_missing_and_nothing_is_stale(translated, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(PROJECT)  # where pyproject.toml says what is read, and how
    extract = f"pybabel -q extract -F pyproject.toml -k N_ -o {tmp_path / 'pot'} corelab solutions"
    CommandLineInterface().run(extract.split())
    in_the_code = texts(read_po((tmp_path / "pot").open("rb")))
    assert len(in_the_code) > 50
    assert in_the_code.keys() - translated.keys() == set()
    assert translated.keys() - in_the_code.keys() == set()
    assert [text for text, translation in translated.items() if not translation] == []


def test_what_is_loaded_is_what_is_written(translated):
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        assert texts(read_mo(file)) == translated


def test_a_translation_keeps_what_is_filled_in(translated):
    def fields(text: str) -> set[str]:
        return {f"{name}:{spec}" for _, name, spec, _ in string.Formatter().parse(text) if name is not None}

    for text, translation in translated.items():
        if re.search(r"\{\w+(:[^}]*)?\}", text):
            assert fields(text) == fields(translation), text


def test_translations_are_chinese_as_it_is_written_in_taiwan(translated):
    mainland = ("学", "数据", "網絡", "默認", "信息", "軟件", "質量", "隨機數", "代碼", "文件夾")
    assert [text for text in translated.values() if any(word in text for word in mainland)] == []


@pytest.mark.parametrize(
    ("arguments", "variable", "expected"),
    [
        (["--lang", "zh-TW"], "en", "zh-TW"),
        (["--lang=en"], "zh-TW", "en"),
        (["lab"], "zh_TW.UTF-8", "zh-TW"),
        (["lab"], "C", "en"),
        (["--lang"], "zh-TW", "en"),
    ],
)
def test_the_command_line_comes_before_the_environment(arguments, variable, expected, monkeypatch):
    monkeypatch.setenv("CORELAB_LANG", variable)
    assert language.preferred(arguments) == expected


def test_texts_are_shown_in_the_language_in_use():
    assert language.current() == "en"
    assert language._("nothing") == "nothing"
    language.use("zh-TW")
    try:
        assert language.current() == "zh-TW"
        assert language._("nothing") == "沒有結果"
        assert language._("") == ""
    finally:
        language.use("en")

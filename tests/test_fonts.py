"""Chinese in figures: every character of ours is in a font that every machine has."""

from __future__ import annotations

import ast
import warnings
import zlib
from pathlib import Path

import matplotlib as mpl
import pytest
from babel.messages.pofile import read_po
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure

from corelab import plots
from corelab.common import i18n
from corelab.plots import style

PACKAGE = Path(i18n.__file__).parents[1]
FONTS = PACKAGE / "common" / "fonts"


@pytest.fixture(scope="module")
def ours() -> TTFont:
    return TTFont(style.FONT)


@pytest.fixture(scope="module")
def drawable(ours) -> set[str]:
    """What matplotlib's own font and ours can draw: no font of the machine's is needed."""
    of_matplotlib = TTFont(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf")
    return {chr(code) for font in (of_matplotlib, ours) for code in font.getBestCmap()}


def in_the_catalogue() -> set[str]:
    with (i18n.LOCALE / "zh_TW" / "LC_MESSAGES" / "corelab.po").open("rb") as file:
        return {*"".join(f"{message.id}{message.string}" for message in read_po(file))}


def in_the_code() -> set[str]:
    """Every string of the figures and of the labs that label them."""
    files = [*(PACKAGE / "plots").glob("*.py"), *(PACKAGE.parent / "solutions").glob("*.py")]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    nodes = (node for tree in trees for node in ast.walk(tree))
    return {
        *"".join(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))
    }


def big5_level_1() -> set[str]:
    """The characters in common use."""
    rows = (
        bytes((high, low))
        for high in range(0xA4, 0xC7)
        for low in (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    )
    return {code.decode("big5") for code in rows if code <= b"\xc6\x7e"}


@pytest.mark.parametrize("texts", [in_the_catalogue, in_the_code, big5_level_1])
def test_every_character_can_be_drawn(texts, drawable):
    wanted = {character for character in texts() if character.isprintable()}
    assert len(wanted) > 100
    assert sorted(wanted - drawable) == [], "corelab/common/fonts/README.md says how to add them"


def test_big5_level_1_is_whole():
    assert len(big5_level_1()) == 5401


def test_a_figure_needs_no_font_of_the_machine(monkeypatch, tmp_path):
    """Every character of the catalogue, drawn: matplotlib warns of each that it shows as a box."""
    ours = ["DejaVu Sans", "corelab Noto Sans TC"]
    assert [family for family in style._families() if family in ours] == ours
    monkeypatch.setattr(style, "_families", lambda: ours)
    characters = sorted(character for character in in_the_catalogue() if character.isprintable())
    lines = [
        "".join(characters[i : i + 60]).replace("$", "") for i in range(0, len(characters), 60)
    ]

    @style.styled
    def page() -> Figure:
        figure = Figure()
        for number, line in enumerate(lines):
            figure.text(0, number / len(lines), line)
        return figure

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plots.save(page(), tmp_path / "page")
        monkeypatch.setattr(style, "_families", lambda: ours[:1])
        with pytest.raises(UserWarning, match=r"Glyph \d+ .* missing"):
            plots.save(page(), tmp_path / "page")


def test_no_font_is_asked_for_that_is_not_there(caplog, tmp_path):
    i18n.use("zh-TW")
    plots.save(plots.epoch_losses({"學習率": [2.0, 1.0]}), tmp_path / "figure")
    assert caplog.text == ""


def test_the_licence_is_kept(ours):
    """OFL 1.1: the licence and the copyright go along, and a changed font bears no reserved
    name."""
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text(encoding="utf-8")
    names = {record.nameID: record.toUnicode() for record in ours["name"].names}
    assert "Adobe" in names[0]
    assert "Open Font License" in names[13]
    assert not any("source" in names[number].lower() for number in (1, 3, 4, 6))
    assert names[1] == "corelab Noto Sans TC", "an installed Noto Sans TC is another font"


def test_the_package_stays_small():
    files = [
        file for file in PACKAGE.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    ]
    assert style.FONT in files
    assert sum(len(zlib.compress(file.read_bytes())) for file in files) < 5e6, "as a wheel"

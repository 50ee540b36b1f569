"""Make the font of the figures' Chinese: README.md says from what."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

MORE = "熵"  # what the kit's own texts need besides


def big5(first: int, last: int) -> Iterator[str]:
    """Yield the characters of Big5 from the code `first` to the code `last`."""
    for code in range(first, last + 1):
        with suppress(UnicodeDecodeError):
            yield code.to_bytes(2, "big").decode("big5")


def make_font(source: Path, target: Path) -> None:
    """Write the subset of the font `source` that the kit ships as `target`."""
    font = TTFont(source, recalcTimestamp=False)
    unused = ["BASE", "GPOS", "GSUB", "STAT", "vhea", "vmtx"]
    options = subset.Options(
        layout_features=[], hinting=False, drop_tables=unused, name_IDs=[*range(7), 13, 14]
    )
    subsetter = subset.Subsetter(options)
    latin = map(chr, range(32, 127))
    subsetter.populate(
        text="".join(itertools.chain(latin, big5(0xA140, 0xA3BF), big5(0xA440, 0xC67E), MORE))
    )
    subsetter.subset(font)
    family = "corelab Noto Sans TC"
    for number, name in {
        1: family,
        3: f"{family} 2.004",
        4: family,
        6: family.replace(" ", "-"),
    }.items():
        font["name"].setName(name, number, 3, 1, 0x409)
    font.save(target)


if __name__ == "__main__":
    here = Path(__file__).parent
    make_font(here / "NotoSansTC_400Regular.ttf", here / "NotoSansTC-corelab.ttf")

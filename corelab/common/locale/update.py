"""Bring the catalogue up to what stands in the code, and compile it.

    python corelab/common/locale/update.py

Texts that are gone leave the catalogue, new ones enter it without a translation and are listed:
write it into zh_TW/LC_MESSAGES/corelab.po, then run this again. Exit code 1 while one is missing.
Needs babel (`pip install -e ".[dev]"`) and a checkout.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PROJECT = Path(__file__).resolve().parents[3]
CATALOGUE = Path(__file__).parent / "zh_TW" / "LC_MESSAGES" / "corelab.po"
HEADER = """# 繁體中文（台灣）
msgid ""
msgstr ""
"Language: zh_TW\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def in_the_code() -> Catalog:
    """Return every text that the kit and the solutions show, found as pyproject.toml says."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "corelab.pot")
        sources = [str(PROJECT / "corelab"), str(PROJECT / "solutions")]
        options = ["-F", str(PROJECT / "pyproject.toml"), "-k", "N_", "-o", str(found)]
        CommandLineInterface().run(["pybabel", "-q", "extract", *options, *sources])
        return read_po(io.BytesIO(found.read_bytes()))


def translated() -> Catalog:
    """Return the catalogue as it is written."""
    return read_po(io.BytesIO(CATALOGUE.read_bytes()), locale="zh_TW", abort_invalid=True)


def main() -> int:
    """Write the catalogue in both its forms; return 1 if a text has no translation."""
    code, catalogue = in_the_code(), translated()
    wanted = {message.id: message for message in code if message.id}
    for message in [message for message in catalogue if message.id not in wanted]:
        if message.id:
            catalogue.delete(message.id)
    for id_, message in wanted.items():
        if id_ not in catalogue:
            catalogue[id_] = message
    text, compiled = io.BytesIO(), io.BytesIO()
    write_po(text, catalogue, width=100, omit_header=True, no_location=True, sort_output=True)
    CATALOGUE.write_bytes(HEADER.encode() + text.getvalue())
    write_mo(compiled, translated())
    CATALOGUE.with_suffix(".mo").write_bytes(compiled.getvalue())
    missing = [str(message.id) for message in catalogue if message.id and not message.string]
    for id_ in missing:
        print(f"not translated: {id_}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())

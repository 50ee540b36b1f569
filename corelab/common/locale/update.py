"""Bring the catalogues up to what stands in the code, and compile them.

    python corelab/common/locale/update.py

Texts that are gone leave a catalogue, new ones enter it without a translation and are listed: write
it into <language>/LC_MESSAGES/corelab.po, then run this again. Exit code 1 while one is missing.
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

LOCALE = Path(__file__).resolve().parent
PROJECT = LOCALE.parents[2]
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


def in_the_code() -> Catalog:
    """Return every text that the kit and the solutions show, found as pyproject.toml says."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder, "corelab.pot")
        sources = [str(PROJECT / "corelab"), str(PROJECT / "solutions")]
        options = ["-F", str(PROJECT / "pyproject.toml"), "-o", str(found), "-k", "N_"]
        options += ["-k", "Message"]
        CommandLineInterface().run(["pybabel", "-q", "extract", *options, *sources])
        return read_po(io.BytesIO(found.read_bytes()))


def read(path: Path) -> Catalog:
    """Return the catalogue that is written in a `<language>/LC_MESSAGES/corelab.po`."""
    return read_po(io.BytesIO(path.read_bytes()), locale=path.parts[-3], abort_invalid=True)


def update(path: Path, code: Catalog) -> list[str]:
    """Write a catalogue in both its forms; return the texts that have no translation."""
    catalogue = read(path)
    wanted = {message.id: message for message in code if message.id}
    for id_ in [message.id for message in catalogue if message.id and message.id not in wanted]:
        catalogue.delete(id_)
    for id_ in wanted.keys() - {message.id for message in catalogue}:
        catalogue[id_] = wanted[id_]
    text, compiled = io.BytesIO(), io.BytesIO()
    write_po(text, catalogue, width=100, omit_header=True, no_location=True, sort_output=True)
    path.write_bytes(HEADER.format(language=path.parts[-3]).encode() + text.getvalue())
    write_mo(compiled, read(path))
    path.with_suffix(".mo").write_bytes(compiled.getvalue())
    return [str(message.id) for message in catalogue if message.id and not message.string]


def main(locale: Path = LOCALE) -> int:
    """Update the catalogue of every language; return 1 if a text has no translation."""
    code, complete = in_the_code(), True
    for path in sorted(locale.glob("*/LC_MESSAGES/corelab.po")):
        for id_ in update(path, code):
            print(f"{path.parts[-3]}: not translated: {id_}")
            complete = False
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main())

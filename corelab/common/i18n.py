"""The language of what a person reads: English in the code, 繁體中文 in `locale/`, by gettext.

    from corelab.common.i18n import _

    print(_("{steps} steps").format(steps=history.steps))

A text that is made before the language is known is marked with `N_`, and translated by `_` where it
is shown. One that is kept, with what is filled in, for readers of any language is a `Message`.
"""

from __future__ import annotations

import gettext
import locale
import math
import os
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeAlias

LANGUAGES = ("zh-TW", "en")
LOCALE = Path(__file__).parent / "locale"
_translations = gettext.NullTranslations()


def _(message: str) -> str:
    """The message in the language in use."""
    return _translations.gettext(message) if message else message


def N_(message: str) -> str:  # noqa: N802 (gettext's own name)
    """The message as it is: to be translated where it is shown."""
    return message


def use(language: str) -> None:
    """Show everything from now on in one of LANGUAGES."""
    global _translations
    _translations = translations(language)


def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of one of LANGUAGES."""
    return gettext.translation(
        "corelab", LOCALE, [language.replace("-", "_")], fallback=language == "en"
    )


def current() -> str:
    """The one of LANGUAGES in use."""
    return str(_translations.info().get("language", "en")).replace("_", "-")


def preferred(arguments: Sequence[str] = ()) -> str:
    """The one of LANGUAGES to use: --lang among the arguments, else CORELAB_LANG, else the
    locale's.

    The locale is read from the variables that gettext reads too: they say what is wanted where the
    system has not installed it. Windows has none of them.
    """
    variables = map(os.environ.get, ("CORELAB_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))
    asked = next(filter(None, variables), None) or locale.getlocale()[0] or ""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=False):
        option, equals, value = argument.partition("=")
        if option == "--lang" and (value := value if equals else following) in LANGUAGES:
            asked = value
    return "zh-TW" if asked.lower().startswith(("zh", "chinese")) else "en"


# -- messages: texts that are kept, and looked up where they are shown


@dataclass(frozen=True, init=False)
class Message:
    """A text by its msgid and the values to fill in; `str` gives it in the language in use.

        kept = Message("{count} values: {numbers}", count=3, numbers="1, 2, 3")

    Values are numbers, text and other messages; anything else becomes its text. They are filled in
    by their plain names alone, so that no value and no msgid can reach into an object.
    """

    id: str
    values: Mapping[str, Value] = field(hash=False)

    def __init__(self, id_: str, /, **values: object) -> None:
        object.__setattr__(self, "id", id_)
        object.__setattr__(self, "values", {name: _plain(each) for name, each in values.items()})

    def __str__(self) -> str:
        try:
            return _BY_NAME.vformat(_(self.id), (), self.values)
        except (KeyError, ValueError):  # a format that does not fit the values
            return self.id


Value: TypeAlias = "int | float | str | Message"
Text: TypeAlias = "str | Message"


def joined(*parts: Text) -> Message:
    """Return the parts one after the other as one message."""
    named = {f"part{n}": part for n, part in enumerate(parts)}
    id_ = "".join(f"{{{name}}}" for name in named)
    return Message(id_, **named)


def map_text(change: Callable[[str], str], text: Text) -> Text:
    """Return the text with all of it changed that is not a msgid of ours."""
    if not isinstance(text, Message):
        return change(text)
    values = text.values.items()
    changed = {k: v if isinstance(v, int | float) else map_text(change, v) for k, v in values}
    return Message(text.id, **changed)


def error_text(error: BaseException) -> Text:
    """Return an exception's text, as a message if it was raised with one."""
    message = error.args[0] if error.args else None
    return message if type(message) is Message else str(error)


def text_to_json(text: Text) -> object:
    """Return the text as plain JSON, for `text_from_json`."""
    return asdict(text) if isinstance(text, Message) else text


def text_from_json(content: object, *, trusted: bool, depth: int = 8) -> Text:
    """Return the text that `text_to_json` made plain.

    trusted: whether it is our own; else a msgid that is not in the catalogue is only text, as no
    format is taken from others. Raises ValueError for what is no text.
    """
    match content:
        case str():
            return content
        case {"id": str(id_), "values": dict(values)} if depth:
            if not trusted and not _in_catalogue(id_):
                return id_
            read = {
                str(name): value
                if isinstance(value, int | float)
                else text_from_json(value, trusted=trusted, depth=depth - 1)
                for name, value in values.items()
            }
            return Message(id_, **read)
    raise ValueError(f"expected a text or a message, got {type(content).__name__}")


class _ByName(string.Formatter):
    """Fills in values by their names: without attributes, items or positions."""

    def get_field(self, field_name: str, args: object, kwargs: Mapping[str, Value]) -> Any:
        del args
        return kwargs[field_name], field_name

    def format_field(self, value: Value, format_spec: str) -> str:
        try:
            return str(format(value, format_spec))
        except (TypeError, ValueError, OverflowError):  # a text where a number was expected
            return str(value)


_BY_NAME = _ByName()


def _plain(value: object) -> Value:
    if isinstance(value, Message):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    return str(value)


class _Missing(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        raise KeyError(message)


@cache
def _catalogue() -> gettext.NullTranslations:
    catalogue = gettext.translation("corelab", LOCALE, ["zh_TW"])
    catalogue.add_fallback(_Missing())
    return catalogue


def _in_catalogue(id_: str) -> bool:
    try:
        _catalogue().gettext(id_)
    except KeyError:
        return False
    return bool(id_)

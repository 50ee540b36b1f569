"""The language of what a person reads: English stands in the code, 繁體中文 in `locale/`, by gettext.

    from corelab.common.i18n import _

    print(_("{steps} steps in {seconds:.1f} s").format(steps=history.steps, seconds=history.seconds))

A text that is made before the language is known is marked with `N_`, and translated by `_` where it is shown.
One that is kept for readers of any language is made `in_every_language`, and `shown` in the one in use.
"""

from __future__ import annotations

import gettext
import locale
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

LANGUAGES = ("zh-TW", "en")
LOCALE = Path(__file__).parent / "locale"
_translations = gettext.NullTranslations()
_here: ContextVar[gettext.NullTranslations | None] = ContextVar("_here", default=None)


def _(message: str) -> str:
    """The message in the language in use."""
    return (_here.get() or _translations).gettext(message) if message else message


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


# -- texts that are kept

# Around and between a message's texts: code points that Unicode keeps for a program's own use.
# Unlike an object for each message they live through all that is done to text: formatting, joining,
# JSON, a database.
_BEGIN, _BETWEEN, _END = "\ufdd0\ufdd1\ufdd2"
_EVERY = re.compile(
    f"{_BEGIN}{_BETWEEN.join(f'([^{_BEGIN}-{_END}]*)' for language in LANGUAGES)}(?:{_END}|$)"
)
_MOST_NESTED = 5


class _EveryLanguage(gettext.NullTranslations):
    def gettext(self, message: str) -> str:
        texts = (translations(language).gettext(message) for language in LANGUAGES)
        return f"{_BEGIN}{_BETWEEN.join(texts)}{_END}"


@contextmanager
def in_every_language() -> Iterator[None]:
    """Within, in this thread: `_` gives a message's texts in all LANGUAGES at once, for `shown`."""
    before = _here.set(_EveryLanguage())
    try:
        yield
    finally:
        _here.reset(before)


def shown(text: str) -> str:
    """A text, of which some may be in every language, in the one in use; cut anywhere, it still is
    text.

    Within `in_every_language` it stays as it is.
    """
    if _here.get():
        return text
    group = LANGUAGES.index(current()) + 1
    for _depth in range(_MOST_NESTED):  # of messages in messages; an answer may print anything
        text = _EVERY.sub(rf"\{group}", text)
    return re.sub(f"[{_BEGIN}-{_END}]", "", text)

"""The language of what a person reads: English stands in the code, 繁體中文 in `locale/`, by gettext.

    from corelab.language import _

    print(_("{steps} steps in {seconds:.1f} s").format(steps=history.steps, seconds=history.seconds))

A text that is made before the language is known is marked with `N_`, and translated by `_` where it is shown.
"""

from __future__ import annotations

import gettext
import locale
import os
from collections.abc import Sequence
from pathlib import Path

LANGUAGES = ("zh-TW", "en")
LOCALE = Path(__file__).parent / "locale"
_translations = gettext.NullTranslations()


def _(message: str) -> str:
    """The message in the language in use."""
    return _translations.gettext(message) if message else ""


def N_(message: str) -> str:  # noqa: N802 (gettext's own name)
    """The message as it is: to be translated where it is shown."""
    return message


def use(language: str) -> None:
    """Show everything from now on in one of LANGUAGES."""
    global _translations
    _translations = translations(language)


def translations(language: str) -> gettext.NullTranslations:
    """The catalogue of one of LANGUAGES."""
    return gettext.translation("corelab", LOCALE, [language.replace("-", "_")], fallback=language == "en")


def current() -> str:
    """The one of LANGUAGES in use."""
    return str(_translations.info().get("language", "en")).replace("_", "-")


def preferred(arguments: Sequence[str] = ()) -> str:
    """The one of LANGUAGES to use: --lang among the arguments, else CORELAB_LANG, else the locale's."""
    asked = os.environ.get("CORELAB_LANG") or locale.getlocale()[0] or ""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        if argument == "--lang" or argument.startswith("--lang="):
            asked = following if argument == "--lang" else argument.removeprefix("--lang=")
    return "zh-TW" if asked.lower().startswith(("zh", "chinese")) else "en"

"""A page of HTML that needs nothing else: its style is in its head, and it loads nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from corelab.common.i18n import _, current


def render(
    package: str,
    name: str,
    *,
    allow: str = "",
    filters: Mapping[str, Callable[..., Any]],
    **content: Any,
) -> Iterator[str]:
    """Yield the page that `name`.html in the package's templates makes of `content`, in chunks.

    Its style is that of all pages (page.css), and `name`.css. What is filled in is escaped, and by
    the page's own policy a browser runs no script, uses no other style, and loads nothing but what
    `allow` adds.
    """
    pages = environment()
    pages.globals.update(_=_, language="zh-Hant-TW" if current() == "zh-TW" else current())
    pages.filters.update(filters)
    style = template("corelab.common", "page.css") + template(package, f"{name}.css")
    policy = f"default-src 'none'; style-src {digest(style)}; base-uri 'none'; form-action 'none'"
    return pages.from_string(template(package, f"{name}.html")).generate(
        style=Markup(style), policy=f"{policy}; {allow}" if allow else policy, **content
    )


def environment() -> Environment:
    """Return an environment of templates in which all that is filled in is escaped."""
    return Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def template(package: str, name: str) -> str:
    """Return the text of a file in the package's folder of templates."""
    return resources.files(package).joinpath("templates").joinpath(name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return what a page's policy calls a script or style by: `'sha256-…'`."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

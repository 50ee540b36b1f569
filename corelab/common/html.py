"""A page of HTML that needs nothing else: its style is in its head, it loads nothing and runs no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from corelab.common.i18n import _, current


def pieces(
    package: str,
    name: str,
    *,
    allow: str = "",
    filters: Mapping[str, Callable[..., Any]],
    **content: Any,
) -> Iterator[str]:
    """The page that `name`.html in the package's templates makes of `content`, piece by piece.

    Its style is that of all pages (page.css), and `name`.css. What is filled in is escaped, and by
    the page's own policy a browser runs no script, uses no other style, and loads nothing but what
    `allow` adds.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(_=_, language="zh-Hant-TW" if current() == "zh-TW" else current())
    environment.filters.update(filters)
    style = _template("corelab.common", "page.css") + _template(package, f"{name}.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return environment.from_string(_template(package, f"{name}.html")).generate(
        style=Markup(style), policy=f"{policy}; {allow}" if allow else policy, **content
    )


def _template(package: str, name: str) -> str:
    return resources.files(package).joinpath("templates").joinpath(name).read_text(encoding="utf-8")

"""`corelab race`: one page, offline, where the optimizers of the kit run over classical surfaces.

The paths are computed here by the kit's own classes, and packed into the page (`paths.py`). Bokeh
draws; `race.js` hands it the paths that are chosen, up to the step that is shown.
"""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

from markupsafe import Markup

from corelab import optim, plots
from corelab.common.errors import UserError
from corelab.common.files import write_atomically
from corelab.common.html import digest, environment, template
from corelab.common.i18n import LANGUAGES, N_, _, translations
from corelab.race import figures
from corelab.race.paths import FAR, FLOOR, FULL, MOMENTA, OPTIMIZERS, STEPS, packed, settings
from corelab.race.surfaces import RAVINE, SURFACES

# A shape beside the colour: as Bokeh and the optimizers call it, and as a character.
SHAPES = {
    "circle": "●",
    "square": "■",
    "diamond": "◆",
    "triangle": "▲",
    "inverted_triangle": "▼",
    "hex": "⬢",
    "star": "★",
    "plus": "✚",
}
MARKERS = {name: getattr(optim, name).marker for name in OPTIMIZERS}
TEXTS = {
    "title": N_("Optimizers race"),
    "lead": N_(
        "All start at the same point of the same surface. Every path was computed by the kit's own "
        "optimizers: choose, play, drag."
    ),
    "surface": N_("Surface"),
    "optimizers": N_("Optimizers, and their loss"),
    "GradientDescent short": N_("GD"),
    "rate": N_("Learning rate η"),
    "best": N_("Each at its best rate"),
    "momentum": N_("Momentum λ"),
    "momentum-note": N_("λ or β₁; those that have neither run without"),
    "start": N_("Start"),
    "start-note": N_("or tap or drag on the map"),
    "play": N_("Play"),
    "pause": N_("Pause"),
    "back": N_("One step back"),
    "on": N_("One step on"),
    "speed": N_("Speed"),
    "scrubber": N_("Step: drag"),
    "map": N_("Map of the surface with the paths of the optimizers"),
    "chart": N_("Chart of the loss over the steps"),
    "step": N_("step"),
    "loss": N_("loss above the minimum"),
    "minimum": N_("minimum"),
    "diverged": N_("diverged, step {step}"),
    "outside": N_("outside the map"),
    "keys": N_("Space plays and pauses; ← and → go one step."),
    "old": N_("This browser is too old for the page. Any browser of 2023 or later shows it."),
}


def write(out: Path, language: str) -> int:
    """Write the page; its size in bytes. Raises UserError where it can't be written."""
    content = html(language).encode()
    try:
        write_atomically(out, content)
    except OSError as error:
        wrong = _("{out} could not be written ({why}): choose another file for --out")
        raise UserError(wrong.format(out=out, why=error.strerror)) from error
    return len(content)


def html(language: str) -> str:
    """The page: in both languages, and opening in this one. A browser loads nothing for it."""
    scripts = [Markup(figures.script()), Markup(template("corelab.race", "race.js"))]
    allowed = " ".join(map(digest, scripts))
    page = json.dumps(_content(language), allow_nan=False).encode()
    style = template("corelab.common", "page.css") + template("corelab.race", "race.css")
    made = environment().from_string(template("corelab.race", "race.html"))
    return made.render(
        language=language,
        title=_translated(language)["title"],
        old=_translated(language)["old"],
        policy="default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'; "
        f"base-uri 'none'; form-action 'none'; script-src {allowed}",
        style=Markup(style),
        scripts=scripts,
        shapes={name: SHAPES[marker] for name, marker in MARKERS.items()},
        surfaces=SURFACES,
        starts=max(len(surface.starts) for surface in SURFACES),
        momenta=MOMENTA,
        steps=STEPS,
        page=_base64(zlib.compress(page, 9)),
        paths={surface.name: _base64(packed(surface)) for surface in SURFACES},
    )


def _content(language: str) -> dict[str, Any]:
    """All that `race.js` reads, but for the paths."""
    momenta = [len(settings(name, 1)) for name in OPTIMIZERS]
    shown = ("formula", "minima", "centre", "reach", "lost", "bottom", "starts", "rates", "rate")
    return {
        "language": language,
        "texts": {each: _translated(each) for each in LANGUAGES},
        "steps": STEPS,
        "far": FAR,
        "floor": FLOOR,
        "full": FULL,
        "momenta": MOMENTA,
        "opening": {"surface": RAVINE.name, "momentum": MOMENTA.index(0.9)},
        "optimizers": [
            {"name": name, "marker": MARKERS[name], "momenta": count, "before": sum(momenta[:i])}
            for i, (name, count) in enumerate(zip(OPTIMIZERS, momenta, strict=True))
        ],
        "surfaces": {
            surface.name: {key: getattr(surface, key) for key in shown} for surface in SURFACES
        },
        "themes": {
            name: {"optimizers": theme.optimizers, **figures.ground(name)}
            for name, theme in plots.THEMES.items()
        },
        "map": figures.map_of_surfaces(),
        "chart": figures.chart_of_losses(),
    }


def _translated(language: str) -> dict[str, str]:
    translate = translations(language).gettext
    labels = {name: getattr(optim, name).label or name for name in OPTIMIZERS}
    texts = {name: translate(text) for name, text in (labels | TEXTS).items()}
    for surface in SURFACES:
        texts |= {
            surface.name: translate(surface.name),
            f"{surface.name}: look": translate(surface.look),
            f"{surface.name}: source": translate(surface.source),
        }
    return texts


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()

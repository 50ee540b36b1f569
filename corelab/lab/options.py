"""The options that every lab takes, and what is checked before it starts."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from corelab.common import i18n
from corelab.common.console import OneLineParser, non_negative_float, positive_int, seed_int
from corelab.common.errors import UserError
from corelab.common.i18n import LANGUAGES, _
from corelab.data_files import DATASETS


def lab_parser(name: str, description: str, defaults: Mapping[str, Any]) -> argparse.ArgumentParser:
    """Return the parser of a lab's options.

    defaults: of the options that only some labs have (epochs, batch_size, lr, limit).
    """
    parser = OneLineParser(f"{name}.py", description=description, formatter_class=_Help)
    add = parser.add_argument
    add("--data", choices=DATASETS, default="fashion-mnist", help=_("the data set"))
    add(
        "--data-root", default="data", help=_("the folder that holds FashionMNIST/raw or MNIST/raw")
    )
    limit, help_ = defaults.get("limit"), _("only the first so many samples, not all")
    add("--limit", type=positive_int, default=limit, help=help_)
    for option, kind, help_ in (
        ("--epochs", positive_int, _("passes over all the data")),
        ("--batch-size", positive_int, _("samples a step")),
        ("--lr", non_negative_float, _("learning rate")),
    ):
        key = option.removeprefix("--").replace("-", "_")
        if key in defaults:
            add(option, type=kind, default=defaults[key], help=help_)
    help_ = _("of the initial weights and the order of the batches")
    add("--seed", type=seed_int, default=0, help=help_)
    devices = ("auto", "cpu", "cuda", "mps")
    add("--device", choices=devices, default="auto", help=_("auto: CUDA where there is one"))
    folder = str(Path("runs") / name)
    add("--out", default=folder, help=_("the folder of the figures, results.json and report.html"))
    add("--theme", choices=("light", "dark"), default="light", help=_("of the figures"))
    add("--lang", choices=LANGUAGES, default=i18n.current(), help=_("of what is shown"))
    add("--no-progress", dest="progress", action="store_false", help=_("no progress bars"))
    return parser


class _Help(argparse.RawDescriptionHelpFormatter):
    """Show the docstring as it is written, and the default behind every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, argparse.SUPPRESS) or action.default is True:
            return action.help
        return _("{help} (default: {default})").format(help=action.help, default="%(default)s")


def pick_device(name: str) -> torch.device:
    """Return the device of that name (auto, cpu, cuda, mps); UserError where it is not there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    there = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there[name]:
        wrong = _("--device {device} is not available here: use --device cpu, or auto")
        raise UserError(wrong, device=name)
    return torch.device(name)


def check_writable(folder: Path) -> None:
    """Make the folder, and raise UserError now, not after the training, where it is read-only."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        wrong = _("--out {folder} could not be written ({reason}): choose another folder")
        raise UserError(wrong, folder=folder, reason=error.strerror) from error

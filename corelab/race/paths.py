"""The races: every optimizer at every rate, momentum and start of a surface; and their packing."""

from __future__ import annotations

import inspect
import zlib
from typing import Any

import numpy as np
import torch

from corelab import optim
from corelab.race.surfaces import Surface

OPTIMIZERS = tuple(name for name in optim.__all__ if getattr(optim, name).marker)
MOMENTA = (0.5, 0.8, 0.9, 0.99)
STEPS = 200

FAR = 16  # times the reach: points are stored up to there
FLOOR = -12  # of the decimal logarithm of a stored height
FULL = 65534  # 16 bits, but for one number that is left to say: more


def settings(optimizer: str, rate: float) -> list[dict[str, Any]]:
    """The settings of an optimizer at one rate: one for every momentum, where it has one."""
    arguments = inspect.signature(getattr(optim, optimizer)).parameters
    if "betas" in arguments:  # β₁ is the momentum, β₂ stays
        _, *others = arguments["betas"].default
        return [{"lr": rate, "betas": (momentum, *others)} for momentum in MOMENTA]
    if "momentum" in arguments and arguments["momentum"].default:  # 0: none, unless asked for
        return [{"lr": rate, "momentum": momentum} for momentum in MOMENTA]
    return [{"lr": rate}]


def race(surface: Surface, optimizer: str) -> torch.Tensor:
    """The paths (settings, starts, STEPS + 1, 2) in float64, settings rate by rate.

    One optimizer with a parameter group a setting, all starts in one parameter: the numbers are
    those of separate runs to the last bit, as every update works number by number.
    """
    chosen = [setting for rate in surface.rates for setting in settings(optimizer, rate)]
    starts = torch.tensor(surface.starts, dtype=torch.float64)
    thetas: list[torch.Tensor] = [torch.nn.Parameter(starts.clone()) for _ in chosen]
    groups = [{"params": [theta], **setting} for theta, setting in zip(thetas, chosen, strict=True)]
    stepper = getattr(optim, optimizer)(groups)
    points = []
    for _ in range(STEPS + 1):
        stepper.zero_grad()
        together = torch.stack(thetas)
        points.append(together.detach())
        loss: Any = surface.cost(together).sum()
        loss.backward()
        stepper.step()
    return torch.stack(points, dim=2)


def packed(surface: Surface) -> bytes:
    """All races on a surface: θ₁, θ₂ and the height over the lowest, 16 bits each, compressed by
    zlib.

    Points lie within FAR reaches of the centre; one farther out is drawn in towards it. Heights lie
    on a logarithmic scale from 10^FLOOR (0: that or less) to `surface.lost` (FULL; FULL + 1: more).
    Stored are the
    differences from step to step, the upper bytes of all before the lower ones: a third of the
    size, as paths go straight on more often than not.
    """
    points = torch.cat([race(surface, name) for name in OPTIMIZERS])
    heights = (surface.cost(points) - surface.lowest).numpy()
    spot = (points.numpy() - surface.centre) / (FAR * surface.reach)
    spot = np.nan_to_num(spot, nan=1, posinf=1, neginf=-1)
    spot /= np.maximum(1, np.abs(spot).max(-1, keepdims=True))
    scale = (np.log10(np.maximum(heights, 10**FLOOR)) - FLOOR) / (np.log10(surface.lost) - FLOOR)
    numbers = np.stack(
        [(spot[..., 0] + 1) / 2, (spot[..., 1] + 1) / 2, np.where(scale <= 1, scale, 2)]
    )
    codes = np.minimum(np.round(numbers * FULL), FULL + 1).astype(np.uint16)
    changes = np.diff(codes, axis=-1, prepend=np.uint16(0))
    return zlib.compress(
        (changes >> 8).astype(np.uint8).tobytes() + changes.astype(np.uint8).tobytes(), 9
    )

"""The surfaces of the race: formula, source, minima, and where and how fast a race is worth
watching.

Each is a loss C of two parameters, from points (…, 2) to heights (…).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import pi

import torch
from torch import Tensor

from corelab.common.i18n import N_

Point = tuple[float, float]


@dataclass(frozen=True)
class Surface:
    """A loss over two parameters, seen in the square `centre` ± `reach`."""

    name: str
    cost: Callable[[Tensor], Tensor]
    formula: str
    source: str
    minima: tuple[Point, ...]
    lowest: float  # the height of the minima
    reach: float
    starts: tuple[Point, ...]
    rates: tuple[float, ...]  # from a crawl to what diverges or gets lost
    rate: float  # the one of them that the page opens with
    look: str  # what to look for
    centre: Point = (0, 0)
    bottom: float = 1e-6  # of the loss chart

    def grid(self, points: int) -> tuple[Tensor, Tensor, Tensor]:
        """θ₁ and θ₂ along the edges of the view, and the heights over the lowest within: (points,
        points)."""
        along = torch.linspace(-self.reach, self.reach, points, dtype=torch.float64)
        x, y = along + self.centre[0], along + self.centre[1]
        return (
            x,
            y,
            self.cost(torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)) - self.lowest,
        )

    @cached_property
    def lost(self) -> float:
        """The height over the lowest beyond which a race is lost: ten times that of anything in the
        view."""
        return 10 * self.grid(100)[2].max().item()


def bowl(theta: Tensor) -> Tensor:
    x, y = theta.unbind(-1)
    return x**2 + y**2


BOWL = Surface(
    N_("Bowl"),
    bowl,
    "θ₁² + θ₂²",
    "De Jong 1975, An analysis of the behavior of a class of genetic adaptive systems, F1",
    minima=((0, 0),),
    lowest=0,
    reach=3,
    starts=((-2.4, 1.5), (2.5, 0.6), (-0.6, -2.4), (1.4, 2.5), (-2.6, -1.2), (2.2, -2.3)),
    rates=(0.003, 0.01, 0.03, 0.1, 0.3, 0.9, 1.05, 3),
    rate=0.03,
    look=N_(
        "Equally steep in every direction: gradient descent walks straight to the minimum. At "
        "0.9 it jumps "
        "to the other side with every step; at 1.05 it lands farther out each time, and diverges."
    ),
)


def ravine(theta: Tensor) -> Tensor:
    x, y = theta.unbind(-1)
    return (x**2 + 20 * y**2) / 2


RAVINE = Surface(
    N_("Ravine"),
    ravine,
    "½ (θ₁² + 20 θ₂²)",
    N_("the ravine of labs 2 and 3"),
    minima=((0, 0),),
    lowest=0,
    reach=4.5,
    starts=((-4, 1.5), (3.6, 3), (-3, -3.4), (4, -1), (-1.2, 3.6), (1.5, -3.8)),
    rates=(0.003, 0.01, 0.03, 0.06, 0.09, 0.105, 0.3, 1),
    rate=0.03,
    look=N_(
        "Twenty times as steep across as along. At 0.09 gradient descent zigzags between the "
        "walls, and at "
        "0.105 the zigzag grows: the steep direction limits the rate, and the gentle one is "
        "slow because "
        "of it. Momentum gathers speed along the floor; Adagrad, RMSprop and Adam go as fast "
        "along as "
        "across."
    ),
)


def rosenbrock(theta: Tensor) -> Tensor:
    x, y = theta.unbind(-1)
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


ROSENBROCK = Surface(
    N_("Rosenbrock's valley"),
    rosenbrock,
    "(1 − θ₁)² + 100 (θ₂ − θ₁²)²",
    "Rosenbrock 1960, The Computer Journal 3(3)",
    minima=((1, 1),),
    lowest=0,
    centre=(0, 1),
    reach=2,
    bottom=1e-4,
    starts=((-1.2, 1), (0, 2.6), (1.6, -0.5), (-1.6, 2.7), (-0.6, -0.6), (1.7, 2.3)),
    rates=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
    rate=0.001,
    look=N_(
        "A curved valley: a few steps lead into it, and hundreds along it. Its walls are so "
        "steep that "
        "gradient descent diverges at 0.01, and its floor so flat that it creeps below. At "
        "such a rate the "
        "adaptive optimizers stand still: give each its best rate, and they join in."
    ),
)


def beale(theta: Tensor) -> Tensor:
    x, y = theta.unbind(-1)
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


BEALE = Surface(
    N_("Beale's function"),
    beale,
    "(1.5 − θ₁ + θ₁θ₂)² + (2.25 − θ₁ + θ₁θ₂²)² + (2.625 − θ₁ + θ₁θ₂³)²",
    "Beale 1958, Statistical Techniques Research Group, Princeton, report 25",
    minima=((3, 0.5),),
    lowest=0,
    reach=4.5,
    starts=((1, 1), (-1, 1.5), (3.8, -1.8), (-3, -1), (-0.5, -2.5), (1.2, 2)),
    rates=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
    rate=0.01,
    look=N_(
        "A flat cross between four corners that rise like cliffs. In the flat a step is too "
        "short, on a "
        "cliff it is too long: at 0.1 gradient descent is thrown out by its first steps, while "
        "Adam, which "
        "divides by the size of the gradient, arrives."
    ),
)


def saddle(theta: Tensor) -> Tensor:
    x, y = theta.unbind(-1)
    return x**2 / 2 + y**4 / 4 - y**2 / 2


SADDLE = Surface(
    N_("Saddle"),
    saddle,
    "½ θ₁² + ¼ θ₂⁴ − ½ θ₂²",
    "Nesterov 2004, Introductory lectures on convex optimization, section 1.2.3",
    minima=((0, -1), (0, 1)),
    lowest=-0.25,
    reach=2,
    starts=((1.6, 0.001), (-1.6, 0), (-1.2, 0.1), (1.5, -1.6), (-0.2, 1.8), (0.4, -0.02)),
    rates=(0.003, 0.01, 0.03, 0.1, 0.3, 1, 2.1, 10),
    rate=0.03,
    look=N_(
        "At (0, 0) the gradient is 0, and yet it is no minimum: it goes down to either side. "
        "Gradient "
        "descent lingers there; momentum leaves sooner, and the adaptive optimizers hardly "
        "notice, since "
        "they enlarge the small gradient sideways. From start 2, where θ₂ = 0, that gradient "
        "is exactly 0: "
        "nobody leaves."
    ),
)


def plateau(theta: Tensor) -> Tensor:
    x, y = theta.unbind(-1)
    return 1 - torch.exp(-(x**2 + y**2) / 4)


PLATEAU = Surface(
    N_("Plateau"),
    plateau,
    "1 − exp(−(θ₁² + θ₂²) / 4)",
    N_("a well in a plain: after Easom 1990, without its cosines"),
    minima=((0, 0),),
    lowest=0,
    reach=6,
    starts=((-3.5, 2.5), (2, 0.5), (4, 4), (-1, -4), (3.4, -3.6), (-5, -3)),
    rates=(0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30),
    rate=0.1,
    look=N_(
        "Far from the well it is flat: gradient descent, whose step is the rate times the "
        "gradient, stands "
        "still. RMSprop and Adam divide by the size of the gradient, and walk on. Nothing "
        "diverges here, "
        "but too large a rate leaps over the well and out onto the plain, where nothing brings "
        "it back."
    ),
)


def rastrigin(theta: Tensor) -> Tensor:
    x, y = theta.unbind(-1)
    return 20 + x**2 + y**2 - 10 * (torch.cos(2 * pi * x) + torch.cos(2 * pi * y))


RASTRIGIN = Surface(
    N_("Rastrigin's egg box"),
    rastrigin,
    "20 + θ₁² + θ₂² − 10 (cos 2πθ₁ + cos 2πθ₂)",
    "Rastrigin 1974, Systems of extremal control",
    minima=((0, 0),),
    lowest=0,
    reach=5.12,
    bottom=0.1,
    starts=((-1.6, 3.4), (-3.2, 2.3), (4.3, 3.6), (1.4, -0.6), (-4.2, -4.4), (3.3, -3.1)),
    rates=(0.0005, 0.002, 0.005, 0.01, 0.05, 0.2, 0.5, 1),
    rate=0.005,
    look=N_(
        "About a hundred hollows, and one of them is the lowest. At a small rate everybody "
        "ends in the "
        "nearest one, whatever the optimizer. A larger rate, or momentum, leaps over some of "
        "them; which "
        "one it ends in is luck: drag the start and see."
    ),
)

SURFACES = (BOWL, RAVINE, ROSENBROCK, BEALE, SADDLE, PLATEAU, RASTRIGIN)

"""The optimizers of the course, from scratch, simplest first."""

from corelab.optim.adagrad import Adagrad
from corelab.optim.adam import Adam
from corelab.optim.adamw import AdamW
from corelab.optim.gradient_descent import GradientDescent
from corelab.optim.momentum import Momentum
from corelab.optim.nesterov import Nesterov
from corelab.optim.rmsprop import RMSprop

__all__ = [  # noqa: RUF022 (simplest first, as in tables and figures)
    "GradientDescent",
    "Momentum",
    "Nesterov",
    "Adagrad",
    "RMSprop",
    "Adam",
    "AdamW",
]

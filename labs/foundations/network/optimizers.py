"""Optimizers: the step in the parameters for a gradient. The formulas and defaults are those of Keras 3.

All are functions of vectors, element by element: each parameter has its own state. `rate` is the learning rate η of
the step, g the gradient, w the parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

EPSILON = 1e-7
"""Keeps a denominator from being zero."""


class SGD:
    """w ← w − ηg. With momentum μ the step is v ← μv − ηg: a decaying average of the steps so far.

    Args:
        momentum: μ, 0 for none.
        nesterov: use the gradient as if the next step of the momentum had already been taken (Nesterov 1983).
    """

    def __init__(self, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.momentum = momentum
        self.nesterov = nesterov
        self._velocity: Any = 0.0

    def step(self, w: Array, g: Array, rate: float) -> None:
        """Change w in place."""
        self._velocity = self.momentum * self._velocity - rate * g
        w += self.momentum * self._velocity - rate * g if self.nesterov else self._velocity


class Adagrad:
    """w ← w − ηg/√(G + ε), with the sum G of all squared gradients: the rate of a parameter only falls.

    Source:
        Duchi, Hazan and Singer, Adaptive Subgradient Methods, JMLR 12 (2011).
    """

    def __init__(self, initial: float = 0.1) -> None:
        self._squares: Any = initial

    def step(self, w: Array, g: Array, rate: float) -> None:
        """Change w in place."""
        self._squares = self._squares + g * g
        w -= rate * g / np.sqrt(self._squares + EPSILON)


class Adadelta:
    """w ← w + ηΔ with Δ = −g·√(D + ε)/√(G + ε), where D and G are averages of Δ² and g²: a step in the unit of w.

    Source:
        Zeiler, ADADELTA (2012), arXiv:1212.5701.
    """

    def __init__(self, rho: float = 0.95) -> None:
        self.rho = rho
        self._squares: Any = 0.0
        self._deltas: Any = 0.0

    def step(self, w: Array, g: Array, rate: float) -> None:
        """Change w in place."""
        self._squares = self.rho * self._squares + (1 - self.rho) * g * g
        delta = -g * np.sqrt(self._deltas + EPSILON) / np.sqrt(self._squares + EPSILON)
        self._deltas = self.rho * self._deltas + (1 - self.rho) * delta * delta
        w += rate * delta


class RMSprop:
    """w ← w − ηg/√(G + ε), with a decaying average G of the squared gradients (Tieleman and Hinton 2012)."""

    def __init__(self, rho: float = 0.9) -> None:
        self.rho = rho
        self._squares: Any = 0.0

    def step(self, w: Array, g: Array, rate: float) -> None:
        """Change w in place."""
        self._squares = self.rho * self._squares + (1 - self.rho) * g * g
        w -= rate * g / np.sqrt(self._squares + EPSILON)


class Adam:
    """w ← w − η m̂/(√v̂ + ε), with averages m of g and v of g², corrected for their start at zero.

    Source:
        Kingma and Ba, Adam, ICLR 2015, arXiv:1412.6980, with ε before the correction as in section 2.
    """

    def __init__(self, beta_1: float = 0.9, beta_2: float = 0.999) -> None:
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self._steps = 0
        self._mean: Any = 0.0
        self._squares: Any = 0.0

    def step(self, w: Array, g: Array, rate: float) -> None:
        """Change w in place."""
        self._steps += 1
        self._mean = self._mean + (1 - self.beta_1) * (g - self._mean)
        self._squares = self._squares + (1 - self.beta_2) * (g * g - self._squares)
        real = w.dtype.type  # as Keras: 1 − β₂ has few digits in float32
        means, squares = (1 - real(beta) ** real(self._steps) for beta in (self.beta_1, self.beta_2))
        corrected = real(rate) * np.sqrt(squares) / means
        w -= corrected * self._mean / (np.sqrt(self._squares) + EPSILON)


Optimizer = SGD | Adagrad | Adadelta | RMSprop | Adam
OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {
    "sgd": SGD,
    "adagrad": Adagrad,
    "adadelta": Adadelta,
    "rmsprop": RMSprop,
    "adam": Adam,
}
"""By name. Momentum and Nesterov's method are settings of `sgd`."""

Schedule = Callable[[int], float]
"""From the number of steps already taken to the learning rate."""
STEPS, FACTOR = 4, 0.5
"""A step decay multiplies the rate by FACTOR after each quarter of the training."""
LAST = 0.01
"""An exponential decay ends with this fraction of the rate."""


def schedule(decay: str, rate: float, total: int) -> Schedule:
    """The learning rate over a training.

    Args:
        decay: `constant`; `step`, `exponential` or `cosine` (to zero, Loshchilov and Hutter 2017).
        rate: the initial learning rate.
        total: gradient steps of the training.
    """
    length = max(1, -(-total // STEPS))
    schedules: dict[str, Schedule] = {
        "constant": lambda done: rate,
        "step": lambda done: rate * FACTOR ** (done // length),
        "exponential": lambda done: rate * LAST ** (done / total),
        "cosine": lambda done: rate * 0.5 * (1 + math.cos(math.pi * min(done, total) / total)),
    }
    return schedules[decay]

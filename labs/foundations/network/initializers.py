"""Initial weights of a layer. Biases start at zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Initializer = Callable[[np.random.Generator, int, int], NDArray[Any]]
"""From a random generator, the number of inputs and the number of units, to weights (inputs, units) float64."""


def uniform(low: float, high: float) -> Initializer:
    """Uniform between two numbers."""
    return lambda random, inputs, units: random.uniform(low, high, (inputs, units))


def scaled_normal(random: np.random.Generator, inputs: int, units: int) -> NDArray[Any]:
    """Normal with standard deviation 1/√inputs (LeCun 1998): a sum of so many terms then has a variance near 1."""
    return random.normal(0, inputs**-0.5, (inputs, units))


def scaled_uniform(random: np.random.Generator, inputs: int, units: int) -> NDArray[Any]:
    """Uniform between ±1/√inputs."""
    return random.uniform(-(inputs**-0.5), inputs**-0.5, (inputs, units))


def glorot(random: np.random.Generator, inputs: int, units: int) -> NDArray[Any]:
    """Uniform with variance 2/(inputs + units), between forward and backward pass; Keras's default.

    Source:
        Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, AISTATS 2010.
    """
    limit = (6 / (inputs + units)) ** 0.5
    return random.uniform(-limit, limit, (inputs, units))


def he(random: np.random.Generator, inputs: int, units: int) -> NDArray[Any]:
    """Normal with variance 2/inputs, as a ReLU sets half of its inputs to zero.

    Source:
        He, Zhang, Ren and Sun, Delving Deep into Rectifiers, ICCV 2015.
    """
    return random.normal(0, (2 / inputs) ** 0.5, (inputs, units))


INITIALIZERS: dict[str, Initializer] = {
    "zeros": lambda random, inputs, units: np.zeros((inputs, units)),
    "ones": lambda random, inputs, units: np.ones((inputs, units)),
    "uniform": uniform(0, 1),
    "centred": uniform(-0.5, 0.5),
    "normal": lambda random, inputs, units: random.normal(0, 1, (inputs, units)),
    "scaled_uniform": scaled_uniform,
    "scaled_normal": scaled_normal,
    "glorot": glorot,
    "he": he,
}
"""By name."""

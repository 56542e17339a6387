"""Drawing functions of the simulators: rotated coordinates, lengths through solids, soft edges, random fields."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.floating[Any]]
"""An image or a grid of coordinates, (height, width), float32: an image of 256 levels needs no more."""


def turned(x: Map, y: Map, angle: float) -> tuple[Map, Map]:
    """Coordinates along and across an axis at this angle to the horizontal."""
    cosine, sine = np.float32(math.cos(angle)), np.float32(math.sin(angle))
    return x * cosine + y * sine, y * cosine - x * sine


def chord(square: Map) -> Map:
    """Length through a unit sphere at squared distance `square` from its centre, over its diameter."""
    return np.sqrt(np.maximum(1 - square, 0))


def ellipsoid(x: Map, y: Map, at: tuple[float, float], axes: tuple[float, float], angle: float = 0) -> Map:
    """Length through an ellipsoid over its greatest length; axes in the image's plane in cm, angle in radians."""
    u, v = turned(x - np.float32(at[0]), y - np.float32(at[1]), angle)
    return chord((u / axes[0]) ** 2 + (v / axes[1]) ** 2)


def fade(distance: Map, width: float) -> Map:
    """1 where `distance` is far below zero, 0 where far above, 0.5 at zero."""
    return 0.5 - 0.5 * np.tanh(distance / np.float32(width))


def tube(distance: Map, radius: Map | float, sharpness: float) -> Map:
    """Length through a tube at this distance from its axis, its edge blurred over `sharpness` cm, area kept."""
    variance = radius * radius / 4 + sharpness**2
    height = math.sqrt(math.pi / 2) * radius * radius / variance**0.5
    return height * np.exp(distance * distance * (-0.5 / variance))


def box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The rows and the columns that hold all true values of a mask."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return slice(0), slice(0)
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def ripple(x: Map, y: Map, scale: float, seed: int) -> Map:
    """A smooth random field of mean 0 and variance 1 whose bumps are about `scale` cm wide."""
    random = np.random.default_rng(seed)
    field = np.zeros_like(x)
    for _ in range(10):
        direction, phase = random.uniform(0, 2 * np.pi, 2)
        number = np.float32(random.uniform(0.5, 1.5) * np.pi / scale)
        field += np.cos(number * turned(x, y, direction)[0] + np.float32(phase))
    return field * np.float32(np.sqrt(2 / 10))

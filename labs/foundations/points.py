"""Red and green points of a plane: GENERATED, with a curve between the colours and some points on the wrong side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

COLOURS = ("red", "green")
"""The names of the classes."""
NOISE = 0.05
"""Standard deviation of the distance by which a point may be on the wrong side of the curve."""


def curve(x1: NDArray[Any]) -> NDArray[Any]:
    """The height of the boundary at x1: a parabola. The points above it are green."""
    return 1.8 * x1**2 - 0.6


def points(number: int = 500, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Points in the square from −1 to 1 with their colours.

    Args:
        number: of points.
        seed: of the generator.

    Returns:
        Coordinates (points, 2) float32 and colours (points,) int64.
    """
    random = np.random.default_rng(seed)
    places = random.uniform(-1, 1, (number, 2))
    above = places[:, 1] - curve(places[:, 0]) + random.normal(0, NOISE, number)
    return places.astype("float32"), (above > 0).astype("int64")

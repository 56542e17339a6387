"""Transformations after which the values of a measure over seeds are nearly normal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Scale(NamedTuple):
    """An increasing transformation and its inverse."""

    forward: Callable[[float], float]
    inverse: Callable[[float], float]


IDENTITY = Scale(float, float)
LOGARITHM = Scale(lambda value: math.log(max(value, 1e-12)), math.exp)
ARCSINE = Scale(
    lambda value: math.asin(math.sqrt(min(max(value, 0.0), 1.0))),
    lambda angle: math.sin(min(max(angle, 0.0), math.pi / 2)) ** 2,
)


def scale_of(values: Sequence[float], better: str) -> Scale:
    """Choose the scale of a measure: arcsine for proportions, logarithm for losses and errors.

    Args:
        values: values of the band.
        better: `lower` or `higher`.

    Source:
        Bartlett, The Use of Transformations, Biometrics 3 (1947), pages 39 to 52.
    """
    if better == "lower" and min(values) > 0:
        return LOGARITHM
    return ARCSINE if better == "higher" and min(values) >= 0 and max(values) <= 1 else IDENTITY

"""Scales on which what seeds give is nearly normal."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Scale(NamedTuple):
    """On which a measure's seeds are nearly normal: the way there and back, both rising."""

    there: Callable[[float], float]
    back: Callable[[float], float]


PLAIN = Scale(float, float)
LOGARITHM = Scale(lambda value: math.log(max(value, 1e-12)), math.exp)
ARCSINE = Scale(
    lambda value: math.asin(math.sqrt(min(max(value, 0.0), 1.0))),
    lambda angle: math.sin(min(max(angle, 0.0), math.pi / 2)) ** 2,
)


def scale_of(values: Sequence[float], better: str) -> Scale:
    """The scale of a measure, by what its band holds: arcsine for shares, logarithm for losses and errors.

    Args:
        values: of the band.
        better: `lower` or `higher`.

    Source:
        Bartlett, The Use of Transformations, Biometrics 3 (1947), pages 39 to 52.
    """
    if better == "lower" and min(values) > 0:
        return LOGARITHM
    return ARCSINE if better == "higher" and min(values) >= 0 and max(values) <= 1 else PLAIN

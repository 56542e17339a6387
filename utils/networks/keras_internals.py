"""Check for the Keras attributes that the speed-ups replace; they are not part of Keras's public interface."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Sequence
from functools import cache
from typing import Any

import keras


def has_internals(owner: Any, names: Sequence[str], purpose: str) -> bool:
    """Whether `owner` has every attribute that a speed-up needs; warns once per process and purpose where it does not.

    Args:
        owner: a layer or an optimizer.
        names: of the attributes; `cell.kernel` is an attribute of an attribute.
        purpose: what is computed (`the LSTM recurrence`), for the warning.
    """
    for name in names:
        try:
            operator.attrgetter(name)(owner)
        except AttributeError:
            _warn_once(purpose, f"{type(owner).__name__}.{name}")
            return False
    return True


@cache
def _warn_once(purpose: str, missing: str) -> None:
    warnings.warn(
        f"Keras {keras.__version__} has no {missing}, so Keras's own code computes {purpose}, more slowly",
        UserWarning,
        stacklevel=4,
    )

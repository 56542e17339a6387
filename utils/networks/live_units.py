"""Initial weights with which every ReLU responds: a unit that is dead from the start never learns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

LEAST = 0.01
"""A unit that responds in a smaller fraction of the rows and places counts as dead: its gradient is nearly zero."""
TRIES = 100
"""Largest number of draws; for the pneumonia course's network, 20 are seldom needed."""


def dead_units(model: keras.Model, inputs: Any) -> dict[str, int]:
    """The number of dead units of each layer with a ReLU, by the layer's name.

    Args:
        model: a functional model.
        inputs: rows that the units are tried on.
    """
    layers = [layer for layer in model.layers if getattr(layer, "activation", None) is keras.activations.relu]
    if not layers:
        return {}
    found = keras.Model(model.input, [layer.output for layer in layers])(inputs)
    outputs = found if isinstance(found, list | tuple) else [found]
    return {layer.name: _dead(np.asarray(output)) for layer, output in zip(layers, outputs, strict=True)}


def _dead(outputs: NDArray[Any]) -> int:
    responds = np.mean(outputs > 0, axis=tuple(range(outputs.ndim - 1)))
    return int(np.sum(responds < LEAST))


def build_alive(build: Callable[[], keras.Model], inputs: Any) -> keras.Model:
    """A new model in which no unit is dead: its initial weights are drawn again until that is so.

    Args:
        build: makes the model; each call draws other weights.
        inputs: rows that the units are tried on.

    Returns:
        The first such model; the last one drawn if there is none in TRIES draws.

    Source:
        Lu, Shin, Su and Karniadakis, Dying ReLU and initialization: theory and numerical examples, Communications in
        Computational Physics 28(5), 1671–1706 (2020): a network that is born dead cannot be trained, and narrow ones
        often are.
    """
    model = build()
    for _ in range(TRIES - 1):
        if not any(dead_units(model, inputs).values()):
            break
        model = build()
    return model

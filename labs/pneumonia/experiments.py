"""An experiment on convolution: predictions of shifted radiographs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from utils.datasets.splits import Splits
from utils.images import filters

Array = NDArray[Any]

RATE = 1e-3


def shift_networks(shape: tuple[int, ...]) -> dict[str, keras.Model]:
    """Four small networks: an MLP, a CNN without pooling, with max pooling, and with the mean over all positions.

    Args:
        shape: (height, width, 1) of the radiographs.

    Returns:
        By name, from uint8 radiographs to (batch, 2) probabilities.
    """

    def mlp(values: Any) -> Any:
        return keras.layers.Dense(64, activation="relu")(keras.layers.Flatten()(values))

    def convolutions(values: Any, pooling: bool, last: type[keras.layers.Layer] = keras.layers.Flatten) -> Any:
        for number in (8, 16):
            values = keras.layers.Conv2D(number, 3, padding="same", activation="relu")(values)
            if pooling:
                values = keras.layers.MaxPooling2D(2)(values)
        return last()(values)

    parts: dict[str, Callable[[Any], Any]] = {
        "MLP": mlp,
        "CNN without pooling": lambda values: convolutions(values, False),
        "CNN with max pooling": lambda values: convolutions(values, True),
        "CNN with max pooling and the mean over all positions": lambda values: convolutions(
            values, True, keras.layers.GlobalAveragePooling2D
        ),
    }
    models = {}
    for name, part in parts.items():
        inputs = keras.Input(shape, dtype="uint8")
        values = part(keras.layers.Rescaling(1 / 255)(inputs))
        models[name] = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(values))
    return models


def shift_changes(model: keras.Model, images: Array, shifts: Sequence[int]) -> Array:
    """How much a shift of the radiographs changes the predicted probability of class 1.

    Args:
        model: from radiographs to (batch, 2) probabilities.
        images: (radiographs, height, width, 1).
        shifts: pixels; each is applied to the left, right, top and bottom.

    Returns:
        (shifts,) mean absolute change over the radiographs and the four directions.
    """
    plain = model.predict(images, verbose=0)[:, 1]
    changes = []
    for pixels in shifts:
        moved = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
        found = [model.predict(filters.shifted(images, *by), verbose=0)[:, 1] for by in moved]
        changes.append(np.mean(np.abs(np.array(found) - plain)))
    return np.array(changes)


def train_for_shifts(splits: Splits, seed: int, epochs: int = 8) -> dict[str, keras.Model]:
    """`shift_networks`, trained on the training split without augmentation, which would teach them shifts."""
    keras.utils.set_random_seed(seed)
    models = shift_networks(splits.train.inputs.shape[1:])
    for model in models.values():
        model.compile(keras.optimizers.Adam(RATE), "sparse_categorical_crossentropy", steps_per_execution=32)
        model.fit(splits.train.inputs[:], splits.train.targets, batch_size=32, epochs=epochs, verbose=0)
    return models

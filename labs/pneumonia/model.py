"""The course's two networks and a stronger one, from raw radiographs to probabilities of the two classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from labs.pneumonia.config import Config
from utils.base.errors import CallerError
from utils.datasets.splits import Splits
from utils.networks.blocks import residual_blocks
from utils.networks.live_units import build_alive

SMALLEST = 64
"""Smallest side in pixels for which the course's network has an output after its last pooling."""
TRIED = 32
"""Number of training radiographs on which the units of the course's network are tried."""


def build(config: Config, splits: Splits) -> keras.Model:
    """The network that `--network` names, for the course's one with initial weights that leave no unit dead.

    Returns:
        (batch, height, width, 1) uint8 to (batch, 2) probabilities.

    Raises:
        CallerError: the radiographs are too small for the course's network.
    """
    shape = splits.train.inputs.shape[1:]

    def network() -> keras.Model:
        inputs = keras.Input(shape, dtype="uint8", name="pictures")
        values = NETWORKS[config.network](keras.layers.Rescaling(1 / 255, name="pixels")(inputs), config)
        outputs = keras.layers.Dense(2, activation="softmax", name=splits.target)(values)
        return keras.Model(inputs, outputs, name=config.network)

    if config.network != "cnn" or not config.redraw:
        return network()
    rows = np.unique(np.linspace(0, len(splits.train) - 1, TRIED).astype(int))
    return build_alive(network, splits.train.inputs[rows])


def convolutional(values: Any, config: Config) -> Any:
    """The course's convolutional network: 522 parameters at 256 × 256, including the last layer.

    Source:
        Codecademy, Build Deep Learning Models with TensorFlow, "Image classification" (X-rays).
    """
    del config  # the network has no options
    if min(values.shape[1:3]) < SMALLEST:
        raise CallerError(
            f"--network cnn: images of {values.shape[1]} × {values.shape[2]} are too small for the course's strides",
            f"give --image-size {SMALLEST} or more, or --network residual",
        )
    values = keras.layers.Conv2D(2, 5, strides=3, activation="relu", name="convolution_1")(values)
    values = keras.layers.MaxPooling2D(5, strides=5, name="pool_1")(values)
    values = keras.layers.Conv2D(4, 3, activation="relu", name="convolution_2")(values)
    values = keras.layers.MaxPooling2D(2, strides=2, name="pool_2")(values)
    return keras.layers.Flatten(name="flatten")(values)


def perceptron(values: Any, config: Config) -> Any:
    """The course's perceptron on flattened radiographs: 6.6 million parameters at 256 × 256, including the last layer.

    Source:
        as for `convolutional`.
    """
    del config  # the network has no options
    values = keras.layers.Flatten(name="flatten")(values)
    values = keras.layers.Dense(100, activation="relu", name="hidden_1")(values)
    return keras.layers.Dense(50, activation="relu", name="hidden_2")(values)


def residual(values: Any, config: Config) -> Any:
    """Residual blocks and global average pooling; the first convolution halves images of SMALLEST pixels or more."""
    values = residual_blocks(
        values, config.filters, strides=2 if min(values.shape[1:3]) >= SMALLEST else 1, momentum=0.9
    )
    values = keras.layers.GlobalAveragePooling2D(name="mean")(values)
    return keras.layers.Dropout(config.dropout, name="dropout")(values)


NETWORKS: dict[str, Callable[[Any, Config], Any]] = {
    "cnn": convolutional,
    "mlp": perceptron,
    "residual": residual,
}

"""The course's network and a stronger one, from raw images to probabilities of the shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from labs.galaxy.config import Config
from utils.base.errors import CallerError
from utils.datasets.splits import Splits
from utils.networks.blocks import residual_blocks
from utils.networks.ensembles import ensemble

SMALLEST = 27
"""Smallest side in pixels for which the course's network has an output after its last pooling."""
LARGE = 64
"""Images with a larger side in pixels are halved by the first convolution of the residual network."""


def build(config: Config, splits: Splits) -> keras.Model:
    """The network that `--network` names.

    Returns:
        (batch, height, width, 3) pixel values to (batch, classes) probabilities, or to (batch, members, classes).

    Raises:
        CallerError: the images are too small for the course's network.
    """
    shape = splits.train.inputs.shape[1:]

    def network(name: str) -> keras.Model:
        # Inside a mean the inputs are floats; TensorFlow warns of slow rotations if they are cast to integers.
        dtype = "float32" if config.symmetric or config.members > 1 else "uint8"
        inputs = keras.Input(shape, dtype=dtype, name="pictures")
        values = NETWORKS[config.network](keras.layers.Rescaling(1 / 255, name="pixels")(inputs), config)
        outputs = keras.layers.Dense(len(splits.class_names), activation="softmax", name=splits.target)(values)
        return keras.Model(inputs, outputs, name=name)

    return network(config.network) if config.members == 1 else ensemble(network, config.members)


def convolutional(values: Any, config: Config) -> Any:
    """The course's network up to its last layer.

    Source:
        Codecademy, Build Deep Learning Models with TensorFlow, "Galaxies" project.
    """
    del config  # the network has no options
    if min(values.shape[1:3]) < SMALLEST:
        raise CallerError(
            f"--network cnn: images of {values.shape[1]} × {values.shape[2]} are too small for the course's strides",
            f"give --image-size {SMALLEST} or more, or --network residual",
        )
    for number in (1, 2):
        values = keras.layers.Conv2D(8, 3, strides=2, activation="relu", name=f"convolution_{number}")(values)
        values = keras.layers.MaxPooling2D(2, strides=2, name=f"pool_{number}")(values)
    values = keras.layers.Flatten(name="flatten")(values)
    return keras.layers.Dense(16, activation="relu", name="hidden")(values)


def residual(values: Any, config: Config) -> Any:
    """Residual blocks and global average pooling."""
    values = residual_blocks(values, config.filters, strides=2 if min(values.shape[1:3]) > LARGE else 1, momentum=0.9)
    values = keras.layers.GlobalAveragePooling2D(name="mean")(values)
    return keras.layers.Dropout(config.dropout, name="dropout")(values)


NETWORKS: dict[str, Callable[[Any, Config], Any]] = {"cnn": convolutional, "residual": residual}

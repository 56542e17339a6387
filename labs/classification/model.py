"""The networks, each in another of the three ways in which Keras builds models; raw inputs in, probabilities out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from labs.classification.config import Config
from utils.datasets.splits import Splits
from utils.networks.blocks import columns, residual_blocks


def build(config: Config, splits: Splits) -> keras.Model:
    """The network that `--network` names.

    However it was written, what is returned is a functional model of plain layers, so that every format saves it and
    it opens without this project.

    Args:
        config: the hyperparameters.
        splits: shapes, classes, and for tables the scale of the numbers, from training rows alone.

    Returns:
        (batch, height, width, channels) uint8 or (batch, columns) float32, to (batch, classes) probabilities.
    """
    return NETWORKS[config.network](config, splits)


def _inputs(config: Config, splits: Splits) -> Any:
    pictures = splits.train.inputs.ndim > 2
    shape, dtype = splits.train.inputs.shape[1:], splits.train.inputs.dtype.name
    if config.mirrored:  # inside the mean of views it is given floats
        dtype = "float32"
    return keras.Input(shape, dtype=dtype, name="pictures" if pictures else "features")


def _prepared(inputs: Any, config: Config, splits: Splits) -> Any:
    """Pixels from 0 to 1, or the columns of a table, normalised and encoded."""
    if splits.features:
        return columns(inputs, splits, config.embedding)
    return keras.layers.Rescaling(1 / 255, name="pixels")(inputs)


def _widths(config: Config) -> list[int]:
    """Of the hidden layers: each is half as wide as the one before."""
    return [max(2, config.units >> number) for number in range(config.layers)]


def sequential(config: Config, splits: Splits) -> keras.Model:
    """A multilayer perceptron, as a `Sequential`: layers in a row, the way of the Udacity notebooks.

    Each hidden layer is half as wide as the one before.
    """
    inputs = _inputs(config, splits)
    stack = keras.Sequential(name="classifier")
    stack.add(keras.layers.Flatten(name="flatten"))
    for number, width in enumerate(_widths(config), 1):
        stack.add(keras.layers.Dense(width, activation=config.activation, name=f"hidden_{number}"))
        stack.add(keras.layers.Dropout(config.dropout, name=f"dropout_{number}"))
    stack.add(keras.layers.Dense(len(splits.class_names), activation="softmax", name=splits.target))
    outputs = _prepared(inputs, config, splits)
    for layer in stack.layers:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs, name="mlp")


def functional(config: Config, splits: Splits) -> keras.Model:
    """A compact residual network, with the functional API: each layer called on what the last one gave.

    After the residual blocks comes the mean over the picture.
    """
    inputs = _inputs(config, splits)
    values = residual_blocks(_prepared(inputs, config, splits), config.filters)
    values = keras.layers.GlobalAveragePooling2D(name="mean")(values)
    values = keras.layers.Dropout(config.dropout, name="dropout")(values)
    outputs = keras.layers.Dense(len(splits.class_names), activation="softmax", name=splits.target)(values)
    return keras.Model(inputs, outputs, name="cnn")


class Perceptron(keras.Model):
    """The perceptron of `sequential`, as a subclass: layers are attributes, `call` is ordinary Python.

    Args:
        config: the hyperparameters.
        splits: the data.
    """

    def __init__(self, config: Config, splits: Splits) -> None:
        super().__init__(name="perceptron")
        self.flatten = keras.layers.Flatten(name="flatten")
        widths = _widths(config)
        self.hidden = [
            keras.layers.Dense(width, activation=config.activation, name=f"hidden_{number}")
            for number, width in enumerate(widths, 1)
        ]
        self.drop = [keras.layers.Dropout(config.dropout, name=f"dropout_{n}") for n in range(1, len(widths) + 1)]
        self.answer = keras.layers.Dense(len(splits.class_names), activation="softmax", name=splits.target)

    def call(self, inputs: Any) -> Any:
        """(batch, …) prepared inputs to (batch, classes) probabilities."""
        values = self.flatten(inputs)
        for layer, drop in zip(self.hidden, self.drop, strict=True):
            values = drop(layer(values))
        return self.answer(values)


def subclassed(config: Config, splits: Splits) -> keras.Model:
    """The subclass, made fit for export.

    A subclass is saved as the name of its Python class, and opens only where that code is. Its `call`, run once on an
    Input, leaves the plain layers behind that it is made of, and those are saved like any others.
    """
    inputs = _inputs(config, splits)
    outputs = Perceptron(config, splits).call(_prepared(inputs, config, splits))
    return keras.Model(inputs, outputs, name="subclassed")


NETWORKS: dict[str, Callable[[Config, Splits], keras.Model]] = {
    "mlp": sequential,
    "cnn": functional,
    "subclassed": subclassed,
}

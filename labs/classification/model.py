"""The networks, from raw inputs to probabilities; they show the three ways of building models in Keras."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from labs.classification.config import Config
from utils.datasets.splits import Splits
from utils.networks.blocks import residual_blocks
from utils.networks.tables import columns, table_inputs


def build(config: Config, splits: Splits) -> keras.Model:
    """The network that `--network` names.

    The result is always a functional model of standard layers, so that every format can save it and it can be loaded
    without this project.

    Args:
        config: the hyperparameters.
        splits: give shapes, classes and, for tables, the normalisation, which uses the training rows only.

    Returns:
        (batch, height, width, channels) uint8, or a dict of the columns of a table, each (batch,), to (batch, classes)
        probabilities.
    """
    return NETWORKS[config.network](config, splits)


def _inputs(config: Config, splits: Splits) -> Any:
    if splits.features:
        return table_inputs(splits)
    train = splits.train.inputs
    # The mean over views passes floats.
    dtype = "float32" if config.mirrored else train.dtype.name
    return keras.Input(train.shape[1:], dtype=dtype, name="pictures")


def _prepared(inputs: Any, config: Config, splits: Splits) -> Any:
    """Pixels from 0 to 1, or the columns of a table: numbers normalized, levels looked up and encoded."""
    if splits.features:
        return columns(inputs, splits, config.embedding)
    return keras.layers.Rescaling(1 / 255, name="pixels")(inputs)


def _widths(config: Config) -> list[int]:
    """Widths of the hidden layers; each is half as wide as the previous one."""
    return [max(2, config.units >> number) for number in range(config.layers)]


def sequential(config: Config, splits: Splits) -> keras.Model:
    """A multilayer perceptron as a `Sequential` model, as in the Udacity notebooks.

    Each hidden layer is half as wide as the previous one. Without a hidden layer, dropout is applied to the inputs: it
    then regularizes a logistic regression (Wager, Wang and Liang, Dropout Training as Adaptive Regularization, 2013).
    """
    inputs = _inputs(config, splits)
    stack = keras.Sequential(name="classifier")
    stack.add(keras.layers.Flatten(name="flatten"))
    if not config.layers:
        stack.add(keras.layers.Dropout(config.dropout, name="dropout"))
    for number, width in enumerate(_widths(config), 1):
        stack.add(keras.layers.Dense(width, activation=config.activation, name=f"hidden_{number}"))
        stack.add(keras.layers.Dropout(config.dropout, name=f"dropout_{number}"))
    stack.add(keras.layers.Dense(len(splits.class_names), activation="softmax", name=splits.target))
    outputs = _prepared(inputs, config, splits)
    for layer in stack.layers:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs, name="mlp")


def functional(config: Config, splits: Splits) -> keras.Model:
    """A compact residual network with the functional API: each layer is called on the output of another.

    Global average pooling follows the residual blocks.
    """
    inputs = _inputs(config, splits)
    values = residual_blocks(_prepared(inputs, config, splits), config.filters, momentum=config.momentum)
    values = keras.layers.GlobalAveragePooling2D(name="mean")(values)
    values = keras.layers.Dropout(config.dropout, name="dropout")(values)
    outputs = keras.layers.Dense(len(splits.class_names), activation="softmax", name=splits.target)(values)
    return keras.Model(inputs, outputs, name="cnn")


class Perceptron(keras.Model):
    """The perceptron of `sequential` as a subclass: layers are attributes, and `call` is ordinary Python.

    Args:
        config: the hyperparameters.
        splits: the data.
    """

    def __init__(self, config: Config, splits: Splits) -> None:
        super().__init__(name="perceptron")
        self.flatten = keras.layers.Flatten(name="flatten")
        widths = _widths(config)
        self.first = keras.layers.Dropout(0.0 if widths else config.dropout, name="dropout")
        self.hidden = [
            keras.layers.Dense(width, activation=config.activation, name=f"hidden_{number}")
            for number, width in enumerate(widths, 1)
        ]
        self.drop = [keras.layers.Dropout(config.dropout, name=f"dropout_{n}") for n in range(1, len(widths) + 1)]
        self.answer = keras.layers.Dense(len(splits.class_names), activation="softmax", name=splits.target)

    def call(self, inputs: Any) -> Any:
        """(batch, …) prepared inputs to (batch, classes) probabilities."""
        values = self.first(self.flatten(inputs))
        for layer, drop in zip(self.hidden, self.drop, strict=True):
            values = drop(layer(values))
        return self.answer(values)


def subclassed(config: Config, splits: Splits) -> keras.Model:
    """The subclass as a functional model, which can be exported.

    A subclass is saved by the name of its Python class and can be loaded only where that code is available. Calling
    `call` on an Input gives a graph of its standard layers, which can be saved like any other.
    """
    inputs = _inputs(config, splits)
    outputs = Perceptron(config, splits).call(_prepared(inputs, config, splits))
    return keras.Model(inputs, outputs, name="subclassed")


NETWORKS: dict[str, Callable[[Config, Splits], keras.Model]] = {
    "mlp": sequential,
    "cnn": functional,
    "subclassed": subclassed,
}

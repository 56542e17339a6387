"""The networks as Keras models: raw rows to predictions, from built-in layers with the trained arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from labs.foundations.config import Config
from labs.foundations.encoding import LEFT_OUT, Encoding, numbers_of
from labs.foundations.network.autodiff import AutodiffNetwork
from labs.foundations.network.layers import Dense, Dropout, Layer, Network
from labs.foundations.network.losses import LOSSES
from utils.datasets.splits import Splits
from utils.networks.blocks import combinations
from utils.networks.tables import columns, table_inputs

Array = NDArray[Any]


def network(config: Config, encoding: Encoding, random: np.random.Generator) -> Network:
    """The network of a config with its initial weights, in float32.

    Args:
        config: the hyperparameters.
        encoding: gives the numbers of inputs and outputs, the activation of the last layer and the loss.
        random: generator of the weights and of the masks of dropout.
    """
    layers: list[Layer] = []
    inputs = encoding.width
    activation, loss = encoding.head
    penalties = {"l1": config.l1, "l2": config.l2}
    for units in config.hidden:
        layers.append(Dense(inputs, units, config.activation, config.init, **penalties))
        if config.dropout:
            layers.append(Dropout(config.dropout, random))
        inputs = units
    layers.append(Dense(inputs, encoding.outputs, activation, config.init, **penalties))
    kind = AutodiffNetwork if config.network == "autodiff" else Network
    return kind(layers, LOSSES[loss](), random)


def build(config: Config, splits: Splits) -> keras.Model:
    """The model of a config with its initial weights; see `keras_model`."""
    encoding = Encoding.of(config, splits)
    random = np.random.default_rng(config.seed)
    members = config.restarts if config.average else 1
    return keras_model(encoding, [network(config, encoding, random) for _ in range(members)])


def keras_model(encoding: Encoding, networks: Sequence[Network]) -> keras.Model:
    """Networks as one Keras model: raw inputs to predictions, with the arrays copied into Dense layers.

    Args:
        encoding: of the data.
        networks: one, or several whose predictions are averaged.

    Returns:
        Raw rows to (batch, 1) or (batch, classes); uncompiled. The rows are (batch, columns) float32, a dict of
        (batch,) columns of a table with levels, or (batch, height, width, 1) uint8.
    """
    raw, encoded = _encoded(encoding)
    target = encoding.splits.target
    if len(networks) == 1:
        return keras.Model(raw, _decoded(encoding, networks[0], encoded, target), name="foundations")
    members = [
        _decoded(encoding, each, encoded, f"{target}_{number}", f"_{number}") for number, each in enumerate(networks, 1)
    ]
    return keras.Model(raw, keras.layers.Average(name=target)(members), name="foundations")


def dense_layers(network: Network, inputs: Any, last: str = "output", suffix: str = "", *, dropout: float = 0.0) -> Any:
    """The layers of a network in Keras, with its arrays.

    Args:
        network: whose arrays are copied.
        inputs: (batch, columns), encoded.
        last: name of the output layer.
        suffix: of the names of the hidden layers.
        dropout: fraction of the outputs of each hidden layer that is dropped in training.

    Returns:
        (batch, outputs).
    """
    for number, layer in enumerate(network.dense, 1):
        is_last = layer is network.dense[-1]
        made = keras.layers.Dense(
            layer.units,
            activation=layer.activation,
            kernel_regularizer=keras.regularizers.L1L2(layer.l1, layer.l2) if layer.l1 or layer.l2 else None,
            name=last if is_last else f"hidden_{number}{suffix}",
        )
        inputs = made(inputs)
        made.set_weights([layer.kernel, layer.bias])
        if dropout and not is_last:
            inputs = keras.layers.Dropout(dropout, name=f"dropout_{number}{suffix}")(inputs)
    return inputs


def _encoded(encoding: Encoding) -> tuple[Any, Any]:
    """The Input of raw rows, and the columns of `Encoding.encode`."""
    if encoding.of_images:
        images = encoding.splits.train.inputs
        raw = keras.Input(images.shape[1:], dtype=images.dtype.name, name="pictures")
        return raw, keras.layers.Flatten(name="flatten")(keras.layers.Rescaling(1 / 255, name="pixels")(raw))
    raw = table_inputs(encoding.splits)
    every, wide = columns(raw, encoding.splits), _wide(encoding.splits)
    kept = [column for column in encoding.names if column in wide]
    picked = every if kept == wide else combinations(every, _pick(wide, kept), name="inputs")
    if not encoding.crossed:
        return raw, picked
    hours = _pick(wide, [f"hr={hour}" for hour in range(24)])
    # The sum of both columns less one is 1 where both are 1, and else 0 or less.
    both = combinations(every, hours + _pick(wide, [f"{LEFT_OUT}=1"]), -1.0, name="hour_and_working_day")
    both = keras.layers.ReLU(name="hour_on_working_days")(both)
    return raw, keras.layers.Concatenate(name="crossed")([picked, both])


def _wide(splits: Splits) -> list[str]:
    """The names of the columns of `utils.networks.tables.columns`."""
    found = [splits.features[i] for i in numbers_of(splits)]
    return found + [f"{name}={level}" for name in splits.features for level in splits.categories.get(name, ())]


def _pick(wide: Sequence[str], names: Sequence[str]) -> Array:
    """A matrix that picks columns by name, (columns, names)."""
    return np.eye(len(wide))[:, [wide.index(name) for name in names]]


def _decoded(encoding: Encoding, network: Network, encoded: Any, name: str, suffix: str = "") -> Any:
    """The predictions of one network, as `Encoding.decode` makes them; `name` is that of the last layer."""
    if encoding.outputs > 1:
        return dense_layers(network, encoded, name, suffix)
    outputs = dense_layers(network, encoded, f"output{suffix}", suffix)
    if encoding.splits.class_names:
        return combinations(outputs, np.array([[-1.0, 1.0]]), np.array([1.0, 0.0]), name=name)
    if not encoding.square_root:
        return keras.layers.Rescaling(encoding.std, encoding.mean, name=name)(outputs)
    roots = keras.layers.Rescaling(encoding.std, encoding.mean, name=f"unscaled{suffix}")(outputs)
    roots = keras.layers.ReLU(name=f"root{suffix}")(roots)
    return keras.layers.Multiply(name=name)([roots, roots])

"""Building blocks of networks, from plain Keras layers only: a saved model loads without this project."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from utils.base.config import Activation

NARROWEST = 1e-2
"""Width of the narrowest interval of an encoding, as a fraction of the range of its feature."""


def normalization(train_inputs: NDArray[Any]) -> keras.layers.Layer:
    """A layer that normalizes each feature with its mean and variance on the training rows.

    Args:
        train_inputs: (rows, features).
    """
    return keras.layers.Normalization(
        mean=train_inputs.mean(axis=0, dtype="float64"),
        variance=train_inputs.var(axis=0, dtype="float64"),
        name="normalization",
    )


def piecewise_linear_encoding(inputs: Any, train_inputs: NDArray[Any], bins: int) -> Any:
    """Encode each number by its position in each of `bins` intervals between its training quantiles.

    The encoding is 0 for a value below the interval, 1 above it, and linear inside it. A small network can then change
    its prediction where the data are dense, as a tree does.

    It is a frozen Dense layer (each unit subtracts the start of an interval and divides by its width) and a ReLU with a
    maximum of 1, so that no custom code is needed to load it.

    Args:
        inputs: (batch, features), preferably normalized: the intervals of large numbers are coarse in float32.
        train_inputs: (rows, features), the values of `inputs` for the training rows, which determine the quantiles.
        bins: intervals per feature; (nearly) equal quantiles are merged, so a feature with few values has fewer.

    Returns:
        (batch, intervals of all features), in [0, 1].

    Source:
        Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in Tabular Deep Learning,
        NeurIPS 2022, section 3.2 (arXiv:2203.05556).
    """
    kernels, biases = [], []
    for feature, values in enumerate(train_inputs.astype("float64").T):
        edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
        # In a very narrow interval, the rounding of float32 inputs would become a step from 0 to 1.
        edges = edges[np.diff(edges, prepend=-np.inf) > NARROWEST * np.ptp(values)]
        for start, end in pairwise(edges):
            kernel = np.zeros(train_inputs.shape[1])
            kernel[feature] = 1 / (end - start)
            kernels.append(kernel)
            biases.append(-start / (end - start))
    inside = combinations(inputs, np.stack(kernels, axis=1), np.array(biases), name="quantile_intervals")
    return keras.layers.ReLU(max_value=1.0, name="piecewise_linear")(inside)


def combinations(inputs: Any, kernel: NDArray[Any], bias: NDArray[Any] | float = 0.0, *, name: str) -> Any:
    """Fixed linear combinations of features: a Dense layer with given weights that are not trained.

    Args:
        inputs: (batch, features).
        kernel: (features, combinations).
        bias: (combinations,), or one number for all.
        name: name of the layer.

    Returns:
        (batch, combinations).
    """
    layer = keras.layers.Dense(kernel.shape[1], trainable=False, name=name)
    outputs = layer(inputs)
    layer.set_weights([kernel, np.broadcast_to(bias, kernel.shape[1])])
    return outputs


def dense_stack(
    inputs: Any, *, layers: int, units: int, activation: Activation, dropout: float = 0.0, l2: float = 0.0
) -> Any:
    """Fully connected layers, each followed by dropout if its rate is not 0.

    Args:
        inputs: (batch, features).
        layers: number of layers; 0 returns the inputs.
        units: units of each layer.
        activation: activation of each layer.
        dropout: fraction of the outputs of each layer set to zero in training (Srivastava et al. 2014).
        l2: factor of the squared kernels in the loss.

    Returns:
        (batch, units).
    """
    penalty = keras.regularizers.L2(l2) if l2 else None
    for number in range(1, layers + 1):
        inputs = keras.layers.Dense(units, activation=activation, kernel_regularizer=penalty, name=f"hidden_{number}")(
            inputs
        )
        if dropout:
            inputs = keras.layers.Dropout(dropout, name=f"dropout_{number}")(inputs)
    return inputs


def vectors(codes: Any, levels: int, width: int = 0, *, name: str) -> Any:
    """One-hot vectors or learned embeddings of integer codes: (…) to (…, width or levels).

    Both are an Embedding layer (a frozen identity for one-hot), not an operation outside a layer, so that every format
    saves it.

    Args:
        codes: integers from 0 to levels − 1.
        levels: number of different codes.
        width: width of the learned embedding; 0 is one-hot.
        name: name of the layer.
    """
    one_hot = {"embeddings_initializer": "identity", "trainable": False}
    return keras.layers.Embedding(levels, width or levels, name=name, **({} if width else one_hot))(codes)


def lstm_stack(inputs: Any, *, layers: int, units: int, dropout: float = 0.0, memory: int = 0) -> Any:
    """LSTM layers with an output at each step, each followed by dropout if its rate is not 0.

    Args:
        inputs: (batch, steps, features).
        layers: number of layers.
        units: units of each layer.
        dropout: fraction of the outputs of each layer set to zero in training; the recurrent connections have no
            dropout (Zaremba, Sutskever and Vinyals 2014).
        memory: largest number of steps that cells remember before training; each cell has its own, from 1 to this one
            (chrono initialization of the gates' biases). 0 is Keras's initialization, with which a cell forgets nearly
            everything within ten steps and hardly learns dependencies over a hundred steps.

    Returns:
        (batch, steps, units).

    Source:
        Tallec and Ollivier, Can recurrent neural networks warp time?, ICLR 2018, section 3 (arXiv:1804.11188).
    """
    for number in range(1, layers + 1):
        layer = keras.layers.LSTM(units, return_sequences=True, name=f"lstm_{number}")
        inputs = layer(inputs)
        if memory:
            forget_bias = keras.ops.log(keras.random.uniform((units,), 1, memory))
            layer.cell.bias.assign(keras.ops.concatenate([-forget_bias, forget_bias, keras.ops.zeros(2 * units)]))
        if dropout:
            inputs = keras.layers.Dropout(dropout, name=f"dropout_{number}")(inputs)
    return inputs


def convolution(
    inputs: Any, filters: int, kernel: int = 3, *, strides: int = 1, momentum: float = 0.99, name: str
) -> Any:
    """Convolution, batch normalization and ReLU.

    Args:
        inputs: (batch, height, width, channels).
        filters: number of filters.
        kernel: height and width of the kernel.
        strides: strides of the convolution.
        momentum: momentum of the moving mean and variance, which the trained network predicts with. Keras's default of
            0.99 averages over hundreds of steps, too many if an epoch has only a few dozen.
        name: name of the convolution, and prefix of the other two layers.

    Returns:
        (batch, height / strides, width / strides, filters).

    Source:
        Ioffe and Szegedy, Batch Normalization, ICML 2015. The convolution has no bias: normalization would cancel it.
    """
    outputs = keras.layers.Conv2D(
        filters, kernel, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(inputs)
    outputs = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_normalised")(outputs)
    return keras.layers.ReLU(name=f"{name}_relu")(outputs)


def residual_blocks(inputs: Any, filters: int, *, strides: int = 1, last: int = 7, momentum: float = 0.99) -> Any:
    """A convolution, then blocks of max pooling, a convolution and a residual convolution.

    Each block halves height and width and doubles the number of filters, up to eight times the first. The last block
    has a height or width of at most `last` pixels.

    Args:
        inputs: (batch, height, width, channels).
        filters: filters of the first convolution.
        strides: strides of the first convolution; 2 makes the network about four times faster.
        last: largest height or width (the smaller of the two) of the last block, in pixels.
        momentum: see `convolution`.

    Returns:
        (batch, height, width, up to 8 × filters), the smaller of height and width at most `last`.

    Source:
        He, Zhang, Ren and Sun, Deep Residual Learning for Image Recognition, CVPR 2016, section 3.
    """
    values = convolution(inputs, filters, strides=strides, momentum=momentum, name="stem")
    side, widest = min(values.shape[1:3]), 8 * filters
    while True:
        values = keras.layers.MaxPooling2D(2, padding="same", name=f"pool_{side}")(values)
        side = -(-side // 2)
        filters = min(2 * filters, widest)
        values = convolution(values, filters, momentum=momentum, name=f"wide_{side}")
        residual = convolution(values, filters, momentum=momentum, name=f"residual_{side}")
        values = keras.layers.Add(name=f"sum_{side}")([values, residual])
        if side <= last:
            return values

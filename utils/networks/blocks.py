"""The parts that networks are made of. Plain Keras layers only: a saved model opens without this project."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from utils.base.config import Activation
from utils.datasets.splits import Splits

NARROWEST = 1e-2
"""Width of the narrowest interval of an encoding, as a share of its feature's range."""


def normalization(train_inputs: NDArray[Any]) -> keras.layers.Layer:
    """A layer that takes each feature to mean 0 and variance 1 as measured on the training rows.

    Args:
        train_inputs: (rows, features).
    """
    return keras.layers.Normalization(
        mean=train_inputs.mean(axis=0, dtype="float64"),
        variance=train_inputs.var(axis=0, dtype="float64"),
        name="normalization",
    )


def piecewise_linear_encoding(inputs: Any, train_inputs: NDArray[Any], bins: int) -> Any:
    """Encode each number by how far it has come through each of `bins` intervals between its training quantiles.

    A value below an interval gives 0 there, above it 1, inside it the share of the way: a step-wise view of the
    feature that lets a small network bend its answer where the data are dense, as a tree does.

    Built as a frozen Dense layer (each unit subtracts an interval's start and divides by its width) and a ReLU that is
    cut at 1, so that no custom code is needed to load it.

    Args:
        inputs: (batch, features), best normalised: the intervals of large numbers are coarse in float32.
        train_inputs: (rows, features), what `inputs` is for the training rows; the quantiles are taken from them.
        bins: intervals a feature; quantiles that (nearly) coincide are merged, so a feature with few values has fewer.

    Returns:
        (batch, intervals of all features), in [0, 1].

    Source:
        Gorishniy, Rubachev and Babenko, On Embeddings for Numerical Features in Tabular Deep Learning,
        NeurIPS 2022, section 3.2 (arXiv:2203.05556).
    """
    kernels, biases = [], []
    for feature, values in enumerate(train_inputs.astype("float64").T):
        edges = np.unique(np.quantile(values, np.linspace(0, 1, bins + 1)))
        # In float32 a very narrow interval would turn the rounding of its input into a step from 0 to 1.
        edges = edges[np.diff(edges, prepend=-np.inf) > NARROWEST * np.ptp(values)]
        for start, end in pairwise(edges):
            kernel = np.zeros(train_inputs.shape[1])
            kernel[feature] = 1 / (end - start)
            kernels.append(kernel)
            biases.append(-start / (end - start))
    inside = combinations(inputs, np.stack(kernels, axis=1), np.array(biases), name="quantile_intervals")
    return keras.layers.ReLU(max_value=1.0, name="piecewise_linear")(inside)


def combinations(inputs: Any, kernel: NDArray[Any], bias: NDArray[Any] | float = 0.0, *, name: str) -> Any:
    """Fixed linear combinations of features: a Dense layer whose weights are given and never trained.

    Args:
        inputs: (batch, features).
        kernel: (features, combinations).
        bias: (combinations,).
        name: of the layer.

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
    """Fully connected layers, each followed by dropout where a rate is given.

    Args:
        inputs: (batch, features).
        layers: how many; 0 returns the inputs.
        units: width of each.
        activation: of each.
        dropout: share of a layer's outputs that is zeroed in training (Srivastava et al. 2014).
        l2: weight of the squared kernels in the loss.

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
    """Each code's vector: one-hot, or `width` numbers that are learned; (…) to (…, width or levels).

    Either way it is an Embedding layer (of the identity, frozen, for one-hot): no operation outside a layer, so every
    format saves it.
    """
    one_hot = {"embeddings_initializer": "identity", "trainable": False}
    return keras.layers.Embedding(levels, width or levels, name=name, **({} if width else one_hot))(codes)


def lstm_stack(inputs: Any, *, layers: int, units: int, dropout: float = 0.0, memory: int = 0) -> Any:
    """LSTM layers that give an output at each step, each followed by dropout where a rate is given.

    Args:
        inputs: (batch, steps, features).
        layers: how many.
        units: of each.
        dropout: share of a layer's outputs that is zeroed in training; what goes from step to step is kept whole
            (Zaremba, Sutskever and Vinyals 2014).
        memory: steps over which the cells keep what they hold before anything is learned, from 1 to this many, cell by
            cell; 0 for Keras's own start, from which a cell has forgotten nearly all after ten steps, and learns little
            of what lies a hundred steps back.

    Returns:
        (batch, steps, units).

    Source:
        Tallec and Ollivier, Can recurrent neural networks warp time?, ICLR 2018, section 3 (arXiv:1804.11188).
    """
    for number in range(1, layers + 1):
        layer = keras.layers.LSTM(units, return_sequences=True, name=f"lstm_{number}")
        inputs = layer(inputs)
        if memory:
            keep = keras.ops.log(keras.random.uniform((units,), 1, memory))
            layer.cell.bias.assign(keras.ops.concatenate([-keep, keep, keras.ops.zeros(2 * units)]))
        if dropout:
            inputs = keras.layers.Dropout(dropout, name=f"dropout_{number}")(inputs)
    return inputs


def columns(inputs: Any, splits: Splits, embedding: int = 0) -> Any:
    """A table's columns as a network takes them: numbers normalised, each code as its level's vector.

    Args:
        inputs: (batch, features), numbers and codes of levels.
        splits: names, levels and training rows.
        embedding: width of a learned vector; 0 is one-hot.

    Returns:
        (batch, width).

    Source:
        Guo and Berkhahn, Entity Embeddings of Categorical Variables (2016), arXiv:1604.06737.
    """
    picks = np.eye(len(splits.features))
    numeric = [i for i, name in enumerate(splits.features) if name not in splits.categories]
    parts = []
    if numeric:
        picked = combinations(inputs, picks[:, numeric], name="numbers") if splits.categories else inputs
        parts.append(normalization(splits.train.inputs[:, numeric])(picked))
    for column, name in enumerate(splits.features):
        if name in splits.categories:
            code = combinations(inputs, picks[:, [column]], name=f"{name}_code")
            vector = vectors(code, len(splits.categories[name]), embedding, name=name)
            parts.append(keras.layers.Flatten(name=f"{name}_vector")(vector))
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate(name="columns")(parts)


def convolution(
    inputs: Any, filters: int, kernel: int = 3, *, strides: int = 1, momentum: float = 0.99, name: str
) -> Any:
    """Convolution, batch normalisation, ReLU: (batch, height, width, channels) to `filters` channels.

    `momentum` is that of the normalisation's running mean and variance, by which a trained network predicts: Keras's
    0.99 remembers hundreds of steps, too many where an epoch has a few dozen.

    Source:
        Ioffe and Szegedy, Batch Normalization, ICML 2015 (the bias of the convolution would be cancelled).
    """
    outputs = keras.layers.Conv2D(
        filters, kernel, strides=strides, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(inputs)
    outputs = keras.layers.BatchNormalization(momentum=momentum, name=f"{name}_normalised")(outputs)
    return keras.layers.ReLU(name=f"{name}_relu")(outputs)


def residual_blocks(inputs: Any, filters: int, *, strides: int = 1, last: int = 7, momentum: float = 0.99) -> Any:
    """A convolution, then blocks of a convolution and a residual one, each on a picture of half the side.

    Each block has twice the filters of the one before, at most eight times the first's; the last one's picture has
    `last` pixels a side or less.

    Args:
        inputs: (batch, height, width, channels).
        filters: of the first convolution.
        strides: of the first convolution: 2 makes the whole about four times cheaper.
        last: side of the last picture, pixels.
        momentum: see `convolution`.

    Returns:
        (batch, at most `last`, at most `last`, up to 8 filters).

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

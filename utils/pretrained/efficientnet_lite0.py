"""EfficientNet-Lite0 in plain Keras layers, with weights that were published for PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

Array = NDArray[Any]

SIDE, STEM, HEAD, CLASSES = 224, 32, 1280, 1000
EPSILON = 1e-3


class Stage(NamedTuple):
    """A stage: number of blocks, kernel size, stride of the first block, expansion ratio, filters."""

    repeats: int
    kernel: int
    strides: int
    expand: int
    filters: int


# Tan and Le, EfficientNet, ICML 2019, table 1; Lite0 has no squeeze-and-excitation and ReLU6 for swish.
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)


def build(side: int = SIDE) -> keras.Model:
    """The network with random weights.

    Args:
        side: side of the images, in pixels; the authors use 224.

    Returns:
        (batch, side, side, 3) pixels, scaled by (x − 127) / 128, to (batch, 1000) logits of ImageNet's classes. Its
        layer `features` has the output (batch, 1280).

    Source:
        github.com/tensorflow/tpu, models/official/efficientnet/lite: 4,694,024 parameters with the statistics of
        the normalization.
    """
    inputs = keras.Input((side, side, 3), name="scaled")
    values = _normalised(keras.layers.Conv2D(STEM, 3, 2, "same", use_bias=False, name="stem")(inputs), "stem")
    number = 0
    for stage in STAGES:
        for repeat in range(stage.repeats):
            values = _block(values, stage, stage.strides if repeat == 0 else 1, f"block_{number}")
            number += 1
    values = _normalised(keras.layers.Conv2D(HEAD, 1, use_bias=False, name="top")(values), "top")
    values = keras.layers.GlobalAveragePooling2D(name="features")(values)
    return keras.Model(inputs, keras.layers.Dense(CLASSES, name="imagenet")(values), name="efficientnet_lite0")


def _normalised(values: Any, name: str, *, activate: bool = True) -> Any:
    values = keras.layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_normalised")(values)
    return keras.layers.ReLU(6, name=f"{name}_relu")(values) if activate else values


def _block(inputs: Any, stage: Stage, strides: int, name: str) -> Any:
    """An inverted residual block: expand, depthwise convolution, project, add."""
    narrow, values = inputs.shape[-1], inputs
    if stage.expand > 1:
        values = keras.layers.Conv2D(narrow * stage.expand, 1, use_bias=False, name=f"{name}_expand")(values)
        values = _normalised(values, f"{name}_expand")
    depthwise = keras.layers.DepthwiseConv2D(stage.kernel, strides, "same", use_bias=False, name=f"{name}_depthwise")
    values = _normalised(depthwise(values), f"{name}_depthwise")
    values = keras.layers.Conv2D(stage.filters, 1, use_bias=False, name=f"{name}_project")(values)
    values = _normalised(values, f"{name}_project", activate=False)
    if strides == 1 and narrow == stage.filters:
        values = keras.layers.Add(name=f"{name}_sum")([inputs, values])
    return values


def fill(model: keras.Model, tensors: Mapping[str, Array]) -> None:
    """Load the weights of the PyTorch file into the network.

    Raises:
        CallerError: a tensor is missing or has another shape.
    """
    names = {"stem": ("_conv_stem", "_bn0"), "top": ("_conv_head", "_bn1")}
    for number in range(sum(stage.repeats for stage in STAGES)):
        for step, convolution, normalisation in (
            ("expand", "_expand_conv", "_bn0"),
            ("depthwise", "_depthwise_conv", "_bn1"),
            ("project", "_project_conv", "_bn2"),
        ):
            below = f"_blocks.{number}"
            names[f"block_{number}_{step}"] = (f"{below}.{convolution}", f"{below}.{normalisation}")
    for layer in model.layers:
        if isinstance(layer, keras.layers.DepthwiseConv2D):
            _set(layer, tensors, {f"{names[layer.name][0]}.weight": (2, 3, 0, 1)})
        elif isinstance(layer, keras.layers.Conv2D):
            _set(layer, tensors, {f"{names[layer.name][0]}.weight": (2, 3, 1, 0)})
        elif isinstance(layer, keras.layers.BatchNormalization):
            below = names[layer.name.removesuffix("_normalised")][1]
            parts = ("weight", "bias", "running_mean", "running_var")
            _set(layer, tensors, {f"{below}.{part}": (0,) for part in parts})
        elif isinstance(layer, keras.layers.Dense):
            _set(layer, tensors, {"_fc.weight": (1, 0), "_fc.bias": (0,)})


def _set(layer: keras.Layer, tensors: Mapping[str, Array], axes: Mapping[str, tuple[int, ...]]) -> None:
    """Set the weights of a layer from tensors, with their axes in Keras's order."""
    found = []
    for (name, order), weight in zip(axes.items(), layer.weights, strict=True):
        tensor = tensors.get(name)
        if tensor is None or tensor.ndim != len(order) or tensor.transpose(order).shape != tuple(weight.shape):
            shape = "no tensor" if tensor is None else f"a tensor of {tensor.shape}"
            raise CallerError(
                f"the weights are of another network: {shape} {name}, {layer.name} takes {tuple(weight.shape)}",
                "give the weights file of the backbone that --backbone names",
            )
        found.append(np.ascontiguousarray(tensor.transpose(order)))
    layer.set_weights(found)

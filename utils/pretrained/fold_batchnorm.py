"""Batch normalisation folded into the convolutions before it: the same network at inference, in fewer operations.

With frozen normalization a network multiplies each filter's output by a constant and adds another. Both can be part
of the filter. Then no training can change the statistics either.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from utils.networks.flat_graph import replay

FOLDABLE = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


def folded(model: keras.Model) -> keras.Model:
    """A flat copy of the model, with its weights, in which no convolution is followed by a BatchNormalization.

    Args:
        model: functional, with one input and one output, and normalization over the last axis.

    Source:
        Jacob et al., Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference,
        CVPR 2018, section 3.2.
    """
    copies: dict[int, keras.Layer] = {}

    def call(_: int, layer: Any, *given: Any, **options: Any) -> Any:
        if isinstance(layer, keras.layers.BatchNormalization):
            convolution = copies.get(id(given[0]))
            if convolution is not None:
                _take_in(convolution, layer)
                return given[0]
        copy = _copy(layer, given)
        outputs = copy(*given, **options)
        if isinstance(layer, FOLDABLE) and layer.activation is keras.activations.linear:
            copies[id(outputs)] = copy
        return outputs

    found = replay(model, call)
    return keras.Model(found.inputs, found.output, name=model.name)


def _copy(layer: Any, given: Any) -> Any:
    """A copy of the layer with its weights; a convolution always has a bias."""
    config = layer.get_config()
    if isinstance(layer, FOLDABLE):
        config["use_bias"] = True
    copy = type(layer).from_config(config)
    weights = layer.get_weights()
    if weights:
        copy.build(*(each.shape for each in given))
    if isinstance(layer, FOLDABLE) and not layer.use_bias:
        weights.append(np.zeros(copy.bias.shape, "float32"))
    copy.set_weights(weights)
    return copy


def _take_in(convolution: Any, normalisation: Any) -> None:
    """Scale a convolution's filters and shift its bias, as the normalization after it does."""
    kernel, bias = (np.asarray(each, "float64") for each in convolution.get_weights())
    mean, variance = (np.asarray(each, "float64") for each in normalisation.get_weights()[-2:])
    scale = 1 / np.sqrt(variance + normalisation.epsilon)
    scale *= normalisation.gamma.numpy() if normalisation.scale else 1.0
    shift = normalisation.beta.numpy() if normalisation.center else 0.0
    # The filters of a depthwise convolution are on its last but one axis.
    along = scale[:, None] if isinstance(convolution, keras.layers.DepthwiseConv2D) else scale
    convolution.set_weights([kernel * along, (bias - mean) * scale + shift])

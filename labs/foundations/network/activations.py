"""Activation functions and their derivatives, written as the backward pass uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

NEGATIVE_SLOPE = 0.2
"""Slope of the leaky ReLU below zero, as in `keras.activations.leaky_relu`."""


class Activation(NamedTuple):
    """An activation function.

    Attributes:
        value: from the weighted inputs h of a layer, (rows, units), to its outputs y, (rows, units).
        backward: from the gradient of the loss by y, from h and from y, to the gradient of the loss by h, all
            (rows, units). For a function of single numbers that is the gradient times the derivative f′(h).
    """

    value: Callable[[Array], Array]
    backward: Callable[[Array, Array, Array], Array]


def step(h: Array) -> Array:
    """1 from zero on, else 0: the perceptron's activation. Its derivative is zero, so that no gradient passes it."""
    return (h >= 0).astype(h.dtype)


def sigmoid(h: Array) -> Array:
    """1 / (1 + exp(−h)), from 0 to 1. The exponent is limited: exp(89) overflows in float32."""
    return 1 / (1 + np.exp(np.minimum(-h, 88)))


def softmax(h: Array) -> Array:
    """exp(h) divided by its sum over the units. The largest input is subtracted first: nothing can overflow."""
    raised = np.exp(h - h.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def relu(h: Array) -> Array:
    """h where it is positive, else 0."""
    return np.maximum(h, 0)


def leaky_relu(h: Array) -> Array:
    """h where it is positive, else NEGATIVE_SLOPE · h."""
    return np.maximum(h, NEGATIVE_SLOPE * h)


def _leaky_relu_backward(gradient: Array, h: Array, y: Array) -> Array:  # noqa: ARG001
    return np.where(h > 0, gradient, NEGATIVE_SLOPE * gradient)


def _softmax_backward(gradient: Array, h: Array, y: Array) -> Array:  # noqa: ARG001
    """Each output depends on every input: ∂yᵢ/∂hⱼ = yᵢ(δᵢⱼ − yⱼ), multiplied by the gradient."""
    return y * (gradient - (gradient * y).sum(axis=-1, keepdims=True))


ACTIVATIONS = {
    "linear": Activation(lambda h: h, lambda gradient, h, y: gradient),
    "step": Activation(step, lambda gradient, h, y: np.zeros_like(gradient)),
    "sigmoid": Activation(sigmoid, lambda gradient, h, y: gradient * y * (1 - y)),
    "tanh": Activation(np.tanh, lambda gradient, h, y: gradient * (1 - y * y)),
    "relu": Activation(relu, lambda gradient, h, y: gradient * (h > 0)),
    "leaky_relu": Activation(leaky_relu, _leaky_relu_backward),
    "softmax": Activation(softmax, _softmax_backward),
}
"""By name."""

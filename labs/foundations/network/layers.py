"""Layers, and the network: forward and backward passes as products of matrices, without automatic differentiation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from labs.foundations.network.activations import ACTIVATIONS
from labs.foundations.network.initializers import INITIALIZERS
from labs.foundations.network.losses import CrossEntropy, Loss

Array = NDArray[Any]


class Dense:
    """y = f(x W + b), for all rows of a batch at once.

    Args:
        inputs: number of inputs.
        units: number of units.
        activation: name of f; see ACTIVATIONS.
        init: name of the initial weights; see INITIALIZERS.
        l1: weight of the absolute values of W in the loss.
        l2: weight of the squares of W in the loss; as in Keras, without a factor ½.

    Attributes:
        kernel: W, (inputs, units). Like the bias, a view of the network's parameters.
        bias: b, (units,).
        kernel_gradient: the gradient of the loss by W; a view of the network's gradient.
        bias_gradient: the gradient of the loss by b.
        h: the weighted inputs x W + b of the last forward pass, (rows, units).
    """

    kernel: Array
    bias: Array
    kernel_gradient: Array
    bias_gradient: Array
    h: Array

    def __init__(
        self,
        inputs: int,
        units: int,
        activation: str = "linear",
        init: str = "glorot",
        *,
        l1: float = 0.0,
        l2: float = 0.0,
    ) -> None:
        self.inputs = inputs
        self.units = units
        self.activation = activation
        self.init = INITIALIZERS[init]
        self.l1 = l1
        self.l2 = l2

    @property
    def size(self) -> int:
        """Number of parameters."""
        return (self.inputs + 1) * self.units

    def bind(self, parameters: Array, gradient: Array) -> None:
        """Use these vectors, (size,) each, for the parameters and their gradient."""
        weights = self.inputs * self.units
        self.kernel, self.bias = parameters[:weights].reshape(self.inputs, self.units), parameters[weights:]
        self.kernel_gradient = gradient[:weights].reshape(self.inputs, self.units)
        self.bias_gradient = gradient[weights:]

    def reset(self, random: np.random.Generator) -> None:
        """Draw the initial weights; the biases are zero."""
        self.kernel[:] = self.init(random, self.inputs, self.units)
        self.bias[:] = 0

    def forward(self, x: Array, training: bool = False) -> Array:  # noqa: ARG002
        """(rows, inputs) to (rows, units); keeps what the backward pass needs."""
        self._x = x
        self.h = x @ self.kernel + self.bias
        self._y = ACTIVATIONS[self.activation].value(self.h)
        return self._y

    def backward(self, gradient: Array, *, first: bool = False, fused: bool = False) -> Array:
        """Fill the gradients of the layer, and pass the gradient on to the layer before it.

        Args:
            gradient: of the loss by the outputs y, (rows, units).
            first: whether no layer comes before this one: the gradient by its inputs is then not computed.
            fused: whether the gradient is already that by the weighted inputs h = x W + b.

        Returns:
            The gradient of the loss by the inputs x, (rows, inputs).
        """
        error = gradient if fused else ACTIVATIONS[self.activation].backward(gradient, self.h, self._y)
        np.matmul(self._x.T, error, out=self.kernel_gradient)
        error.sum(axis=0, out=self.bias_gradient)
        if self.l1:
            self.kernel_gradient += self.l1 * np.sign(self.kernel)
        if self.l2:
            self.kernel_gradient += 2 * self.l2 * self.kernel
        return error if first else error @ self.kernel.T

    def penalty(self) -> Any:
        """What the weights add to the loss."""
        return self.l1 * np.abs(self.kernel).sum() + self.l2 * np.square(self.kernel).sum()


class Dropout:
    """Sets outputs to zero in training, and scales the others up so that their mean stays the same.

    Args:
        rate: fraction that is set to zero.
        random: generator of the masks.

    Source:
        Srivastava et al., Dropout, JMLR 15 (2014).
    """

    size = 0

    def __init__(self, rate: float, random: np.random.Generator) -> None:
        self.rate = rate
        self._random = random

    def bind(self, parameters: Array, gradient: Array) -> None:
        """Nothing: it has no parameters."""

    def reset(self, random: np.random.Generator) -> None:
        """Nothing."""

    def penalty(self) -> float:
        """0."""
        return 0.0

    def mask(self, x: Array) -> Array:
        """A factor for each input, 0 or 1 / (1 − rate)."""
        kept = self._random.random(x.shape, dtype=np.float32) >= self.rate
        return kept.astype(x.dtype) / x.dtype.type(1 - self.rate)

    def forward(self, x: Array, training: bool = False) -> Array:
        """(rows, units) to (rows, units); without training the identity."""
        self._mask = self.mask(x) if training else None
        return x if self._mask is None else x * self._mask

    def backward(self, gradient: Array, *, first: bool = False, fused: bool = False) -> Array:  # noqa: ARG002
        """The gradient by the inputs: that by the outputs, where they were kept."""
        return gradient if self._mask is None else gradient * self._mask


Layer = Dense | Dropout


class Network:
    """Layers one after the other, and a loss.

    Args:
        layers: in order.
        loss: see LOSSES.
        dtype: of the parameters; inputs and targets should have the same.
        random: generator of the initial weights.

    Attributes:
        parameters: all weights and biases, in one vector: an optimizer then takes a step with a few operations.
        gradient: that of the loss by the parameters, a vector too.
    """

    def __init__(
        self, layers: Sequence[Layer], loss: Loss, random: np.random.Generator, dtype: DTypeLike = "float32"
    ) -> None:
        self.layers = layers
        self.loss = loss
        size = sum(layer.size for layer in layers)
        self.parameters, self.gradient = np.zeros(size, dtype), np.zeros(size, dtype)
        start = 0
        for layer in layers:
            layer.bind(self.parameters[start : start + layer.size], self.gradient[start : start + layer.size])
            start += layer.size
        self.reset(random)

    def reset(self, random: np.random.Generator) -> None:
        """Draw the initial weights."""
        for layer in self.layers:
            layer.reset(random)

    @property
    def dense(self) -> list[Dense]:
        """The layers with weights."""
        return [layer for layer in self.layers if isinstance(layer, Dense)]

    def forward(self, x: Array, training: bool = False) -> Array:
        """(rows, inputs) to (rows, outputs)."""
        for layer in self.layers:
            x = layer.forward(x, training)
        return x

    def loss_and_gradient(self, x: Array, targets: Array) -> float:
        """One forward and one backward pass over a batch in training; fills `gradient`.

        Args:
            x: (rows, inputs).
            targets: (rows, outputs).

        Returns:
            The loss of the batch, with the penalties.
        """
        outputs = self.forward(x, training=True)
        self.backward(targets, outputs)
        return self.loss_of(targets, outputs)

    def loss_of(self, targets: Array, outputs: Array) -> float:
        """The loss with the penalties, for the outputs that `forward` has just returned, (rows, outputs)."""
        fused = self.fused
        value = self.loss.value(targets, outputs) if fused is None else fused.fused_value(targets, self.dense[-1].h)
        return float(value + self.penalty())

    @property
    def fused(self) -> CrossEntropy | None:
        """The loss, if it is computed together with the activation of the last layer."""
        last = self.layers[-1]
        is_fused = (
            isinstance(self.loss, CrossEntropy) and isinstance(last, Dense) and last.activation == self.loss.fused
        )
        return self.loss if is_fused else None  # type: ignore[return-value]

    def backward(self, targets: Array, outputs: Array) -> None:
        """The backward pass, from the last layer to the first; fills `gradient`.

        Args:
            targets: (rows, outputs).
            outputs: what `forward` returned.
        """
        fused = self.fused
        gradient = self.loss.gradient(targets, outputs) if fused is None else fused.error_term(targets, outputs)
        for layer in reversed(self.layers):
            is_fused = fused is not None and layer is self.layers[-1]
            gradient = layer.backward(gradient, first=layer is self.layers[0], fused=is_fused)

    def penalty(self) -> Any:
        """What the weights add to the loss."""
        return sum(layer.penalty() for layer in self.layers)

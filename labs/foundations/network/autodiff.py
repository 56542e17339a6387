"""Reverse-mode automatic differentiation of NumPy arrays, and the networks written again with it.

A `Tensor` is the result of an operation. It remembers the tensors that it was computed from, and for each of these a
function that turns the gradient by the result into the gradient by that tensor: the chain rule for one operation.
`backward` applies these functions from the result back to the inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.foundations.network.activations import NEGATIVE_SLOPE
from labs.foundations.network.layers import Dense, Dropout, Network
from labs.foundations.network.losses import BinaryCrossEntropy, CrossEntropy, Loss, SquaredError

Array = NDArray[Any]
Link = tuple["Tensor", Callable[[Array], Array]]


class Tensor:
    """An array in a computation that can be differentiated.

    Args:
        value: the array, of floats.
        links: the tensors that it was computed from, each with the function from the gradient by this tensor to the
            gradient by that one.

    Attributes:
        value: the array.
        gradient: after `backward`, the gradient of the result by this tensor, of the shape of the value.
    """

    __array_ufunc__ = None  # an array on the left leaves the operation to the tensor

    def __init__(self, value: Any, links: tuple[Link, ...] = ()) -> None:
        self.value: Array = np.asarray(value)
        self.gradient: Array = np.zeros_like(self.value)
        self._links = links

    def backward(self) -> None:
        """Fill the gradients of all tensors that this scalar was computed from.

        Raises:
            ValueError: it is not a scalar.
        """
        if self.value.shape:
            raise ValueError(f"only a scalar has a gradient, this has the shape {self.value.shape}")
        order = self._order()
        for tensor in order:
            tensor.gradient = np.zeros_like(tensor.value)
        self.gradient = np.ones_like(self.value)
        for tensor in reversed(order):
            for source, back in tensor._links:
                source.gradient = source.gradient + back(tensor.gradient)  # a tensor that is used twice has a sum

    def _order(self) -> list[Tensor]:
        """All tensors of the computation, each after those that it was computed from."""
        order: list[Tensor] = []
        seen: set[int] = set()
        waiting = [(self, False)]
        while waiting:
            tensor, is_complete = waiting.pop()
            if is_complete:
                order.append(tensor)
            elif id(tensor) not in seen:
                seen.add(id(tensor))
                waiting.append((tensor, True))
                waiting += [(source, False) for source, _ in tensor._links]
        return order

    def __add__(self, other: Any) -> Tensor:
        other = tensor(other, self)
        return _binary(self, other, self.value + other.value, lambda g: g, lambda g: g)

    def __neg__(self) -> Tensor:
        return Tensor(-self.value, ((self, lambda g: -g),))

    def __sub__(self, other: Any) -> Tensor:
        return self + -tensor(other, self)

    def __rsub__(self, other: Any) -> Tensor:
        return tensor(other, self) + -self

    def __mul__(self, other: Any) -> Tensor:
        other = tensor(other, self)
        return _binary(self, other, self.value * other.value, lambda g: g * other.value, lambda g: g * self.value)

    def __truediv__(self, other: Any) -> Tensor:
        return self * tensor(other, self) ** -1

    def __rtruediv__(self, other: Any) -> Tensor:
        return tensor(other, self) * self**-1

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, power: float) -> Tensor:
        return Tensor(self.value**power, ((self, lambda g: g * power * self.value ** (power - 1)),))

    def __matmul__(self, other: Any) -> Tensor:
        """The product of matrices, or of stacks of matrices whose leading axes are broadcast."""
        other = tensor(other, self)
        by_self = lambda g: _unbroadcast(g @ np.swapaxes(other.value, -1, -2), self.value.shape)  # noqa: E731
        by_other = lambda g: _unbroadcast(np.swapaxes(self.value, -1, -2) @ g, other.value.shape)  # noqa: E731
        return Tensor(self.value @ other.value, ((self, by_self), (other, by_other)))

    def sum(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The sum over an axis or over all: each summand has the gradient of the sum."""

        def back(g: Array) -> Array:
            g = g if axis is None or keepdims else np.expand_dims(g, axis)
            return np.broadcast_to(g, self.value.shape)

        return Tensor(self.value.sum(axis=axis, keepdims=keepdims), ((self, back),))

    def mean(self) -> Tensor:
        """The mean over all values."""
        return self.sum() / self.value.size

    def reshape(self, *shape: int) -> Tensor:
        """The same values in another shape."""
        return Tensor(self.value.reshape(shape), ((self, lambda g: g.reshape(self.value.shape)),))

    def map(self, value: Array, slope: Array) -> Tensor:
        """A function of single numbers, given its values and its derivative at the values of this tensor."""
        return Tensor(value, ((self, lambda g: g * slope),))

    def exp(self) -> Tensor:
        """The exponential function."""
        raised = np.exp(self.value)
        return self.map(raised, raised)

    def log(self) -> Tensor:
        """The natural logarithm."""
        return self.map(np.log(self.value), 1 / self.value)

    def tanh(self) -> Tensor:
        """The hyperbolic tangent."""
        value = np.tanh(self.value)
        return self.map(value, 1 - value * value)

    def relu(self, slope: float = 0.0) -> Tensor:
        """The value where it is positive, else `slope` times the value."""
        positive = np.where(self.value > 0, 1, slope).astype(self.value.dtype)
        return self.map(positive * self.value, positive)

    def abs(self) -> Tensor:
        """The absolute value; its slope at zero is taken to be zero."""
        return self.map(np.abs(self.value), np.sign(self.value))


def tensor(value: Any, like: Tensor) -> Tensor:
    """The tensor itself, or a number or array as a tensor of the same dtype."""
    return value if isinstance(value, Tensor) else Tensor(np.asarray(value, like.value.dtype))


def _binary(
    one: Tensor, other: Tensor, value: Array, by_one: Callable[[Array], Array], by_other: Callable[[Array], Array]
) -> Tensor:
    return Tensor(
        value,
        (
            (one, lambda g: _unbroadcast(by_one(g), one.value.shape)),
            (other, lambda g: _unbroadcast(by_other(g), other.value.shape)),
        ),
    )


def _unbroadcast(gradient: Array, shape: tuple[int, ...]) -> Array:
    """The sum over the axes along which a value of this shape was repeated: each copy contributes to the gradient."""
    gradient = gradient.sum(axis=tuple(range(gradient.ndim - len(shape))))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return gradient.sum(axis=repeated, keepdims=True)


def _softmax(h: Tensor) -> Tensor:
    raised = (h - h.value.max(axis=-1, keepdims=True)).exp()
    return raised / raised.sum(axis=-1, keepdims=True)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda h: h,
    "step": lambda h: h.map((h.value >= 0).astype(h.value.dtype), np.zeros_like(h.value)),
    "sigmoid": lambda h: 0.5 * (0.5 * h).tanh() + 0.5,
    "tanh": Tensor.tanh,
    "relu": Tensor.relu,
    "leaky_relu": lambda h: h.relu(NEGATIVE_SLOPE),
    "softmax": _softmax,
}
"""Those of `activations`, without their derivatives."""


class AutodiffNetwork(Network):
    """A network whose gradient is found by automatic differentiation; its forward pass is that of `Network`."""

    def loss_and_gradient(self, x: Array, targets: Array) -> float:
        """One forward and one backward pass over a batch in training; see `Network`."""
        outputs, penalty, used = Tensor(x), Tensor(np.zeros((), x.dtype)), []
        for layer in self.layers:
            if isinstance(layer, Dropout):
                outputs = outputs * layer.mask(outputs.value)
                continue
            kernel, bias = Tensor(layer.kernel), Tensor(layer.bias)
            used.append((layer, kernel, bias))
            penalty += _penalty(layer, kernel)
            h = outputs @ kernel + bias
            outputs = ACTIVATIONS[layer.activation](h)
        loss = penalty + (_loss(self.loss, targets, outputs) if self.fused is None else _fused(self.fused, targets, h))
        loss.backward()
        for layer, kernel, bias in used:
            layer.kernel_gradient[:], layer.bias_gradient[:] = kernel.gradient, bias.gradient
        return float(loss.value)


def _loss(loss: Loss, targets: Array, outputs: Tensor) -> Tensor:
    """A loss of outputs (rows, outputs)."""
    if isinstance(loss, SquaredError):
        return loss.factor * ((outputs - targets) ** 2).mean()
    if isinstance(loss, BinaryCrossEntropy):
        return -(targets * outputs.log() + (1 - targets) * (1 - outputs).log()).mean()
    return -(targets * outputs.log()).sum() / len(targets)


def _fused(loss: CrossEntropy, targets: Array, h: Tensor) -> Tensor:
    """Cross-entropy of the weighted inputs h of a sigmoid or softmax, (rows, outputs)."""
    if isinstance(loss, BinaryCrossEntropy):
        largest = np.maximum(h.value, 0)  # a constant that keeps both exponentials from overflowing
        return (largest + ((h - largest).exp() + np.exp(-largest)).log() - h * targets).mean()
    shifted = h - h.value.max(axis=-1, keepdims=True)
    return (shifted.exp().sum(axis=-1).log() - (targets * shifted).sum(axis=-1)).mean()


def _penalty(layer: Dense, kernel: Tensor) -> Tensor:
    return layer.l1 * kernel.abs().sum() + layer.l2 * (kernel**2).sum()

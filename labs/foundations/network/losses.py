"""Loss functions: the mean over the rows of a batch, and its gradient by the outputs of the network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class SquaredError:
    """The squared difference, mean over rows and outputs.

    Args:
        factor: of the mean; 1 as in Keras, ½ as in courses that want the gradient to be ŷ − y.
    """

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def value(self, targets: Array, outputs: Array) -> Any:
        """The loss; both (rows, outputs)."""
        return self.factor * np.square(outputs - targets).mean()

    def gradient(self, targets: Array, outputs: Array) -> Array:
        """The gradient by the outputs, (rows, outputs)."""
        return (outputs - targets) * (2 * self.factor / outputs.size)


class BinaryCrossEntropy:
    """−y log ŷ − (1 − y) log(1 − ŷ), mean over rows and outputs: minus the logarithm of the true class's probability.

    Attributes:
        fused: the activation with which the loss is computed from the weighted inputs h. The gradient by h is then
            ŷ − y; the separate factors 1/ŷ and ŷ(1 − ŷ) would overflow and vanish where ŷ is rounded to 0 or 1.
    """

    fused = "sigmoid"

    def value(self, targets: Array, outputs: Array) -> Any:
        """The loss; both (rows, outputs)."""
        return -(targets * _log(outputs) + (1 - targets) * _log(1 - outputs)).mean()

    def gradient(self, targets: Array, outputs: Array) -> Array:
        """The gradient by the outputs, (rows, outputs)."""
        return ((1 - targets) / _positive(1 - outputs) - targets / _positive(outputs)) / outputs.size

    def fused_value(self, targets: Array, h: Array) -> Any:
        """The loss by the weighted inputs h of a sigmoid, (rows, outputs)."""
        return (np.maximum(h, 0) - h * targets + np.log1p(np.exp(-np.abs(h)))).mean()

    def error_term(self, targets: Array, outputs: Array) -> Array:
        """The gradient by the weighted inputs of a sigmoid, (rows, outputs)."""
        return (outputs - targets) / outputs.size


class CategoricalCrossEntropy:
    """−Σ y log ŷ over the classes, mean over the rows: minus the logarithm of the true class's probability.

    Attributes:
        fused: see `BinaryCrossEntropy`.
    """

    fused = "softmax"

    def value(self, targets: Array, outputs: Array) -> Any:
        """The loss; both (rows, classes), the targets one-hot."""
        return -(targets * _log(outputs)).sum() / len(outputs)

    def gradient(self, targets: Array, outputs: Array) -> Array:
        """The gradient by the outputs, (rows, classes)."""
        return -targets / _positive(outputs) / len(outputs)

    def fused_value(self, targets: Array, h: Array) -> Any:
        """The loss by the weighted inputs h of a softmax, (rows, classes)."""
        shifted = h - h.max(axis=-1, keepdims=True)
        return (np.log(np.exp(shifted).sum(axis=-1)) - (targets * shifted).sum(axis=-1)).mean()

    def error_term(self, targets: Array, outputs: Array) -> Array:
        """The gradient by the weighted inputs of a softmax, (rows, classes)."""
        return (outputs - targets) / len(outputs)


def _positive(values: Array) -> Array:
    """The values, with the smallest number of their dtype in place of zero."""
    return np.maximum(values, np.finfo(values.dtype).tiny)


def _log(values: Array) -> Array:
    return np.log(_positive(values))


CrossEntropy = BinaryCrossEntropy | CategoricalCrossEntropy
Loss = SquaredError | CrossEntropy
LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "binary_crossentropy": BinaryCrossEntropy,
    "categorical_crossentropy": CategoricalCrossEntropy,
}
"""By name."""

"""Training a next-symbol model: texts joined anew each epoch and cut into windows of one length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class WindowBatches:
    """Batches of windows of a long text, made anew each epoch.

    Each window predicts, symbol by symbol, itself moved on by one; the last windows of a batch go on where the first
    ones ended, and the next batch likewise, so every symbol is a target once an epoch.

    Args:
        text: of an epoch, (symbols,) int32; a function of the epoch's number alone. Where one epoch's text is shorter
            than the first's, it begins again; where longer, its end is left out.
        length: symbols a window.
        batch_size: windows a batch.
    """

    def __init__(self, text: Callable[[int], NDArray[np.int32]], length: int, batch_size: int) -> None:
        self._text = text
        self._length = length
        self._windows = max(1, (len(text(0)) - 1) // length)
        self.batch_size = batch_size
        self.steps = -(-self._windows // batch_size)

    def open(self, epoch: int) -> Any:
        """The epoch's text, (windows × length + 1,) int32."""
        return tf.constant(np.resize(self._text(epoch), self._windows * self._length + 1))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """Inside a graph: inputs and targets of one step, (windows, length) int32."""
        first = step * self.batch_size * self._length
        last = tf.minimum(first + self.batch_size * self._length, self._windows * self._length)
        shape = [-1, self._length]
        return tf.reshape(opened[first:last], shape), tf.reshape(opened[first + 1 : last + 1], shape)

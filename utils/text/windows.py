"""Training a next-symbol model: texts joined anew each epoch and cut into windows of one length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class WindowBatches:
    """Batches of windows, made anew each epoch; each predicts, symbol by symbol, itself moved on by one.

    Args:
        windows: of an epoch, (windows, length + 1) int32; a function of the epoch's number alone. Where an epoch has
            fewer than the first, they begin again; where it has more, the last are left out.
        batch_size: windows a batch.
    """

    def __init__(self, windows: Callable[[int], NDArray[np.int32]], batch_size: int) -> None:
        self._windows = windows
        self._shape = windows(0).shape
        self.batch_size = batch_size
        self.steps = -(-self._shape[0] // batch_size)

    def open(self, epoch: int) -> Any:
        """The epoch's windows, (windows, length + 1) int32."""
        return tf.constant(np.resize(self._windows(epoch), self._shape))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """Inside a graph: inputs and targets of one step, (windows, length) int32."""
        rows = opened[step * self.batch_size : (step + 1) * self.batch_size]
        return rows[:, :-1], rows[:, 1:]


def one_after_another(text: NDArray[np.int32], length: int) -> NDArray[np.int32]:
    """Windows that go on where the one before ended, so that every symbol is a target once.

    Args:
        text: (symbols,); a last window that would not be full is left out, but for a text too short for one, which is
            repeated.
        length: symbols a window.

    Returns:
        (windows, length + 1): the last symbol of each is the first of the next.
    """
    starts = np.arange(max(1, (len(text) - 1) // length)) * length
    return _cut(text, starts, length)


def from_beginnings(text: NDArray[np.int32], beginnings: NDArray[np.intp], length: int) -> NDArray[np.int32]:
    """Windows that begin where a part of the text does; what a part has beyond goes on in windows of its own.

    Args:
        text: (symbols,).
        beginnings: places where a part begins, ascending.
        length: symbols a window; behind its part, a window goes on with the next one.

    Returns:
        (windows, length + 1).
    """
    ends = np.append(beginnings[1:], len(text) - 1)
    starts = [np.arange(first, last, length) for first, last in zip(beginnings, ends, strict=True)]
    return _cut(text, np.concatenate(starts), length)


def _cut(text: NDArray[np.int32], starts: NDArray[np.intp], length: int) -> NDArray[np.int32]:
    return np.take(text, starts[:, None] + np.arange(length + 1), mode="wrap")

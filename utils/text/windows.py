"""Training batches of a next-symbol model: texts are joined in each epoch and cut into windows of one length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


class WindowBatches:
    """Batches of windows, created again in each epoch; the targets of a window are its inputs shifted by one symbol.

    Args:
        windows: maps the number of an epoch to its windows, (windows, length + 1) int32. All epochs have as many as
            epoch 0: if an epoch has fewer, its first ones are repeated; if it has more, the last are dropped.
        batch_size: windows per batch.
        full: whether the last batch is filled with the first windows, so that all batches have one shape, as XLA
            requires; by default it has the remaining windows.
    """

    def __init__(self, windows: Callable[[int], NDArray[np.int32]], batch_size: int, *, full: bool = False) -> None:
        self._windows = windows
        rows, width = windows(0).shape
        self.batch_size = batch_size
        self.steps = -(-rows // batch_size)
        self._full = full
        self._shape = (self.steps * batch_size if full else rows, width)

    def open(self, epoch: int) -> Any:
        """The epoch's windows: (windows, length + 1) int32, or (steps, windows, length + 1) if all batches are full."""
        windows = np.resize(self._windows(epoch), self._shape)
        return tf.constant(windows.reshape(self.steps, self.batch_size, -1) if self._full else windows)

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """Inside a graph: inputs and targets of one step, (windows, length) int32."""
        first = step * self.batch_size
        rows = opened[step] if self._full else opened[first : first + self.batch_size]
        return rows[:, :-1], rows[:, 1:]


def one_after_another(text: NDArray[np.int32], length: int) -> NDArray[np.int32]:
    """Consecutive windows: each starts where the previous one ended, so that every symbol is a target once.

    Args:
        text: (symbols,); an incomplete last window is dropped; a text too short for one window is repeated.
        length: symbols per window.

    Returns:
        (windows, length + 1): the last symbol of each is the first of the next.
    """
    starts = np.arange(max(1, (len(text) - 1) // length)) * length
    return _cut(text, starts, length)


def from_beginnings(text: NDArray[np.int32], beginnings: NDArray[np.intp], length: int) -> NDArray[np.int32]:
    """Windows that start at the beginnings of parts of the text; longer parts continue in further windows.

    Args:
        text: (symbols,).
        beginnings: positions where a part begins, in ascending order.
        length: symbols per window; a window that exceeds its part continues with the next part.

    Returns:
        (windows, length + 1).
    """
    ends = np.append(beginnings[1:], len(text) - 1)
    starts = [np.arange(first, last, length) for first, last in zip(beginnings, ends, strict=True)]
    return _cut(text, np.concatenate(starts), length)


def _cut(text: NDArray[np.int32], starts: NDArray[np.intp], length: int) -> NDArray[np.int32]:
    return np.take(text, starts[:, None] + np.arange(length + 1), mode="wrap")


def shuffled(text: NDArray[np.int32], length: int, seed: int, epoch: int) -> NDArray[np.int32]:
    """Consecutive windows in a random order, from another offset in each epoch: nearly every symbol is a target once.

    Args:
        text: (symbols,), at least `length` + 2.
        length: symbols per window.
        seed: of the offsets and the order.
        epoch: its number.

    Returns:
        (windows, length + 1), the same number of windows in each epoch.
    """
    random = np.random.default_rng((seed, epoch))
    spare = min(length, len(text) - length - 1)
    number = max(1, (len(text) - 1 - spare) // length)
    starts = random.integers(spare + 1) + random.permutation(number) * length
    return _cut(text, starts, length)

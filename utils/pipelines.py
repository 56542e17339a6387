"""Batches for the compiled training loop: shuffled before batching, their order a function of seed and epoch alone.

Because nothing but (seed, epoch) decides the order, training that is resumed at an epoch sees the very batches that
it would have seen uninterrupted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.splits import Split


class ArrayBatches:
    """Batches of a split that fits in memory, gathered inside the graph: a step costs no call of Python.

    Args:
        split: the rows.
        batch_size: rows a batch; the last one of an epoch holds what is left.
        seed: shuffles anew each epoch; None keeps the order of the rows.
    """

    def __init__(self, split: Split, batch_size: int, seed: int | None = None) -> None:
        self.inputs = tf.constant(split.inputs)
        self.targets = tf.constant(split.targets)
        self.rows = len(split)
        self.batch_size = batch_size
        self.steps = -(-self.rows // batch_size)
        self._seed = seed

    def order(self, epoch: int) -> NDArray[np.int32]:
        """The row numbers of one epoch in the order in which they are taken, (rows,)."""
        if self._seed is None:
            return np.arange(self.rows, dtype=np.int32)
        return np.random.default_rng((self._seed, epoch)).permutation(self.rows).astype(np.int32)

    def batch(self, order: Any, step: Any) -> tuple[Any, Any]:
        """Inside a graph: the inputs and the targets of one step."""
        rows = order[step * self.batch_size : (step + 1) * self.batch_size]
        return tf.gather(self.inputs, rows), tf.gather(self.targets, rows)

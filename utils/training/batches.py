"""Batches for the compiled training loop, shuffled before batching.

Their order depends only on the seed and the epoch, so a resumed training gets the same batches as an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.base.machine import cores
from utils.base.named_arrays import each, listed
from utils.datasets.splits import Split

Array = NDArray[Any]
Transform = Callable[[Array, int, int], Array]
"""Function of the inputs of a batch, the epoch and the step; returns inputs of the same shape and dtype."""


class Batches(Protocol):
    """Batches as the training loop uses them."""

    steps: int

    def open(self, epoch: int) -> Any:
        """The state of one epoch for `batch`: tensors, or an iterator of `tf.data`."""

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """The inputs and targets of one step, inside a graph. Steps are called in order, from 0."""


THREADS = max(1, cores() // 2)
"""Threads that prepare batches in advance; the training uses the other cores."""


def batches(split: Split, batch_size: int, seed: int | None = None, transform: Transform | None = None) -> Batches:
    """`ArrayBatches` for a split in memory without a transform, otherwise `StreamBatches`.

    Args:
        split: the rows, in memory or on disk.
        batch_size: rows per batch; the last batch of an epoch has the remaining rows.
        seed: seed of the shuffling, which differs in each epoch; None keeps the order of the rows.
        transform: function that changes the inputs of each batch (augmentation), or None.
    """
    if transform is None and all(isinstance(array, np.ndarray) for array in listed(split.inputs)):
        return ArrayBatches(split, batch_size, seed)
    return StreamBatches(split, batch_size, seed, transform)


def row_order(rows: int, seed: int | None, epoch: int) -> NDArray[np.int32]:
    """The order of the rows in one epoch, (rows,)."""
    if seed is None:
        return np.arange(rows, dtype=np.int32)
    return np.random.default_rng((seed, epoch)).permutation(rows).astype(np.int32)


class ArrayBatches:
    """Batches of a split in memory, gathered inside the graph, without a call of Python per step."""

    def __init__(self, split: Split, batch_size: int, seed: int | None = None) -> None:
        self.inputs = each(tf.constant, split.inputs)
        self.targets = each(tf.constant, split.targets)
        self.rows = len(split)
        self.batch_size = batch_size
        self.steps = -(-self.rows // batch_size)
        self._seed = seed

    def open(self, epoch: int) -> Any:
        """The order of the rows, (rows,) int32."""
        return tf.constant(row_order(self.rows, self._seed, epoch))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """The inputs and the targets of one step, inside a graph."""
        rows = opened[step * self.batch_size : (step + 1) * self.batch_size]
        return tuple(each(lambda values: tf.gather(values, rows), arrays) for arrays in (self.inputs, self.targets))


class StreamBatches:
    """Batches that `tf.data` reads from disk and transforms during the training, two batches in advance.

    Only a few batches are in memory. The batches do not depend on the number of threads.
    """

    def __init__(
        self, split: Split, batch_size: int, seed: int | None = None, transform: Transform | None = None
    ) -> None:
        self.batch_size = batch_size
        self.steps = -(-len(split) // batch_size)
        self._split = split
        self._seed = seed
        self._transform = transform

    def open(self, epoch: int) -> Any:
        """An iterator over the epoch's batches."""
        inputs, targets = self._split.inputs, self._split.targets
        order = tf.constant(row_order(len(self._split), self._seed, epoch))

        def load(step: Any) -> tuple[Any, Any]:
            rows = order[step * self.batch_size : (step + 1) * self.batch_size]
            found = tf.numpy_function(self._take, [rows, epoch, step], inputs.dtype, stateful=False)
            return tf.ensure_shape(found, (None, *inputs.shape[1:])), tf.gather(targets, rows)

        steps = tf.data.Dataset.range(self.steps, output_type=tf.int32)
        loaded = steps.map(load, num_parallel_calls=THREADS, deterministic=True).prefetch(2)
        options = tf.data.Options()
        # In the thread pool of the training, loading was sometimes delayed by as long as an epoch takes.
        options.threading.private_threadpool_size = THREADS
        options.autotune.enabled = False
        return iter(loaded.with_options(options))

    def _take(self, rows: NDArray[np.intp], epoch: int, step: int) -> Array:
        found: Array = self._split.inputs[rows]
        return found if self._transform is None else self._transform(found, int(epoch), int(step))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:  # noqa: ARG002
        """The next inputs and targets, inside a graph."""
        inputs, targets = opened.get_next()
        return inputs, targets

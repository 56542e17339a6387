"""Batches for the compiled training loop: shuffled before batching, their order a function of seed and epoch alone.

Because nothing but (seed, epoch) decides the order, training that is resumed at an epoch sees the very batches that
it would have seen uninterrupted.
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
"""Inputs of a batch, epoch and step to the inputs that the network sees, of the same shape and dtype."""


class Batches(Protocol):
    """What training takes its batches from."""

    steps: int

    def open(self, epoch: int) -> Any:
        """What `batch` needs to know about one epoch: tensors, or an iterator of `tf.data`."""

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """Inside a graph: inputs and targets of one step. Steps come in their order, from 0."""


THREADS = max(1, cores() // 2)
"""That make batches ahead of the training, which takes the other cores."""


def batches(split: Split, batch_size: int, seed: int | None = None, transform: Transform | None = None) -> Batches:
    """The kind of batches that suits the split: from memory where it can be, else streamed.

    Args:
        split: the rows, in memory or on disk.
        batch_size: rows a batch; the last one of an epoch holds what is left.
        seed: shuffles anew each epoch; None keeps the order of the rows.
        transform: changes the inputs of each batch (augmentation), or None.
    """
    if transform is None and all(isinstance(array, np.ndarray) for array in listed(split.inputs)):
        return ArrayBatches(split, batch_size, seed)
    return StreamBatches(split, batch_size, seed, transform)


def row_order(rows: int, seed: int | None, epoch: int) -> NDArray[np.int32]:
    """The row numbers of one epoch in the order in which they are taken, (rows,)."""
    if seed is None:
        return np.arange(rows, dtype=np.int32)
    return np.random.default_rng((seed, epoch)).permutation(rows).astype(np.int32)


class ArrayBatches:
    """Batches of a split that fits in memory, gathered inside the graph: a step costs no call of Python."""

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
        """Inside a graph: the inputs and the targets of one step."""
        rows = opened[step * self.batch_size : (step + 1) * self.batch_size]
        return tuple(each(lambda values: tf.gather(values, rows), arrays) for arrays in (self.inputs, self.targets))


class StreamBatches:
    """Batches made beside the training by `tf.data`: read from disk, changed by a transform, two ahead.

    Memory holds a few batches, whatever the number of rows. The batches are the same whatever the number of threads.
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
        # In the pool that it shares with the training, loading was at times held up for as long as an epoch takes.
        options.threading.private_threadpool_size = THREADS
        options.autotune.enabled = False
        return iter(loaded.with_options(options))

    def _take(self, rows: NDArray[np.intp], epoch: int, step: int) -> Array:
        found: Array = self._split.inputs[rows]
        return found if self._transform is None else self._transform(found, int(epoch), int(step))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:  # noqa: ARG002
        """Inside a graph: the next inputs and targets."""
        inputs, targets = opened.get_next()
        return inputs, targets

"""Batches of pairs of similar length for the compiled training loop, each padded to its own longest texts only."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from utils.datasets.splits import Split
from utils.text.padding import buckets


class PairBatches:
    """Batches of padded pairs.

    Args:
        split: inputs `source` and `target`, (rows, length) int32 with 0 behind the end; targets with −1 there.
        batch_size: pairs per batch; the last batch of an epoch has the remaining ones.
        seed: seed of the order, which differs in each epoch; None sorts all pairs by length, which needs least padding.
    """

    def __init__(self, split: Split, batch_size: int, seed: int | None = None) -> None:
        assert isinstance(split.inputs, dict)
        source, target = split.inputs["source"], split.inputs["target"]
        self.batch_size = batch_size
        self.steps = -(-len(split) // batch_size)
        self._seed = seed
        self._lengths = np.stack([(source != 0).sum(axis=1), (split.targets >= 0).sum(axis=1)], axis=1)
        self._longest = tf.constant(self._lengths, tf.int32)
        self._source, self._target, self._targets = map(tf.constant, (source, target, split.targets))

    def open(self, epoch: int) -> Any:
        """The order of the rows, (rows,) int32."""
        total = self._lengths.sum(axis=1)
        if self._seed is None:
            return tf.constant(np.argsort(total, kind="stable").astype(np.int32))
        found = buckets(total, self.batch_size, seed=[self._seed, epoch])
        found.sort(key=lambda batch: len(batch) < self.batch_size)  # an incomplete batch must be the last one
        return tf.constant(np.concatenate(found).astype(np.int32))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """Inside a graph: `source` and `target`, and targets, each (batch, longest) int32."""
        rows = opened[step * self.batch_size : (step + 1) * self.batch_size]
        longest = tf.reduce_max(tf.gather(self._longest, rows), axis=0)
        source = tf.gather(self._source, rows)[:, : longest[0]]
        target = tf.gather(self._target, rows)[:, : longest[1]]
        return {"source": source, "target": target}, tf.gather(self._targets, rows)[:, : longest[1]]

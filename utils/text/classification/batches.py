"""Batches of texts of similar length for the compiled training loop, each padded to its own longest text only."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.networks.fast_lstm import fused_recurrence
from utils.text.padding import TokenRows, buckets
from utils.text.vocabularies import UNKNOWN


class TextBatches:
    """Batches of padded rows of words and their targets.

    The words stay in one array; a batch is cut out of it inside the graph.

    Args:
        rows: texts as numbers of words, cut to the length that the network takes.
        targets: (rows,) class numbers.
        batch_size: texts per batch; the last batch of an epoch has the remaining ones.
        seed: seed of the order, which differs in each epoch; None sorts all texts by length, which needs least padding.
        dropped: fraction of the words that are replaced by the unknown word in training; each text loses other words
            in each epoch (Iyyer et al. 2015).
    """

    def __init__(
        self,
        rows: TokenRows,
        targets: NDArray[Any],
        batch_size: int,
        seed: int | None = None,
        dropped: float = 0.0,
    ) -> None:
        self.batch_size = batch_size
        self.steps = -(-len(rows) // batch_size)
        self._rows = rows
        self._seed = seed
        self._dropped = dropped
        self._words = tf.constant(rows.tokens)
        self._starts = tf.constant(rows.starts)
        self._targets = tf.constant(targets)

    def open(self, epoch: int) -> Any:
        """The order of the rows, followed by two seeds of the words that are dropped, (rows + 2,) int32."""
        if self._seed is None:
            order = np.argsort(self._rows.lengths, kind="stable")
        else:
            found = buckets(self._rows.lengths, self.batch_size, seed=[self._seed, epoch])
            found.sort(key=lambda batch: len(batch) < self.batch_size)  # an incomplete batch must be the last one
            order = np.concatenate(found)
        return tf.constant(np.concatenate([order, [self._seed or 0, epoch]]).astype(np.int32))

    def batch(self, opened: Any, step: Any) -> tuple[Any, Any]:
        """Inside a graph: words (batch, longest) int32, 0 for padding, and targets (batch,)."""
        order, seed = opened[:-2], opened[-2:]
        chosen = order[step * self.batch_size : (step + 1) * self.batch_size]
        starts, ends = tf.gather(self._starts, chosen), tf.gather(self._starts, chosen + 1)
        longest = tf.maximum(tf.reduce_max(ends - starts), 1)
        places = starts[:, None] + tf.range(longest)
        valid = places < ends[:, None]
        words = tf.gather(self._words, tf.minimum(places, tf.maximum(tf.size(self._words, tf.int64) - 1, 0)))
        if self._dropped:
            draw = tf.random.stateless_uniform(tf.shape(words), tf.stack([seed[0], seed[1] * 100_003 + step]))
            words = tf.where(draw < self._dropped, UNKNOWN, words)
        return tf.where(valid, words, 0), tf.gather(self._targets, chosen)


def predict_rows(model: Any, rows: TokenRows, batch_size: int = 256) -> NDArray[Any]:
    """The predictions of a network on numbers of words, (rows, classes), in the order of the rows.

    Texts of similar length go through the network together, so that little is computed for padding.
    """
    words = tf.TensorSpec((None, None), tf.int32)
    call = tf.function(lambda words: model(words, training=False), input_signature=[words], autograph=False)
    order = np.argsort(rows.lengths, kind="stable")
    found: NDArray[Any] | None = None
    with fused_recurrence(model):
        for start in range(0, len(rows), batch_size):
            chosen = order[start : start + batch_size]
            some = rows.take(chosen)
            padded = some.padded(max(1, int(some.lengths.max(initial=0))))
            predicted = call(tf.constant(padded)).numpy()
            if found is None:
                found = np.empty((len(rows), *predicted.shape[1:]), predicted.dtype)
            found[chosen] = predicted
    return np.empty((0, 0)) if found is None else found

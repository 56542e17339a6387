"""The loss and the metrics of networks that predict each token of a target from the source and the tokens before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
ROWS = 64
"""Pairs that go through a network together when they are measured."""


def token_cross_entropy(label_smoothing: float = 0.0) -> Callable[[Any, Any], Any]:
    """Mean cross-entropy per token in nats, of the tokens that are not padding.

    Args:
        label_smoothing: fraction of each target that is distributed evenly over all symbols (Szegedy et al. 2016,
            section 7; for translation Vaswani et al. 2017, section 5.4).

    Returns:
        A function of targets (batch, length), −1 for padding, and probabilities (batch, length, symbols).
    """
    import tensorflow as tf

    def loss(truth: Any, probabilities: Any) -> Any:
        logits = getattr(probabilities, "_keras_logits", None)  # of the softmax; as exact as Keras's own loss
        if logits is None:
            logits = tf.math.log(probabilities + 1e-30)
        truth = tf.cast(truth, tf.int32)
        counts = tf.cast(truth >= 0, logits.dtype)
        flat = tf.reshape(logits, [-1, tf.shape(logits)[-1]])
        nats = _smoothed(flat, tf.reshape(tf.maximum(truth, 0), [-1]), label_smoothing)
        nats = tf.reshape(nats, tf.shape(truth))
        return tf.reduce_sum(nats * counts) / tf.maximum(tf.reduce_sum(counts), 1.0)

    return loss


def _smoothed(logits: Any, truth: Any, smoothing: float) -> Any:
    """Cross-entropy with label smoothing, (rows,), which reads the large array of logits as seldom as without it."""
    import tensorflow as tf

    @tf.custom_gradient
    def nats(logits: Any) -> Any:
        plain, direction = tf.raw_ops.SparseSoftmaxCrossEntropyWithLogits(features=logits, labels=truth)
        if not smoothing:
            return plain, lambda of: of[:, None] * direction
        chosen = tf.gather(logits, truth, batch_dims=1)
        places = tf.stack([tf.range(tf.shape(truth)[0]), truth], axis=1)

        def gradient(of: Any) -> Any:
            even = smoothing / tf.cast(tf.shape(logits)[1], logits.dtype)
            return tf.tensor_scatter_nd_add(of[:, None] * (direction - even), places, smoothing * of)

        return plain + smoothing * (chosen - tf.reduce_mean(logits, axis=1)), gradient

    return nats(logits)


def pair_losses(predictor: Any, inputs: Any, targets: Array) -> NDArray[np.float64]:
    """What metrics need of each pair under teacher forcing.

    Greedy decoding writes a target exactly if, given the tokens before, each of its tokens is the most probable one. So
    one pass says whether greedy decoding is exactly right.

    Args:
        predictor: its `predict` maps `source` and `target` to probabilities (rows, length, symbols).
        inputs: `source` and `target`, (rows, length) int32 with 0 behind the end.
        targets: (rows, length), −1 behind the end.

    Returns:
        (rows, 4): the sum of the negative log-probabilities in nats; the number of tokens, including END; the number of
        them that are the most probable one; 1 if all are.
    """
    source, target = inputs["source"], inputs["target"]
    lengths = np.stack([(source != 0).sum(axis=1), (targets >= 0).sum(axis=1)], axis=1)
    found = np.zeros((len(targets), 4))
    for rows in np.array_split(np.argsort(lengths.sum(axis=1), kind="stable"), -(-len(targets) // ROWS)):
        first, second = lengths[rows].max(axis=0)
        probabilities = predictor.predict({"source": source[rows, :first], "target": target[rows, :second]})
        truth = targets[rows, :second]
        counts = truth >= 0
        chosen = np.take_along_axis(probabilities, np.maximum(truth, 0)[..., None], axis=-1)[..., 0]
        smallest = np.finfo(np.float32).tiny
        nats = -np.log(np.maximum(chosen, smallest).astype("float64"))
        right = (probabilities.argmax(axis=-1) == truth) & counts
        found[rows] = np.stack(
            [(nats * counts).sum(axis=1), counts.sum(axis=1), right.sum(axis=1), (right == counts).all(axis=1)], axis=1
        )
    return found


def exact_match(truth: Array, losses: Array) -> float:  # noqa: ARG001
    """Fraction of the pairs that greedy decoding translates exactly.

    Args:
        truth: unused, because the losses contain what is needed.
        losses: (rows, 4), of `pair_losses`.
    """
    return float(losses[:, 3].mean())


def log_loss(truth: Array, losses: Array) -> float:  # noqa: ARG001
    """Mean negative log-probability per token in nats, given the tokens before."""
    return float(losses[:, 0].sum() / losses[:, 1].sum())


def token_accuracy(truth: Array, losses: Array) -> float:  # noqa: ARG001
    """Fraction of the tokens that are the most probable one, given the tokens before."""
    return float(losses[:, 2].sum() / losses[:, 1].sum())

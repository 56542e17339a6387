"""Loss and gradients of negative sampling, by hand: skip-gram and CBOW, for blocks of words that share random words.

Source:
    Mikolov, Sutskever, Chen, Corrado and Dean, Distributed Representations of Words and Phrases and their
    Compositionality (2013), section 2.2; Ji, Satish, Li and Dubey, Parallelizing Word2Vec in Shared and Distributed
    Memory (2016): shared random words; İrsoy, Benton and Stratos, Corrected CBOW Performs as well as Skip-gram (2021).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import tensorflow as tf

Tensor = Any


class Step(NamedTuple):
    """What one step finds.

    Attributes:
        loss: sum over the predictions.
        predictions: number of predictions.
        middle: the negative gradients of the sum, by which vectors are moved, each of the shape of the vectors.
        around: see `middle`.
        noise: see `middle`.
    """

    loss: Tensor
    predictions: Tensor
    middle: Tensor
    around: Tensor
    noise: Tensor


def skip_gram(
    middle: Tensor, around: Tensor, noise: Tensor, pairs: Tensor, negatives: float, measured: int | None = None
) -> Step:
    """Loss and gradients of skip-gram: −log σ(v·u) for each pair, −log σ(−v·n) for each of its random words n.

    Args:
        middle: (blocks, words, dimension), word vectors v of the words of each block.
        around: (blocks, places, dimension), context vectors u of these words and of those before and after the block.
        noise: (blocks, shared, dimension), context vectors n of the random words of each block.
        pairs: (blocks, words, places), 1 where a word and a place are a pair, else 0.
        negatives: random words per pair; each of the shared ones counts `negatives / shared` times.
        measured: number of blocks, the first ones, whose loss is computed, which takes time; defaults to all.
    """
    weight = tf.reduce_sum(pairs, 2, keepdims=True) * (negatives / noise.shape[1])
    near, far = tf.matmul(middle, around, transpose_b=True), tf.matmul(middle, noise, transpose_b=True)
    # The derivative of log σ(x) is σ(−x): a pair that is already probable moves the vectors little.
    pull, push = pairs * tf.sigmoid(-near), -weight * tf.sigmoid(far)
    return Step(
        _loss(near[:measured], pairs[:measured]) + _loss(-far[:measured], weight[:measured]),
        tf.reduce_sum(pairs[:measured]),
        tf.matmul(pull, around) + tf.matmul(push, noise),
        tf.matmul(pull, middle, transpose_a=True),
        tf.matmul(push, middle, transpose_a=True),
    )


def cbow(
    middle: Tensor, around: Tensor, noise: Tensor, pairs: Tensor, negatives: float, measured: int | None = None
) -> Step:
    """Loss and gradients of CBOW: the mean of the words around predicts the word in the middle.

    Arguments as of `skip_gram`, but `around` are word vectors, and `middle` and `noise` context vectors. The gradient
    is that of the mean; word2vec and gensim leave out its factor of one over the number of words (İrsoy et al. 2021).
    """
    number = tf.reduce_sum(pairs, 2, keepdims=True)
    share = pairs / tf.maximum(number, 1.0)
    weight = tf.cast(number > 0, tf.float32)
    of_noise = weight * (negatives / noise.shape[1])
    mean = tf.matmul(share, around)
    near, far = tf.reduce_sum(mean * middle, 2, keepdims=True), tf.matmul(mean, noise, transpose_b=True)
    pull, push = weight * tf.sigmoid(-near), -of_noise * tf.sigmoid(far)
    of_mean = pull * middle + tf.matmul(push, noise)
    return Step(
        _loss(near[:measured], weight[:measured]) + _loss(-far[:measured], of_noise[:measured]),
        tf.reduce_sum(weight[:measured]),
        pull * mean,
        tf.matmul(share, of_mean, transpose_a=True),
        tf.matmul(push, mean, transpose_a=True),
    )


def _loss(logits: Tensor, weights: Tensor) -> Tensor:
    """The weighted sum of −log σ(logit)."""
    return tf.reduce_sum(weights * tf.nn.softplus(-logits))

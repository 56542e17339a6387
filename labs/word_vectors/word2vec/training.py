"""The training of word2vec with negative sampling: a whole epoch in one TensorFlow graph.

The text is cut into blocks of consecutive words. All words of a block share their random words, so that the products of
vectors are products of matrices. A step takes some blocks from random places of the text, and adds to every row the sum
of its gradients, as word2vec does pair by pair.

Source:
    Mikolov, Sutskever, Chen, Corrado and Dean, Distributed Representations of Words and Phrases and their
    Compositionality (2013): negative sampling, subsampling; Ji, Satish, Li and Dubey, Parallelizing Word2Vec in Shared
    and Distributed Memory (2016): shared random words.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from labs.word_vectors.config import Config
from labs.word_vectors.data import Text
from labs.word_vectors.word2vec.gradients import Step, Tensor, cbow, skip_gram
from utils.base.errors import CallerError
from utils.training.results import Report, Row, reporter

NOISE_TABLE = 1 << 22
"""Number of entries of the table from which random words are drawn; word2vec has a hundred million."""
MOST_MOVED = 1.0
"""Limit of the learning rate times the pairs of a word in a step, on average over the text; IMDb has about half."""
MEASURED = 1
"""Number of blocks per step whose loss is part of the mean of an epoch; blocks are in a random order."""
LOWEST_RATE = 4e-3
"""The learning rate at the end, as a fraction of that at the beginning; word2vec has 1e-4 of 0.025."""
RATES = {"skip_gram": 0.025, "cbow": 0.1}
"""The usual learning rates; that of word2vec for CBOW, 0.05, goes with a gradient that is larger, see `cbow`."""


def kept_share(counts: NDArray[np.int64], sample: float) -> NDArray[np.float32]:
    """The probability that an occurrence of each word stays in the text, (words,) float32, as in word2vec.

    Frequent words say little about their neighbours: with `sample` 1e-3 one of four occurrences of a word that is 5 %
    of the text stays.
    """
    if not sample:
        return np.ones(len(counts), dtype=np.float32)
    relative = sample * counts.sum() / np.maximum(counts, 1)
    return np.minimum(1, np.sqrt(relative) + relative).astype(np.float32)


def noise_table(counts: NDArray[np.int64], power: float, size: int = NOISE_TABLE) -> NDArray[np.int32]:
    """Words in proportion to their counts to a power, (size,) int32: a uniform entry is a random word."""
    shares = np.cumsum(counts.astype(np.float64) ** power)
    return np.searchsorted(shares / shares[-1], (np.arange(size) + 0.5) / size).astype(np.int32)


def blocks_per_step(config: Config, counts: NDArray[np.int64]) -> int:
    """The number of blocks of a step: `batch_size`, or fewer where a word would be moved too often in one step.

    A step adds up the gradients of all pairs of a word at the same vectors. In a text of few different words the sum
    would be so large that the training diverges.
    """
    kept, noise = counts * kept_share(counts, config.sample), counts**config.power
    share = kept / kept.sum()
    often = float(share @ np.maximum(share, config.negatives * noise / noise.sum()))
    pairs = config.window + 1 if config.model == "skip_gram" else 1
    moved = start_rate(config) * config.block * pairs * often
    return max(1, min(config.batch_size, int(MOST_MOVED / moved)))


def start_rate(config: Config) -> float:
    """The learning rate at the beginning."""
    return config.learning_rate or RATES[config.model]


class Tables(NamedTuple):
    """The vectors of the two Embedding layers, in the roles that they have in skip-gram or CBOW.

    Attributes:
        middle: of the words in the middle, (words, dimension).
        around: of the words around them.
        noise: of random words.
        gradients: `skip_gram` or `cbow`.
    """

    middle: tf.Variable
    around: tf.Variable
    noise: tf.Variable
    gradients: Callable[..., Step]

    @classmethod
    def of(cls, kind: str, network: keras.Model) -> Tables:
        """Those of a network of `model.build`, which change with its layers."""
        names = ("word_vectors", "context_vectors")
        vectors, contexts = (network.get_layer(name).embeddings.value for name in names)
        if kind == "cbow":
            return cls(contexts, vectors, contexts, cbow)
        return cls(vectors, contexts, contexts, skip_gram)

    def move(self, words: tuple[Tensor, Tensor, Tensor], pairs: Tensor, negatives: float, rate: Tensor) -> Step:
        """One step of gradient descent.

        Args:
            words: rows of the words in the middle (blocks, words), around and of the random words.
            pairs: see `skip_gram`.
            negatives: see `skip_gram`.
            rate: the learning rate.
        """
        variables = self[:3]
        vectors = [tf.gather(variable, rows) for variable, rows in zip(variables, words, strict=True)]
        found = self.gradients(*vectors, pairs, negatives, MEASURED)
        for variable, rows, move in zip(variables, words, found[2:], strict=True):
            flat = tf.reshape(move, (-1, variable.shape[1]))
            variable.scatter_add(tf.IndexedSlices(rate * flat, tf.reshape(rows, (-1,))))
        return found


def pairs_within(rows: Tensor, reach: Tensor, window: int) -> Tensor:
    """Which words are pairs: different places of one text, at most `reach` apart.

    Args:
        rows: (blocks, words + 2 · window), the row of the text of each place; −1 is before or after all texts.
        reach: (blocks, words, 1) int32, from 1 to `window`, of each word in the middle.
        window: largest distance.

    Returns:
        (blocks, words, words + 2 · window) float32, 1 for a pair.
    """
    words = reach.shape[1]
    offset = np.abs(np.arange(words + 2 * window) - np.arange(window, window + words)[:, None])
    distance = tf.constant(np.where(offset == 0, window + 1, offset), dtype=tf.int32)  # no word is its own neighbour
    same_text = (rows[:, None, :] == rows[:, window : window + words, None]) & (rows[:, None, :] >= 0)
    return tf.cast((distance <= reach) & same_text, tf.float32)


def epoch_graph(config: Config, text: Text, network: keras.Model) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """A compiled function that trains the network for one epoch.

    Args:
        config: the hyperparameters.
        text: to train on.
        network: of `model.build`; its two Embedding layers are changed.

    Returns:
        A function of the number of the epoch, from 0. It returns the loss of some predictions and their number.
    """
    tables = Tables.of(config.model, network)
    blocks = blocks_per_step(config, text.counts)
    sequence = _sequence(config, text, blocks)
    noise = tf.constant(noise_table(text.counts, config.power))
    places = tf.range(config.block + 2 * config.window)

    @tf.function(autograph=False)
    def epoch(number: Tensor) -> tuple[Tensor, Tensor]:
        words, rows, starts = sequence(number)
        steps = tf.shape(starts)[0]

        def step(i: Tensor, loss: Tensor, predictions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            random, where = _random(config.seed, number, i), starts[i][:, None] + places
            around = tf.gather(words, where)
            middle = around[:, config.window : config.window + config.block]
            most = config.window + 1
            reach = tf.random.stateless_uniform((blocks, config.block, 1), random, 1, most, tf.int32)
            pairs = pairs_within(tf.gather(rows, where), reach, config.window)
            drawn = tf.random.stateless_uniform((blocks, config.shared), random + 1, 0, NOISE_TABLE, tf.int32)
            done = (tf.cast(number, tf.float32) + tf.cast(i / steps, tf.float32)) / config.epochs
            rate = start_rate(config) * tf.maximum(1.0 - done, LOWEST_RATE)
            others = tf.gather(noise, drawn)
            found = tables.move((middle, around, others), pairs, float(config.negatives), rate)
            return i + 1, loss + found.loss, predictions + found.predictions

        start = (tf.constant(0), tf.constant(0.0), tf.constant(0.0))
        return tf.while_loop(lambda i, *_: i < steps, step, start, parallel_iterations=1)[1:]

    return epoch


def _random(seed: int, epoch: Tensor, step: Tensor) -> Tensor:
    """The seed of one step, (2,) int64; `+ 1` gives another one."""
    high = tf.constant(seed, tf.int64) * 1_000_003 + tf.cast(epoch, tf.int64)
    return tf.stack([high, 2 * tf.cast(step, tf.int64)])


def _sequence(config: Config, text: Text, blocks: int) -> Callable[[Tensor], tuple[Tensor, Tensor, Tensor]]:
    """A function of the epoch: the words that subsampling leaves, their rows, and where the blocks of a step begin."""
    tokens = tf.constant(text.rows.tokens)
    rows = tf.constant(text.rows.row_numbers().astype(np.int32))
    keep = tf.constant(kept_share(text.counts, config.sample))
    size = config.block * blocks

    def sequence(epoch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        random = _random(config.seed, epoch, -1)
        kept = tf.random.stateless_uniform(tf.shape(tokens), random) < tf.gather(keep, tokens)
        words, row = tf.boolean_mask(tokens, kept), tf.boolean_mask(rows, kept)
        missing = -tf.size(words) % size
        steps = (tf.size(words) + missing) // size
        # Places before the first and after the last word are in no row, and therefore in no pair.
        around = [[config.window, config.window + missing]]
        words, row = tf.pad(words, around), tf.pad(row, around, constant_values=-1)
        order = tf.argsort(tf.random.stateless_uniform((steps * blocks,), random + 1))
        return words, row, tf.reshape(order * config.block, (steps, blocks))

    return sequence


def _check(loss: float, epoch: int, config: Config) -> None:
    """Raise CallerError if the training has diverged: vectors of zeros have the loss (1 + negatives) · log 2."""
    if not loss < 2 * (1 + config.negatives) * math.log(2):  # NaN, too
        raise CallerError(
            f"the training diverges: the loss of epoch {epoch} is {loss:.3g}",
            f"give a smaller --learning-rate than {start_rate(config):g}, or a smaller --block",
        )


def train(config: Config, text: Text, network: keras.Model, report: Report) -> tuple[list[Row], dict[str, float]]:
    """Train the network for all epochs.

    Args:
        config: the hyperparameters.
        text: to train on.
        network: of `model.build`, which is changed.
        report: called after each epoch.

    Returns:
        One row per epoch: its number, the mean loss per prediction, words per second, seconds. And the seconds and CPU
        seconds of the training, compilation included.

    Raises:
        CallerError: the training diverges.
    """
    reporter(report).stage("train")
    start, cpu = time.perf_counter(), time.process_time()
    epoch, history = epoch_graph(config, text, network), []
    for number in range(config.epochs):
        began = time.perf_counter()
        loss, predictions = (float(value) for value in epoch(tf.constant(number)))
        seconds = time.perf_counter() - began
        mean = loss / max(predictions, 1.0)
        _check(mean, number + 1, config)
        row = {
            "epoch": number + 1,
            "loss": mean,
            "words_per_second": len(text.rows.tokens) / seconds,
            "seconds": seconds,
        }
        history.append(row)
        left = (time.perf_counter() - start) / (number + 1) * (config.epochs - number - 1)
        report(row, config.epochs, left)
    return history, {"fit": time.perf_counter() - start, "fit_cpu": time.process_time() - cpu}

"""The networks: from the numbers of the words of a text to probabilities. They consist of Keras's layers only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from labs.sentiment.config import Config
from labs.sentiment.encoding import Encoding
from utils.networks.masks import (
    attention_mask,
    embedded,
    last_state,
    masked_max,
    masked_mean,
    masked_sum,
    word_mask,
)

POOLS = {"last": last_state, "mean": masked_mean, "max": masked_max}
"""How the states of a recurrent network at all words become one."""
LINEAR = ("course-mlp", "wide")
"""Networks without a nonlinearity before the softmax."""
WIDTHS = (3, 4, 5)
"""Numbers of words that a filter of the cnn sees, as in Kim (2014)."""


def build(config: Config, encoding: Encoding, class_names: Sequence[str], target: str = "sentiment") -> keras.Model:
    """The network that `--network` names, untrained.

    Args:
        config: the hyperparameters.
        encoding: the vocabulary.
        class_names: by class number.
        target: name of the output.

    Returns:
        (batch, length) int32 numbers of words, 0 for padding on the right, to (batch, classes) probabilities.
    """
    words = keras.Input((None,), dtype="int32", name="words")
    mask = word_mask(words)
    values = NETWORKS[config.network](words, mask, config, encoding, len(class_names))
    if config.network in LINEAR:  # the values are the logits
        outputs = layers.Softmax(name=target)(values)
    else:
        outputs = layers.Dense(len(class_names), activation="softmax", name=target)(values)
    return keras.Model(words, outputs, name=config.network.replace("-", "_"))


def average(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:  # noqa: ARG001
    """The mean of the vectors of all words, as in fastText (Joulin et al. 2017); the order of words does not count.

    With n-grams, the sum of their vectors over the square root of their number.
    """
    vectors = embedded(words, mask, len(encoding), config.embedding)
    if config.ngrams > 1:
        mean = masked_sum(vectors, layers.UnitNormalization(axis=1, name="shares")(mask))
    else:
        mean = masked_mean(vectors, mask)
    return layers.Dropout(config.dropout, name="dropout")(mean)


def lstm(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:  # noqa: ARG001
    """Udacity's Sentiment RNN: an embedding, layers of LSTM with dropout between them, and the state at the end."""
    return _recurrent(layers.LSTM, words, mask, config, encoding)


def gru(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:  # noqa: ARG001
    """The same with gated recurrent units (Cho et al. 2014)."""
    return _recurrent(layers.GRU, words, mask, config, encoding)


def _recurrent(kind: Any, words: Any, mask: Any, config: Config, encoding: Encoding) -> Any:
    states = embedded(words, mask, len(encoding), config.embedding)
    states = layers.Dropout(config.dropout, name="dropout_vectors")(states)
    for number in range(1, config.layers + 1):
        states = kind(config.units, return_sequences=True, name=f"{config.network}_{number}")(states)
        states = layers.Dropout(config.dropout, name=f"dropout_{number}")(states)
    # A recurrent layer reads from left to right: padding after the last word does not change the states before it.
    return POOLS[config.pooling](states, mask)


def bilstm(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:  # noqa: ARG001
    """LSTM layers that read in both directions (Graves and Schmidhuber 2005).

    The backward direction begins in the padding. Its inputs are zeros there and it has no bias, so that its state stays
    zero until the last word; the mask is an input of its own, whose weights act as the bias.
    """
    states = embedded(words, mask, len(encoding), config.embedding)
    states = layers.Dropout(config.dropout, name="dropout_vectors")(states)
    for number in range(1, config.layers + 1):
        inputs = layers.Concatenate(name=f"inputs_{number}")([states, mask])
        cell = layers.LSTM(config.units, return_sequences=True, use_bias=False)
        states = layers.Bidirectional(cell, name=f"bilstm_{number}")(inputs)
        states = layers.Dropout(config.dropout, name=f"dropout_{number}")(states)
        states = layers.Multiply(name=f"states_{number}")([states, mask])
    return POOLS[config.pooling](states, mask)


def cnn(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:  # noqa: ARG001
    """Filters over 3, 4 and 5 words, each with its maximum over the text (Kim 2014)."""
    vectors = embedded(words, mask, len(encoding), config.embedding)
    vectors = layers.SpatialDropout1D(config.dropout / 2, name="dropout_vectors")(vectors)
    found = [
        masked_max(
            layers.Conv1D(config.units, width, padding="same", name=f"filters_{width}")(vectors), mask, f"max_{width}"
        )
        for width in WIDTHS
    ]
    return layers.Dropout(config.dropout, name="dropout")(layers.Concatenate(name="features")(found))


def attention(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:  # noqa: ARG001
    """One block of self-attention (Vaswani et al. 2017) whose outputs are averaged over the words."""
    vectors = embedded(words, mask, len(encoding), config.embedding)
    width = max(1, config.embedding // config.heads)
    heads = layers.MultiHeadAttention(config.heads, width, name="attention")
    seen = heads(vectors, vectors, attention_mask=attention_mask(mask))
    states = layers.LayerNormalization(name="normalization")(layers.Add(name="residual")([vectors, seen]))
    return layers.Dropout(config.dropout, name="dropout")(masked_mean(states, mask))


def course_mlp(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:
    """Udacity's hand-written network: which words occur, a hidden layer without activation, an output.

    The hidden layer is the sum of one row of its weights per word, which is an embedding.
    """
    hidden = embedded(words, mask, len(encoding), config.units, embeddings_initializer="zeros")
    logits = layers.Dense(classes, use_bias=False, name="logits")
    return logits(masked_sum(hidden, mask))


def wide(words: Any, mask: Any, config: Config, encoding: Encoding, classes: int) -> Any:
    """One linear layer over n-grams weighted by their log-count ratios (Wang and Manning 2012), from zero weights."""
    weights = layers.Embedding(len(encoding), classes, embeddings_initializer="zeros", name="embedding")(words)
    fixed = layers.Embedding(len(encoding), classes, trainable=False, name="ratios")
    ratios = fixed(words)
    fixed.set_weights([np.concatenate([np.zeros((2, classes), np.float32), encoding.ratios])])
    weighted = layers.Multiply(name="vectors")([weights, ratios])
    # Leaving n-grams out is a penalty that suits rare ones (Wager et al. 2013).
    weighted = layers.Dropout(config.dropout, noise_shape=(None, None, 1), name="dropout")(weighted)
    return masked_sum(weighted, mask)


NETWORKS: Mapping[str, Callable[[Any, Any, Config, Encoding, int], Any]] = {
    "course-mlp": course_mlp,
    "average": average,
    "lstm": lstm,
    "gru": gru,
    "bilstm": bilstm,
    "cnn": cnn,
    "attention": attention,
    "wide": wide,
}

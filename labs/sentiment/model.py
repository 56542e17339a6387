"""The networks: from the numbers of the words of a text to probabilities, and from the text itself.

A network is trained on numbers of words (`build`). The saved model (`from_text`) looks the words up in its own
vocabulary first, so that it takes raw text. Both consist of Keras's layers only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from labs.sentiment.config import Config
from labs.sentiment.encoding import Encoding, is_set
from utils.networks.masks import (
    attention_mask,
    embedded,
    last_state,
    masked_max,
    masked_mean,
    masked_sum,
    word_mask,
)
from utils.text.tokens import SPLIT, STANDARDIZE

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


def from_text(config: Config, encoding: Encoding, trained: keras.Model, suffix: str = "") -> keras.Model:
    """The trained network with its vocabulary: (batch,) text to (batch, classes) probabilities.

    Args:
        config: of the network.
        encoding: its vocabulary.
        trained: the network.
        suffix: of the names of the layers, where several networks are one model.

    The text is cleaned (`utils.text.tokens.clean`); its tokens are those of `utils.text.tokens.tokens`.
    """
    text = keras.Input((), dtype="string", name="text")
    words = layers.TextVectorization(
        standardize=STANDARDIZE,
        split=SPLIT,
        ngrams=config.ngrams if is_set(config) else None,
        vocabulary=encoding.entries,
        output_mode="multi_hot" if is_set(config) else "int",
        output_sequence_length=None if is_set(config) else config.words or None,
        name=f"tokens{suffix}",
    )(text)
    if is_set(config):
        outputs = _of_sets(trained)(layers.Rescaling(1.0, name=f"occurs{suffix}")(words))  # as float32
    else:
        outputs = trained(words)
    return keras.Model(text, outputs, name=f"{trained.name}_from_text")


def _of_sets(trained: keras.Model) -> Callable[[Any], Any]:
    """The same function of which entries occur, (batch, entries + 1) of 0 and 1; column 0 is the unknown word.

    The sum of the vectors of the words that occur is a product with the matrix of all vectors. The network was trained
    on known entries only, so that the unknown word is left out: it would count in a mean.
    """
    matrix = trained.get_layer("embedding").get_weights()[0][2:].copy()
    names = [layer.name for layer in trained.layers]
    if "ratios" in names:
        matrix *= trained.get_layer("ratios").get_weights()[0][2:]
    first = layers.Dense(matrix.shape[1], use_bias=False, name="sum")
    rest = [trained.get_layer(name) for name in ("logits", trained.output_names[0]) if name in names]

    def call(found: Any) -> Any:
        columns = layers.Cropping1D((1, 0))(layers.Reshape((len(matrix) + 1, 1))(found))
        found = layers.Flatten()(columns)
        if "shares" in names:
            found = layers.UnitNormalization(axis=-1, name="shares_of_occurring")(found)
        values = first(found)
        first.set_weights([matrix])
        for layer in rest:
            values = layer(values)
        return values

    return call

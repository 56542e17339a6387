"""The network that is trained, two Embedding layers, and the model that is saved: from words to their vectors."""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from labs.word_vectors.config import Config
from utils.text.word_vectors import WordVectors

NEAREST = 10
"""Number of nearest words in the saved model."""


def build(config: Config, words: int) -> keras.Model:
    """The network of word2vec: how probable it is that one word is near another one in the text.

    A word has two vectors: one as the word in the middle, one as a word of its context. The logit of a pair is the
    scalar product of the two. Both inputs are (rows,) int32, rows of the vocabulary; the output is (rows, 1).

    The start is that of word2vec: small random vectors, and zeros for contexts, so that every pair has probability 0.5.

    Source:
        Mikolov, Sutskever, Chen, Corrado and Dean, Distributed Representations of Words and Phrases and their
        Compositionality (2013), section 2.2.
    """
    start = keras.initializers.RandomUniform(-0.5 / config.dimension, 0.5 / config.dimension, seed=config.seed)
    word, context = (keras.Input((), dtype="int32", name=name) for name in ("word", "context"))
    middle = keras.layers.Embedding(words, config.dimension, embeddings_initializer=start, name="word_vectors")(word)
    around = keras.layers.Embedding(words, config.dimension, embeddings_initializer="zeros", name="context_vectors")(
        context
    )
    logit = keras.layers.Dot(axes=-1, name="logit")([middle, around])
    return keras.Model({"word": word, "context": context}, keras.layers.Activation("sigmoid", name="near")(logit))


def exported(found: WordVectors) -> keras.Model:
    """The model that is saved: from rows of the vocabulary, (rows,) int32, to vectors and nearest words.

    After training the nearest words do not change, so that they are a second table instead of a product with all
    vectors. Outputs: `vector` (rows, dimension) float32; `nearest` (rows, 10), rows of the vocabulary, the nearest
    first; `cosine` (rows, 10) float32.
    """
    nearest, cosines = nearest_words(found)
    word = keras.Input((), dtype="int32", name="word")
    return keras.Model(
        word,
        {
            "vector": _table(found.vectors, "vector")(word),
            "nearest": _table(nearest, "nearest", dtype="int32")(word),
            "cosine": _table(cosines, "cosine")(word),
        },
    )


def _table(rows: NDArray[np.generic], name: str, dtype: str = "float32") -> keras.layers.Embedding:
    layer = keras.layers.Embedding(*rows.shape, embeddings_initializer="zeros", trainable=False, name=name, dtype=dtype)
    layer.build()
    layer.set_weights([rows])
    return layer


def nearest_words(found: WordVectors) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The nearest words of every word, without the word itself: rows (words, 10) and their cosines."""
    own = [[row] for row in range(len(found))]
    return found.nearest(found.vectors, min(NEAREST, len(found) - 1), own)

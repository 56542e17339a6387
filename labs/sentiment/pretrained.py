"""An embedding that starts from word vectors: those of a run of the lab on word vectors, or of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from labs.sentiment.config import Config
from labs.sentiment.encoding import FIRST, Encoding, is_set
from utils.base.console import say
from utils.base.errors import CallerError
from utils.text.word_vectors import VECTORS, WordVectors, normalized, read_word_vectors

if TYPE_CHECKING:
    import keras

EMBEDDING = "embedding"
"""The layer that starts from the vectors."""


def source(config: Config) -> Path:
    """The file of the word vectors that `--vectors` names; it is not read.

    Raises:
        CallerError: there are none, or the network does not look up words one by one.
    """
    place = config.vectors
    assert place is not None, "see `Config.vectors`"
    if is_set(config) or config.ngrams > 1 or config.members:
        raise CallerError(
            "--vectors needs a network with one vector per word",
            "choose --network average, lstm, gru, bilstm, cnn or attention, without --ngrams and --members",
        )
    path = place / VECTORS if place.is_dir() else place
    if not path.is_file():
        hint = "give a run of labs.word_vectors, or a file in the format of word2vec or GloVe"
        raise CallerError(f"--vectors {place}: there are no word vectors", hint)
    return path


def vectors_of(config: Config) -> WordVectors:
    """The word vectors that `--vectors` names; errors as of `source`, and of `read_word_vectors`."""
    return read_word_vectors(source(config))


def start(network: keras.Model, encoding: Encoding, found: WordVectors) -> None:
    """Set the rows of the embedding to the vectors, at length one; words without a vector keep their random start."""
    layer = network.get_layer(EMBEDDING)
    (table,) = layer.get_weights()
    known = [(row, word) for row, word in enumerate(encoding.entries, FIRST) if word in found]
    if not known:
        raise CallerError("--vectors: they have no word of the reviews", "give vectors of words of the same language")
    rows = np.array([row for row, _ in known])
    table[rows] = normalized(found.of([word for _, word in known]))
    layer.set_weights([table])
    say(f"vectors: {len(known):,} of {len(encoding.entries):,} words start from word vectors")

"""The vectors of others: gensim, trained on the same text, and GloVe 6B, trained on 6 billion words."""

from __future__ import annotations

from typing import Any

import numpy as np

from labs.word_vectors.config import Config
from labs.word_vectors.data import Text
from utils.datasets.catalog import find
from utils.datasets.obtain import fetch
from utils.text.word_vectors import Vectors, WordVectors


class Sentences:
    """The rows of a text as lists of words, for gensim, which reads them once per epoch.

    gensim cuts texts of more than 10,000 words; the rows of the lab are shorter or lines.
    """

    def __init__(self, text: Text) -> None:
        self._text = text
        self._words = np.array(text.words, dtype=object)

    def __iter__(self) -> Any:
        rows = self._text.rows
        return (self._words[rows[row]].tolist() for row in range(len(rows)))


def gensim_vectors(config: Config, text: Text) -> Vectors:
    """Train gensim's Word2Vec in one thread with the settings of the config, (words, dimension) float32.

    Only the seed, the epochs, the vectors and the learning rate are the same, not the order of the text: gensim reads
    it from the beginning to the end.
    """
    from gensim.models import Word2Vec

    model = Word2Vec(
        Sentences(text),
        sg=int(config.model == "skip_gram"),
        vector_size=config.dimension,
        window=config.window,
        negative=config.negatives,
        ns_exponent=config.power,
        sample=config.sample,
        alpha=config.learning_rate or 0.025,
        epochs=config.epochs,
        min_count=1,
        workers=1,
        seed=config.seed,
    )
    found: Vectors = np.stack([model.wv[word] for word in text.words]).astype(np.float32)
    return found


def glove_vectors(text: Text) -> Vectors:
    """GloVe 6B for the words of a text, (words, 50) float32; zeros for a word that it does not have."""
    import fastparquet

    embeddings, index = fetch(find("glove-6b-50d")).paths
    with index.open("rb") as file:
        words = tuple(map(str, fastparquet.ParquetFile(file).to_pandas()["index"]))
    return WordVectors(words, np.load(embeddings, allow_pickle=False).astype(np.float32)).of(text.words)

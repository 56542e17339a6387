"""All vectors of a run: those of word2vec, of counting, and of others if they are wanted."""

from __future__ import annotations

import time
from collections.abc import Callable

import keras
import numpy as np

from labs.word_vectors.compared.counts import ppmi_svd
from labs.word_vectors.compared.peers import gensim_vectors, glove_vectors
from labs.word_vectors.config import Config
from labs.word_vectors.data import Text
from utils.text.word_vectors import Vectors, WordVectors, normalized


def compare(
    config: Config, text: Text, network: keras.Model, seconds: dict[str, float]
) -> tuple[WordVectors, dict[str, WordVectors], dict[str, float]]:
    """The vectors of a run, and those that they are compared with, all of the words of the text.

    Args:
        config: the hyperparameters.
        text: that the network was trained on.
        network: of `model.build`, trained.
        seconds: of the training.

    Returns:
        The vectors of the run; the others by name (`word2vec` where those of the run are joined with counting); and
        seconds with `compare`, and `<name>_cpu` for each method.
    """
    start, found = time.perf_counter(), dict(seconds)
    others: dict[str, Vectors] = {}

    def measure(name: str, method: Callable[[], Vectors]) -> None:
        before = time.process_time()
        others[name] = method()
        found[f"{name}_cpu"] = time.process_time() - before

    measure("ppmi_svd", lambda: counted(config, text))
    if config.gensim:
        measure("gensim", lambda: gensim_vectors(config, text))
    if config.glove:
        measure("glove_6b", lambda: glove_vectors(text))
    vectors = of_run(config, network, others["ppmi_svd"])
    if config.counts_weight:
        others = {"word2vec": trained(network), **others}
    found["compare"] = time.perf_counter() - start
    return (
        WordVectors(text.words, vectors),
        {name: WordVectors(text.words, each) for name, each in others.items()},
        found,
    )


def trained(network: keras.Model) -> Vectors:
    """The word vectors of a network of `model.build`, (words, dimension) float32."""
    vectors: Vectors = network.get_layer("word_vectors").get_weights()[0]
    return vectors


def of_run(config: Config, network: keras.Model, counts: Vectors | None) -> Vectors:
    """The vectors of a run: those of word2vec, joined with those of counting where the config asks for it."""
    if not config.counts_weight:
        return trained(network)
    assert counts is not None, "they are needed"
    return joined(trained(network), counts, config.counts_weight)


def counted(config: Config, text: Text) -> Vectors:
    """The vectors of counting, (words, counts_dimension) float32; see `ppmi_svd`."""
    return ppmi_svd(
        text.rows,
        len(text.words),
        window=config.counts_window,
        dimension=min(config.counts_dimension, len(text.words) - 1),
        power=config.counts_power,
    )


def joined(word2vec: Vectors, counts: Vectors, weight: float) -> Vectors:
    """Both vectors of each word, one after the other: the cosine is then the weighted mean of both cosines.

    Args:
        word2vec: (words, dimension), taken at length one.
        counts: (words, counts_dimension), taken at length `weight`.
        weight: of counting relative to word2vec; the weights of the two cosines are 1 and its square.
    """
    return np.hstack([normalized(word2vec), np.float32(weight) * normalized(counts)])

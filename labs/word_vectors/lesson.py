"""What the notebook uses of this lab, under one name: training, and the comparison with counting."""

from __future__ import annotations

from typing import Any

import keras
import pandas as pd

from labs.word_vectors import lab as of_lab
from labs.word_vectors import model
from labs.word_vectors.compared import methods
from labs.word_vectors.config import Config
from labs.word_vectors.data import Text
from labs.word_vectors.word2vec import training
from utils.text.word_vectors import WordVectors
from utils.training.results import Row, silent

__all__ = ["quality", "trained"]


def trained(config: Config, text: Text) -> tuple[keras.Model, list[Row]]:
    """The network after all epochs, whose layer `word_vectors` has the vectors, and one row per epoch."""
    keras.utils.set_random_seed(config.seed)
    network = model.build(config, len(text.words))
    history, _ = training.train(config, text, network, silent)
    return network, history


def quality(config: Config, text: Text, network: keras.Model) -> pd.DataFrame:
    """The metrics of the vectors of a network and of those of counting, on all covered questions, by method."""
    found, others, _ = methods.compare(config, text, network, {})
    rows: dict[str, Any] = {"word2vec": found, "counting": others["ppmi_svd"]}
    return pd.DataFrame({name: _values(each, text) for name, each in rows.items()}).T


def _values(found: WordVectors, text: Text) -> dict[str, float]:
    evaluated, _ = of_lab.evaluate(found, {}, text)
    return {name: score["value"] for name, score in evaluated["metrics"]["all"].items()}

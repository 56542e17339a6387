"""The embedding of the sentiment lab that starts from word vectors, and training on fewer rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from labs.sentiment.data import encoding
from labs.sentiment.encoding import FIRST
from labs.sentiment.lab import lab
from tests.conftest import Refused
from utils.base.errors import CallerError
from utils.text.word_vectors import WordVectors, write_word_vectors

SMALL = ("--data", "rotten-tomatoes", "--network", "average")


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    path = tmp_path / "vectors.txt"
    write_word_vectors(path, WordVectors(("good", "bad", "qqq"), np.array([[3, 4, 0], [0, 0, 2], [1, 1, 1]], "f4")))
    return path


def test_the_embedding_starts_from_the_vectors(vectors: Path) -> None:
    config = replace(lab.preset("quick", "rotten-tomatoes"), vectors=vectors, train_rows=500)
    splits = lab.splits(config)
    assert len(splits.train) == 500
    assert np.bincount(splits.train.targets).tolist() == [250, 250]
    table = lab.build(config, splits).get_layer("embedding").get_weights()[0]
    entries = encoding(splits).entries
    assert table.shape == (len(entries) + FIRST, 3)
    np.testing.assert_allclose(table[entries.index("good") + FIRST], [0.6, 0.8, 0], atol=1e-6)
    np.testing.assert_allclose(table[entries.index("bad") + FIRST], [0, 0, 1], atol=1e-6)
    other = np.delete(np.arange(len(table)), [entries.index("good") + FIRST, entries.index("bad") + FIRST])
    assert np.abs(table[other]).max() < 0.1, "words without a vector start at random, near zero"


def test_vectors_of_other_words_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    write_word_vectors(path, WordVectors(("qqq",), np.ones((1, 3), "f4")))
    config = replace(lab.preset("quick", "rotten-tomatoes"), vectors=path)
    with pytest.raises(CallerError, match="no word of the reviews"):
        lab.build(config, lab.splits(config))


def test_mistakes_are_refused(refused: Refused, vectors: Path, tmp_path: Path) -> None:
    error, hint = refused(*SMALL, "--vectors", tmp_path, lab="sentiment")
    assert "there are no word vectors" in error
    assert "labs.word_vectors" in hint
    error, hint = refused("--data", "rotten-tomatoes", "--network", "wide", "--vectors", vectors, lab="sentiment")
    assert "one vector per word" in error
    assert "average" in hint
    assert "there are" in refused(*SMALL, "--train-rows", "1000000", lab="sentiment")[0]

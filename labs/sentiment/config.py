"""The hyperparameters and presets of the sentiment lab."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.config import (
    STRICT,
    BaseConfig,
    Count,
    Few,
    Natural,
    NonNegative,
    Optimization,
    Positive,
    Rate,
    Schedule,
    Splitting,
    Width,
)

TITLE = "Movie reviews: is a text negative or positive, and which words decide it"
COMMANDS = {"predict": "labs.sentiment.predict:Predict"}
DATA_FILES = (".csv", ".tsv")
"""Endings of the files that `--data` may name."""

Network = Literal["course-mlp", "average", "lstm", "gru", "bilstm", "cnn", "attention", "wide"]
Pooling = Literal["last", "mean", "max"]
Split = Literal["blocks", "random"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, BaseConfig):
    """The hyperparameters of the sentiment lab; the defaults are near the course's recurrent network."""

    text_column: str = "text"
    """The column of the texts, where --data is a CSV file."""
    label_column: str = "label"
    """The column of the labels, where --data is a CSV file; two or more classes."""
    split: Split = "blocks"
    """Hold out the last rows of each class, or random rows; in a file sorted by movie random rows leak."""
    network: Network = "lstm"
    """Udacity's two networks are course-mlp and lstm; average is fastText's, cnn that of Kim (2014)."""
    words: Natural = 400
    """Number of words of a text that the network is given, its first ones; the course takes 200. 0 takes all."""
    vocabulary: Count = 20_000
    """Largest number of words, or of n-grams, in the vocabulary."""
    min_count: Count = 5
    """Smallest number of times that a word of the vocabulary occurs in the training texts."""
    polarity: NonNegative = 0.0
    """Leave out words whose log-count ratio of positive and negative is closer to 0; course-mlp's polarity cut-off."""
    ngrams: Few = 1
    """Number of words of the longest n-gram that average and wide look up."""
    train_rows: Natural = 0
    """Number of training texts, spread over the training split; 0 takes all. To see what fewer labels cost."""
    vectors: Path | None = None
    """A run of the lab word_vectors, or a file of word vectors, from which the embedding starts; it has their width."""
    embedding: Width = 32
    """Width of the learned vector of a word; the course has 400."""
    units: Width = 32
    """Units of each recurrent layer, filters per width of the cnn, hidden units of course-mlp; the course has 256."""
    layers: Count = 1
    """Number of recurrent layers; the course has two, which take twice as long."""
    pooling: Pooling = "max"
    """What the prediction of a recurrent network is made from: the last state, as in the course, or the mean or the
    maximum of all states, which learns from the first epoch on."""
    heads: Count = 4
    """Number of heads of the attention block."""
    dropout: Rate = 0.3
    """Fraction of the outputs of a layer set to zero in training; the course has 0.5 with many more units."""
    word_dropout: Rate = 0.3
    """Fraction of the words of a text that are replaced by the unknown word in training (Iyyer et al. 2015)."""
    clip: Positive = 5.0
    """Largest norm of the gradient, as in the course."""
    members: tuple[Network, ...] = ()
    """Networks whose probabilities are averaged, each with the settings of its preset; empty for --network alone."""
    refit: bool = False
    """Train the members again on training and validation texts, with the epochs and weights chosen on validation."""
    epochs: Count = 3
    """Largest number of passes over the training texts; the course has 4."""
    batch_size: Count = 100
    """Texts per gradient step; the course has 50, for which a step takes nearly as long."""
    learning_rate: Positive = 4e-3
    """Step size of the optimizer; the course has 0.001, for many more steps."""
    schedule: Schedule = "cosine"
    """Learning rate over the epochs: constant, as in the course, or decaying to zero along a cosine."""


WIDE: dict[str, Any] = {
    "network": "wide",
    "ngrams": 3,
    "words": 0,
    "vocabulary": 400_000,
    "min_count": 2,
    "dropout": 0.0,  # dropped words or n-grams made the validation loss higher
    "word_dropout": 0.0,
    "epochs": 3,
    "batch_size": 64,
    # Plain gradient descent from zero stays near the smallest weights that fit; Adam gives rare n-grams larger ones.
    "optimizer": "sgd",
    "learning_rate": 1.0,
    "schedule": "cosine",
}
AVERAGE: dict[str, Any] = {
    "network": "average",
    "words": 0,
    "embedding": 32,
    "dropout": 0.5,
    "epochs": 6,
    "batch_size": 50,
    "learning_rate": 2e-3,
    "schedule": "constant",
}
# With pairs of words the order of neighbours counts, as in fastText: "not good". One pass nearly suffices.
PAIRS: dict[str, Any] = {
    **AVERAGE,
    "ngrams": 2,
    "vocabulary": 100_000,
    "min_count": 3,
    "word_dropout": 0.1,
    "epochs": 2,
    "learning_rate": 3e-3,
    "schedule": "cosine",
}
# Udacity's hand-written network; it trains on one review at a time.
COURSE_MLP: dict[str, Any] = {
    "network": "course-mlp",
    "words": 0,
    "min_count": 20,
    "polarity": 0.05,
    "units": 10,
    "dropout": 0.0,
    "word_dropout": 0.0,
    "schedule": "constant",
    "epochs": 4,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "batch_size": 16,
}
ATTENTION: dict[str, Any] = {
    **AVERAGE,
    "network": "attention",
    "words": 400,  # scores of all pairs of words: twice as many words take four times as long
    "heads": 1,
    "word_dropout": 0.1,
    "epochs": 1,  # the validation loss rises afterwards
    "batch_size": 16,
    "schedule": "cosine",
}
# As published: a random tenth. Its sentences have no known order.
SENTENCES: dict[str, Any] = {"split": "random", "test_fraction": 0.1, "words": 0, "min_count": 2}

PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {**AVERAGE, "epochs": 2, "learning_rate": 5e-3, "words": 200, "vocabulary": 10_000, "embedding": 16},
    "best": {"members": ("wide", "average"), "refit": True},
    "wide": WIDE,
    "average": PAIRS,
    "average-words": AVERAGE,
    "attention": ATTENTION,
    "course-mlp": COURSE_MLP,
    **{f"{name}/rotten-tomatoes": SENTENCES for name in ("best", "attention", "course-mlp")},
    "course/rotten-tomatoes": {**SENTENCES, "words": 50},
    "quick/rotten-tomatoes": {**SENTENCES, "vocabulary": 5_000},
    # A sentence has a tenth of the words of a review: the gradients are smaller.
    "wide/rotten-tomatoes": {**SENTENCES, "min_count": 1, "learning_rate": 3.0, "epochs": 4},
    "average/rotten-tomatoes": {**SENTENCES, "epochs": 4},
}

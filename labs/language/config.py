"""The hyperparameters and presets of the language lab."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.config import (
    STRICT,
    BaseConfig,
    Count,
    Few,
    Fraction,
    Natural,
    NonNegative,
    Positive,
    Rate,
    Schedule,
    Share,
    StableOptimization,
    Width,
)

TITLE = "Writing text: networks that predict the next token of a text, compared with n-grams"
COMMANDS = {
    "write": "labs.language.commands.write:Write",
    "adapt": "labs.language.commands.adapt:Adapt",
    "induction": "labs.language.commands.induction:Induction",
}
DATA_FILES = ("*",)
"""Endings of the files that `--data` may name: any text."""

Tokens = Literal["characters", "words", "bpe"]
Network = Literal["simple-rnn", "lstm", "gru", "transformer"]
Positions = Literal["rotary", "learned", "sinusoidal", "alibi", "none"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(StableOptimization, BaseConfig):
    """The hyperparameters of the language lab; the defaults are those of Udacity's project on TV scripts, smaller."""

    tokens: Tokens = "words"
    """What a text is divided into; the course takes words, with punctuation marks and ends of lines as words."""
    vocabulary: Count = 20_000
    """Largest number of words, or number of tokens of bpe; characters take all that occur in training."""
    min_count: Count = 2
    """Smallest number of times that a word of the vocabulary occurs in training; the course takes every word, and so
    cannot read others."""
    network: Network = "lstm"
    """The network; the course takes lstm."""
    layers: Count = 1
    """Number of recurrent layers, or of blocks of the transformer; the course has two recurrent layers."""
    units: Width = 256
    """Units of each recurrent layer, or width of the transformer."""
    embedding: Few | Width = 128
    """Width of the learned vector of a token for recurrent networks, 0 for one-hot; the transformer's is `units`."""
    heads: Count = 4
    """Number of attention heads of each block of the transformer; `units` is divisible by it."""
    positions: Positions = "rotary"
    """How the transformer knows the order of tokens (Su et al. 2021; Vaswani et al. 2017; Press et al. 2022)."""
    query_key_norm: bool = True
    """Normalize queries and keys of the transformer, which permits larger steps (Henry et al. 2020)."""
    tied: bool = False
    """Use the embedding for the output layer, too (Press and Wolf 2017); its width is then `units`."""
    length: Count = 10
    """Tokens per training window, and the context of the transformer; the course takes 10 words."""
    epochs: Count = 2
    """Number of passes over the training text; the course has 20 or more on a GPU."""
    batch_size: Count = 32
    """Windows per gradient step; the course has 128 and so fewer steps, which learn less from a short text."""
    learning_rate: Positive = 3e-3
    """Step size of the optimizer; the course has 0.001 without a schedule."""
    schedule: Schedule = "cosine"
    """Learning rate over the epochs: constant, as in the course, or decaying to zero along a cosine."""
    clip: NonNegative = 1.0
    """Largest norm of the gradient of all weights; the course has 5 where it clips."""
    dropout: Rate = 0.2
    """Fraction of the outputs of a layer set to zero in training; the course has 0.5 with more units and epochs."""
    restore_best_weights: bool = True
    """Keep the weights of the epoch with the lowest validation loss."""
    refit: bool = False
    """Train on the validation text, too, as published results on tiny Shakespeare do and as the n-grams are fitted; the
    validation metrics are then no longer of held-out text."""
    test_fraction: Fraction = 0.1
    """Fraction of the text that is the test split: its end, or whole plays."""
    validation_fraction: Fraction = 0.1
    """Fraction of the text that is the validation split: what is before the test split, or whole plays."""
    ngram: Few = 0
    """Number of tokens of the longest n-gram that is compared; 0 takes 8 characters, or 5 words or byte pairs."""
    written: Natural = 8
    """Number of texts that are generated after training and compared with the training text."""
    characters: Count = 500
    """Length of each of those texts."""
    temperature: Positive = 1.0
    """Temperature of those texts: lower values make probable tokens more probable."""
    top_k: Natural = 5
    """Draw from the k most probable tokens only, as in the course; 0 draws from all."""
    top_p: Share = 1.0
    """Draw only from the most probable tokens that together have this probability."""


CHARACTERS: dict[str, Any] = {"tokens": "characters", "top_k": 0, "temperature": 0.8, "dropout": 0.0}
# All but the last tenth is trained on.
REFIT: dict[str, Any] = {"refit": True, "restore_best_weights": False}

# A million words: a transformer learns more from each of them than an LSTM. The vocabulary is that of the usual
# comparisons of language models on words (Mikolov et al. 2010); most of the time goes into the softmax over it.
SCRIPTS: dict[str, Any] = {
    "tokens": "words",
    "vocabulary": 10_000,
    "layers": 3,
    "length": 64,
    "dropout": 0.15,
    "warm_up": 0.03,
    "temperature": 1.0,
}
# Few words: an LSTM, with one matrix for embedding and output and much dropout. A transformer overfits sooner.
FEW_WORDS: dict[str, Any] = {
    "tokens": "words",
    "vocabulary": 10_000,
    "network": "lstm",
    "layers": 1,
    "units": 256,
    "tied": True,
    "length": 35,
    "batch_size": 20,
    "dropout": 0.5,
    "optimizer": "adamw",
    "learning_rate": 3e-3,
    "weight_decay": 0.01,
    "warm_up": 0.0,
    "epochs": 30,
    "temperature": 1.0,
}

PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {
        **CHARACTERS,
        "epochs": 1,
        "units": 64,
        "embedding": 32,
        "length": 64,
        "batch_size": 64,
        "learning_rate": 1e-2,
        "ngram": 5,
        "written": 2,
        "characters": 200,
    },
    # A fair baseline of the transformer: the same CPU time.
    "lstm": {
        **CHARACTERS,
        **REFIT,
        "network": "lstm",
        "length": 100,
        "batch_size": 16,
        "embedding": 64,
        "epochs": 2,
        "learning_rate": 1e-2,
    },
    "transformer": {
        **CHARACTERS,
        **REFIT,
        "network": "transformer",
        "layers": 5,
        "units": 128,
        "length": 64,
        "batch_size": 16,
        "epochs": 1,
        "optimizer": "muon",
        "learning_rate": 0.02,
        "warm_up": 0.03,
    },
    "best": {
        **REFIT,
        "tokens": "bpe",
        "vocabulary": 1024,
        "network": "transformer",
        "layers": 4,
        "units": 192,
        "heads": 6,
        "length": 128,
        "batch_size": 16,
        "dropout": 0.15,
        "epochs": 8,
        "optimizer": "muon",
        "learning_rate": 0.02,
        "warm_up": 0.02,
        "temperature": 0.8,
        "top_k": 0,
    },
    # Udacity's networks for TV scripts.
    "course/seinfeld": {"epochs": 1},
    **{f"course/{name}": {"epochs": 1, "vocabulary": 10_000} for name in ("plays", "anna")},
    "course/moes-tavern": {"epochs": 10},
    "best/seinfeld": {**SCRIPTS, "epochs": 4},
    "best/plays": {**SCRIPTS, "epochs": 3},
    "best/moes-tavern": FEW_WORDS,
    "best/anna": {"epochs": 6},
}

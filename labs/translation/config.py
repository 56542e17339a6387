"""The hyperparameters and presets of the translation lab."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from utils.base.config import (
    STRICT,
    BaseConfig,
    Count,
    Few,
    Fraction,
    NonNegative,
    Optimization,
    Positive,
    Rate,
    Schedule,
    Splitting,
    Width,
)

TITLE = "One sequence into another: dates, numbers and sentences, by an encoder and a decoder with attention"
COMMANDS = {"translate": "labs.translation.translate:Translate"}
DATA_FILES = (".tsv", ".txt")
"""Endings of the files of pairs that `--data` may name: two columns with a tab between them."""

Network = Literal["plain", "dot", "additive", "transformer"]
Encoder = Literal["bidirectional", "forward", "convolutional"]
Tokens = Literal["characters", "words", "subwords"]
Language = Literal["en", "de", "fr"]
Beams = Annotated[int, Field(ge=1, le=100)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, BaseConfig):
    """The hyperparameters of the translation lab; the defaults translate dates."""

    pairs: Count = 10_000
    """Number of pairs of a generated data set, before equal ones are left out."""
    source: Language = "de"
    """Language that multi30k is translated from."""
    target: Language = "en"
    """Language that multi30k is translated into; numbers are always English and French."""
    lower_case: bool = False
    """Translate in lower case, as results on multi30k are often published."""
    longest: Annotated[int, Field(ge=1, le=2000)] = 200
    """Largest number of tokens of a text; longer pairs are left out, which is reported."""
    tokens: Tokens = "characters"
    """What a token is: a character, a word, or a subword (byte-pair encoding)."""
    min_count: Count = 2
    """Smallest number of times that a word of the vocabulary occurs in the training texts, with words."""
    merges: Few | Count = 4000
    """Number of merges of the byte-pair encoding, which is learned from both sides of the training pairs."""
    network: Network = "dot"
    """plain passes one vector from encoder to decoder, as Udacity's course; dot is Luong's attention, additive
    Bahdanau's."""
    encoder: Encoder = "bidirectional"
    """How the source is read: by LSTM layers in both directions or forward only, or by convolutions; not used by the
    transformer."""
    embedding: Width = 48
    """Width of the learned vector of a token; of a transformer also that of its layers."""
    tied: bool = False
    """Use the same vectors for source, target and output, with subwords: rare tokens are learned from all three."""
    units: Width = 64
    """Units of each LSTM layer and direction, filters of each convolution."""
    layers: Count = 1
    """Number of layers of the encoder and of the decoder."""
    heads: Count = 4
    """Number of heads of each attention of a transformer."""
    label_smoothing: Rate = 0.0
    """Fraction of each target that is distributed evenly over all tokens in training."""
    averaging: Rate = 0.0
    """Momentum of the moving average of the weights that is kept after training (Polyak and Juditsky 1992); 0 keeps
    the last weights."""
    beams: Beams = 1
    """Number of hypotheses of the beam search by which the test pairs are translated; 1 is greedy decoding."""
    length_penalty: NonNegative = 0.6
    """Exponent of the length by which scores of the beam search are divided (Wu et al. 2016); 0 prefers short
    translations."""
    epochs: Count = 4
    """Number of passes over the training pairs."""
    batch_size: Count = 64
    """Pairs per gradient step, of similar length."""
    learning_rate: Positive = 8e-3
    """Step size of the optimizer at the beginning."""
    schedule: Schedule = "cosine"
    """Learning rate over the epochs: constant, or decaying to zero along a cosine."""
    clip: Positive = 1.0
    """Largest norm of the gradient; steeper ones are scaled down (Pascanu et al. 2013)."""
    restore_best_weights: bool = False
    """Keep the weights of the epoch with the lowest validation loss; the cosine schedule makes this unnecessary."""
    test_fraction: Fraction = 0.1
    """Fraction of the groups of pairs held out for the test split, where there is no official one."""
    validation_fraction: Fraction = 0.1
    """Fraction of the rest held out for validation."""


# Words are rarely seen twice: subwords, and every way to generalize better.
SENTENCES: dict[str, Any] = {
    "lower_case": True,
    "tokens": "subwords",
    "merges": 3000,
    "tied": True,
    "embedding": 192,
    "units": 256,
    "dropout": 0.2,
    "label_smoothing": 0.1,
    "beams": 5,
    "length_penalty": 1.0,
    "epochs": 6,
    "learning_rate": 2e-3,
}
# Whole words and a small network, for a first look.
WORDS: dict[str, Any] = {
    "lower_case": True,
    "tokens": "words",
    "min_count": 5,
    "embedding": 64,
    "units": 128,
    "dropout": 0.2,
    "epochs": 3,
    "learning_rate": 4e-3,
}
LETTERS: dict[str, Any] = {"pairs": 20_000, "embedding": 32}
# Where a letter belongs depends on all others: self-attention learns it, a recurrent network hardly does.
SORTED: dict[str, Any] = {
    "pairs": 20_000,
    "network": "transformer",
    "embedding": 64,
    "epochs": 12,
    "learning_rate": 4e-3,
}
REVERSED: dict[str, Any] = {**LETTERS, "units": 96, "epochs": 5}
LONG: dict[str, Any] = {**LETTERS, "units": 128, "epochs": 5}

PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {"pairs": 2500, "embedding": 32, "learning_rate": 1e-2, "batch_size": 32},
    "best": {"pairs": 20_000, "units": 128, "embedding": 64, "epochs": 5, "learning_rate": 6e-3},
    "course/numbers": LONG,
    "best/numbers": {**LONG, "epochs": 8},
    "course/reverse": REVERSED,
    "best/reverse": {**REVERSED, "units": 128, "epochs": 10},
    **{f"{name}/sort": SORTED for name in ("course", "best")},
    **{f"{name}/seq2seq-letters": {**SORTED, "dropout": 0.1, "epochs": 20} for name in ("course", "best")},
    "quick/multi30k": {**WORDS, "min_count": 50, "units": 32, "epochs": 1},
    "course/multi30k": WORDS,
    "best/multi30k": SENTENCES,
}

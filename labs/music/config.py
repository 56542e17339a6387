"""The hyperparameters and presets of the music lab."""

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
    Optimization,
    Positive,
    Rate,
    Schedule,
    Splitting,
    Width,
)

TITLE = "Irish tunes, character by character: a recurrent network that writes ABC notation"
COMMANDS = {"generate": "labs.music.generate:Generate", "play": "labs.music.sound.play:Play"}

Instrument = Literal["string", "flute"]
"""What a tune is played on."""


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, BaseConfig):
    """The hyperparameters of the music lab; the defaults are those of the course, but for size and schedule."""

    epochs: Count = 4
    """Largest number of passes over the training tunes; the course trains on 3,000 random batches."""
    batch_size: Count = 16
    """Windows per gradient step; the course uses 8."""
    learning_rate: Positive = 5e-3
    """Step size of the optimizer, as in the course."""
    restore_best_weights: bool = False
    """Keep the weights of the epoch with the lowest validation loss; the cosine schedule makes this unnecessary."""
    length: Count = 100
    """Characters per window, as in the course."""
    from_beginnings: bool = False
    """Start a window at the beginning of every tune, so that it contains key and metre; the course cuts anywhere."""
    embedding: Few | Width = 256
    """Width of the learned embedding of a character, as in the course; 0 is one-hot encoding."""
    layers: Count = 1
    """Number of LSTM layers, as in the course."""
    units: Width = 256
    """Units of each LSTM layer; the preset mit has the course's 1,024."""
    memory: Natural = 0
    """Largest number of characters that cells remember when training starts; 0 is Keras's default, as in the course."""
    dropout: Rate = 0.0
    """Fraction of the outputs of each LSTM layer set to zero in training; the course has none."""
    transpositions: Rate = 0.0
    """Fraction of the tunes that are transposed to another key of their mode in each epoch; the course has none."""
    schedule: Schedule = "cosine"
    """Learning rate over the epochs: constant, as in the course, or decaying to zero along a cosine."""
    tunes: Count = 200
    """Number of tunes that are generated and evaluated after training."""
    temperature: Positive = 0.9
    """Temperature of those tunes: lower values give more correct bars and copy more from the training tunes."""
    test_fraction: Fraction = 0.1
    """Fraction of the families of tunes held out for the test split."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {"epochs": 1, "units": 64, "embedding": 32, "tunes": 10},
    "mit": {"units": 1024, "batch_size": 8, "epochs": 6, "schedule": "constant", "restore_best_weights": True},
    # Key and metre are at the beginning of a tune: longer windows relate more notes to them.
    "best": {
        "epochs": 12,
        "batch_size": 8,
        "length": 256,
        "embedding": 64,
        "units": 512,
        "dropout": 0.4,
        "transpositions": 0.5,
        "learning_rate": 4e-3,
        # More bars are correct than at 0.9; at lower temperatures tunes copy longer passages than validation tunes do.
        "temperature": 0.8,
    },
}

"""The hyperparameters and presets of the music lab."""

from __future__ import annotations

from typing import Any

from pydantic.dataclasses import dataclass

from utils.base.config import (
    STRICT,
    Config,
    Count,
    Few,
    Fraction,
    Natural,
    OptimizerName,
    Positive,
    Rate,
    Schedule,
    Seed,
    Width,
)


@dataclass(frozen=True, kw_only=True, config=STRICT)
class MusicConfig(Config):
    """The hyperparameters of the music lab; the defaults are the course's, but for size and schedule."""

    epochs: Count = 4
    """Passes over the training tunes, at most; the course takes 3,000 batches at random."""
    batch_size: Count = 16
    """Windows a gradient step; the course has 8."""
    learning_rate: Positive = 5e-3
    """Step size of the optimizer, as in the course."""
    restore_best_weights: bool = False
    """The cosine ends where it should, so validation chooses nothing."""
    length: Count = 100
    """Characters a window, as in the course."""
    from_beginnings: bool = False
    """Every tune begins a window, and so is seen with its key and metre; the course cuts windows anywhere."""
    embedding: Few | Width = 256
    """Width of a learned vector for each character, as in the course; 0 is one-hot."""
    layers: Count = 1
    """Of LSTM, as in the course."""
    units: Width = 256
    """Of each LSTM layer; the course's 1,024 are in the preset mit."""
    memory: Natural = 0
    """Characters that the cells keep what they hold at first, at most; 0 is Keras's own start, as in the course."""
    dropout: Rate = 0.0
    """Share of each LSTM layer's outputs that is zeroed in training; the course has none."""
    transpositions: Rate = 0.0
    """Share of the tunes that each epoch sees in another key of their mode; the course has none."""
    optimizer: OptimizerName = "adam"
    """As in the course."""
    schedule: Schedule = "cosine"
    """The learning rate over the epochs: as it is, as in the course, or falling to zero along a cosine."""
    tunes: Count = 200
    """Tunes that are made and judged after training."""
    temperature: Positive = 0.9
    """Of those tunes: below 1 the likely characters become likelier; more bars are right, and more is copied."""
    test_fraction: Fraction = 0.1
    """Of the families of tunes, held out to judge."""
    validation_fraction: Fraction = 0.1
    """Of the rest, to watch."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same tunes."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {"epochs": 1, "units": 64, "embedding": 32, "tunes": 10},
    "mit": {"units": 1024, "batch_size": 8, "epochs": 6, "schedule": "constant", "restore_best_weights": True},
    # Key and metre stand at the beginning of a tune: longer windows show more of what they have to do with the notes.
    "best": {
        "epochs": 12,
        "batch_size": 8,
        "length": 256,
        "embedding": 64,
        "units": 512,
        "dropout": 0.4,
        "transpositions": 0.5,
        "learning_rate": 4e-3,
        # More bars are right than at 0.9; still lower, tunes copy longer runs than validation tunes do.
        "temperature": 0.8,
    },
}

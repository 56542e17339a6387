"""The hyperparameters and presets of the classification lab."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation
from utils.base.config import (
    STRICT,
    Activation,
    Config,
    Count,
    Few,
    Fraction,
    Natural,
    OptimizerName,
    Rate,
    Schedule,
    Seed,
    Side,
    Width,
)

Network = Literal["mlp", "cnn", "subclassed"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class ClassificationConfig(Config, Augmentation):
    """The hyperparameters of the classification lab; the defaults are the course's."""

    epochs: Count = 30
    """Passes over the training split, at most; the course's notebook on validation has 30."""
    batch_size: Count = 64
    """Rows a gradient step, as in the course."""
    patience: Natural = 5
    """Epochs without a better validation loss before training stops, as in the course; 0 trains them all."""
    network: Network = "mlp"
    """mlp is a Sequential, cnn is written with the functional API, subclassed is the mlp as a subclass."""
    layers: Few = 3
    """Hidden layers of the mlp, each half as wide as the one before, as in the course; 0 is softmax regression."""
    units: Width = 256
    """Width of the mlp's first hidden layer, as in the course."""
    filters: Width = 24
    """Of the cnn's first convolution; each further block has twice as many."""
    activation: Activation = "relu"
    """Of the hidden layers, as in the course."""
    dropout: Rate = 0.2
    """Share of each hidden layer's outputs that is zeroed in training, as in the course; of the cnn's last layer."""
    embedding: Few = 0
    """Width of a learned vector for each level of a categorical column; 0 is one-hot."""
    optimizer: OptimizerName = "adam"
    """As in the course."""
    schedule: Schedule = "constant"
    """The learning rate over the epochs: as it is, or falling to zero along a cosine."""
    label_smoothing: Rate = 0.0
    """Share of each target that is spread over all classes (Szegedy et al. 2016); the course has none."""
    mirrored: bool = False
    """Whether the answer is the mean over a picture and its mirror image; not for letters and digits."""
    image_size: Side = 64
    """Height and width that the pictures of --data-dir are resized to."""
    colour: bool = True
    """Whether the pictures of --data-dir keep their colours."""
    test_fraction: Fraction = 0.2
    """Held out to judge, where there is no official test split."""
    validation_fraction: Fraction = 0.1
    """Of the training rows, to choose the epoch."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same rows."""


STILL = {
    "rotation_range": 0.0,
    "width_shift_range": 0.0,
    "height_shift_range": 0.0,
    "shear_range": 0.0,
    "zoom_range": 0.0,
}
DIGITS: dict[str, Any] = {
    "network": "cnn",
    "epochs": 40,
    "patience": 0,
    "learning_rate": 2e-3,
    "schedule": "cosine",
    "rotation_range": 12.0,
    "width_shift_range": 0.08,
    "height_shift_range": 0.08,
    "shear_range": 8.0,
    "zoom_range": 0.1,
    "fill_mode": "constant",
    # The cosine ends where it should, so validation chooses nothing.
    "restore_best_weights": False,
}
TABULAR: dict[str, Any] = {
    "network": "mlp",
    "units": 64,
    "layers": 2,
    "batch_size": 16,
    "patience": 0,
    "schedule": "cosine",
    "restore_best_weights": False,
    **STILL,
}

PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    # The cosine ends where it should, with every seed.
    "quick": {"epochs": 5, "patience": 0, "schedule": "cosine", "restore_best_weights": False},
    "quick/mnist": {"epochs": 1},
    "quick/fashion-mnist": {"epochs": 1},
    "best": DIGITS,
    "best/mnist": {"epochs": 12, "batch_size": 128},
    "best/fashion-mnist": {
        "epochs": 16,
        "batch_size": 128,
        "label_smoothing": 0.05,
        **STILL,
        "horizontal_flip": True,
        "mirrored": True,
    },
    "best/car-evaluation": {**TABULAR, "epochs": 150, "dropout": 0.0, "learning_rate": 3e-3, "embedding": 4},
    "best/admissions": {**TABULAR, "epochs": 60, "dropout": 0.3, "units": 16, "layers": 1},
}

"""The hyperparameters and presets of the classification lab."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation
from utils.base.config import (
    STRICT,
    Activation,
    BaseConfig,
    Count,
    Few,
    Natural,
    Optimization,
    Rate,
    Side,
    Splitting,
    Width,
)

TITLE = "Digits, clothes, cars and students: networks that choose a class"
COMMANDS: dict[str, str] = {}

Network = Literal["mlp", "cnn", "subclassed"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, Augmentation, BaseConfig):
    """The hyperparameters of the classification lab; the defaults are those of the course."""

    epochs: Count = 30
    """Largest number of passes over the training split; the course's notebook on validation uses 30."""
    batch_size: Count = 64
    """Rows per gradient step, as in the course."""
    patience: Natural = 5
    """Number of epochs without a lower validation loss before early stopping, as in the course; 0 disables it."""
    network: Network = "mlp"
    """mlp is a Sequential model, cnn uses the functional API, subclassed is the mlp as a subclass of Model."""
    layers: Few = 3
    """Number of hidden layers of the mlp, each half as wide as the previous one; 0 is softmax regression."""
    units: Width = 256
    """Width of the first hidden layer of the mlp, as in the course."""
    filters: Width = 24
    """Filters of the first convolution of the cnn; they double in each further block."""
    momentum: Rate = 0.9
    """Momentum of the running statistics of the cnn's batch normalization; Keras's default of 0.99 averages over
    hundreds of steps, too many where an epoch has a few dozen: predictions would use the untrained network's."""
    activation: Activation = "relu"
    """Activation of the hidden layers, as in the course."""
    dropout: Rate = 0.2
    """Fraction of the outputs of each hidden layer set to zero in training; of the cnn, those of its last layer; of an
    mlp without a hidden layer, its inputs."""
    embedding: Few = 0
    """Width of a learned embedding for each level of a categorical column; 0 is one-hot encoding."""
    label_smoothing: Rate = 0.0
    """Fraction of each target distributed over all classes (Szegedy et al. 2016); the course has none."""
    mirrored: bool = False
    """Average the prediction over an image and its mirror image; not for letters and digits."""
    image_size: Side = 64
    """Height and width to which the images of --data-dir are resized."""
    colour: bool = True
    """Keep the colours of the images of --data-dir."""


STILL = {
    "rotation_range": 0.0,
    "width_shift_range": 0.0,
    "height_shift_range": 0.0,
    "shear_range": 0.0,
    "zoom_range": 0.0,
}
DIGITS: dict[str, Any] = {
    "network": "cnn",
    "momentum": 0.99,  # over thousands of steps, Keras's default is long enough
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
    # The cosine schedule ends training, so validation chooses nothing.
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
    # On 32 validation rows early stopping ends at a network that predicts the majority class, on most seeds.
    "course/admissions": {"epochs": 20, "patience": 0, "schedule": "cosine", "restore_best_weights": False},
    # With the cosine schedule every seed converges.
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
    # Hidden layers, of 16 to 256 units, have a higher log loss than logistic regression (cross-validation within the
    # rows for training and validation); without one, dropout of the inputs has a lower one.
    "best/admissions": {
        **TABULAR,
        "layers": 0,
        "dropout": 0.2,
        "epochs": 40,
        "learning_rate": 1e-2,
        "validation_fraction": 0.03,
    },
}

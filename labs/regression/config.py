"""The hyperparameters and presets of the regression lab."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.config import (
    STRICT,
    Activation,
    BaseConfig,
    Few,
    Fraction,
    NonNegative,
    Optimization,
    Splitting,
    Width,
)

TITLE = "Concrete strength from a recipe: a regression network for tables"
COMMANDS = {"protocol": "labs.regression.protocol:Protocol"}

SplitKind = Literal["mix", "random"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, BaseConfig):
    """The hyperparameters of the regression lab; the defaults are those of the course."""

    layers: Few = 3
    """Number of hidden layers: the course's assignment compares one with three; 0 is linear regression."""
    units: Width = 10
    """Width of each hidden layer, as in the course."""
    activation: Activation = "relu"
    """Activation of the hidden layers, as in the course."""
    l2: NonNegative = 0.0
    """Weight of the squared kernels in the loss; the course has none."""
    normalize: bool = True
    """Scale the inputs to mean 0 and variance 1; part A of the course is --no-normalize."""
    scale_target: bool = False
    """Predict the standardized target and rescale it inside the network; the course does not."""
    proportions: bool = False
    """Add the ratios of water to cement and to binder as inputs (Abrams 1919); the course has none."""
    bins: Few = 0
    """Bins per feature of the piecewise-linear encoding (Gorishniy et al. 2022); 0 disables it."""
    split: SplitKind = "mix"
    """Hold out whole mixes of concrete (days of bike rentals), or random rows as published, which leaks."""
    test_fraction: Fraction = 0.1
    """Fraction held out for the test split, as in the published protocol."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {"epochs": 20, "learning_rate": 5e-3, "scale_target": True},
    "best": {
        "epochs": 200,
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "units": 256,
        "layers": 2,
        "activation": "silu",
        "dropout": 0.4,
        "proportions": True,
        "bins": 20,
        "scale_target": True,
        # The cosine schedule ends training, so validation chooses nothing, and most of its rows are used for training.
        "restore_best_weights": False,
        "validation_fraction": 0.03,
    },
    "best/bike-sharing": {"proportions": False, "bins": 0, "epochs": 60, "batch_size": 128, "dropout": 0.1},
}

"""The hyperparameters and presets of the regression lab."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.config import (
    STRICT,
    Activation,
    Config,
    Few,
    Fraction,
    NonNegative,
    OptimizerName,
    Rate,
    Schedule,
    Seed,
    Width,
)

SplitKind = Literal["mix", "random"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RegressionConfig(Config):
    """The hyperparameters of the regression lab; the defaults are the course's."""

    layers: Few = 3
    """Hidden layers: the course's assignment compares one with three; 0 is linear regression."""
    units: Width = 10
    """Width of each hidden layer, as in the course."""
    activation: Activation = "relu"
    """Of the hidden layers, as in the course."""
    dropout: Rate = 0.0
    """Share of each hidden layer's outputs that is zeroed in training; the course has none."""
    l2: NonNegative = 0.0
    """Weight of the squared kernels in the loss; the course has none."""
    optimizer: OptimizerName = "adam"
    """As in the course; sgd shows what a learning rate does."""
    schedule: Schedule = "constant"
    """The learning rate over the epochs: as it is, or falling to zero along a cosine."""
    normalize: bool = True
    """Inputs to mean 0 and variance 1; the course's part A is --no-normalize."""
    scale_target: bool = False
    """Let the network predict standard deviations and rescale to the target's unit inside it; the course does not."""
    proportions: bool = False
    """Add the proportions of water to cement and to binder as inputs (Abrams 1919); the course has none."""
    bins: Few = 0
    """Intervals a feature of the piecewise-linear encoding (Gorishniy et al. 2022); 0 leaves it out."""
    split: SplitKind = "mix"
    """Hold out whole mixes of concrete (days of bikes), or rows at random as published, which leaks."""
    test_fraction: Fraction = 0.1
    """Held out to judge: the published protocol's share."""
    validation_fraction: Fraction = 0.1
    """Of the rest, to choose the epoch."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same rows."""


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
        # The cosine ends where it should, so validation chooses nothing, and training may have nearly all the rows.
        "restore_best_weights": False,
        "validation_fraction": 0.03,
    },
    "best/bike-sharing": {"proportions": False, "bins": 0, "epochs": 60, "batch_size": 128, "dropout": 0.1},
}

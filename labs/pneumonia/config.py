"""The hyperparameters and presets of the pneumonia lab."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation, Policy, Rotation
from utils.base.config import (
    STRICT,
    Config,
    Count,
    Fraction,
    OptimizerName,
    Positive,
    Rate,
    Schedule,
    Seed,
    Side,
    Width,
)

Network = Literal["cnn", "mlp", "residual"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class PneumoniaConfig(Config, Augmentation):
    """The hyperparameters of the pneumonia lab; the defaults are the course's."""

    epochs: Count = 5
    """Passes over the training split, as in the course."""
    batch_size: Count = 16
    """Films a gradient step, as in the course."""
    learning_rate: Positive = 5e-3
    """Of Adam, as in the course."""
    rotation_range: Rotation = 15.0
    """As in the course, like the next three."""
    width_shift_range: Rate = 0.05
    """As in the course."""
    height_shift_range: Rate = 0.05
    """As in the course."""
    zoom_range: Rate = 0.2
    """As in the course."""
    network: Network = "cnn"
    """cnn and mlp are the course's two; residual is a compact residual network."""
    filters: Width = 16
    """Of the residual network's first convolution; each further block has twice as many."""
    dropout: Rate = 0.0
    """Share of the residual network's last values that is zeroed in training."""
    optimizer: OptimizerName = "adam"
    """As in the course."""
    schedule: Schedule = "constant"
    """The learning rate over the epochs: as it is, or falling to zero along a cosine."""
    label_smoothing: Rate = 0.0
    """Share of each target that is spread over both classes (Szegedy et al. 2016); the course has none."""
    image_size: Side | None = None
    """Height and width of the films; by default the course's 256 for a folder, 128 for the simulated ones, and for
    pneumoniamnist its own 28, enlarged to 112 for the course's networks, whose strides need the room."""
    films: Count = 1_600
    """How many are simulated, where they are."""
    policy: Policy = "sensitivity"
    """How the threshold is chosen on validation: the largest that still finds the share `reach` of the sick, as
    screening asks for, or Youden's index, which counts missed patients and false alarms alike."""
    reach: Fraction = 0.95
    """The sensitivity that the policy `sensitivity` reaches on validation."""
    test_fraction: Fraction = 0.2
    """Held out to judge, where there is no official test split."""
    validation_fraction: Fraction = 0.1
    """Of the training patients, to choose the epoch and the threshold."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same films."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    # A small network of the kind of `best`: the course's would have learned nothing by then.
    "quick": {
        "network": "residual",
        "filters": 8,
        "image_size": 64,
        "films": 400,
        "epochs": 10,
        "learning_rate": 3e-3,
        "schedule": "cosine",
        "restore_best_weights": False,
    },
    "best": {
        "network": "residual",
        "epochs": 25,
        "batch_size": 32,
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "dropout": 0.3,
        "films": 5_000,
        # The cosine ends where it should, so validation chooses the threshold alone.
        "restore_best_weights": False,
    },
    "best/folder": {"image_size": 128},
    "best/pneumoniamnist": {"epochs": 40, "filters": 24},
}


FIXED = (0.2, 0.5, 0.8)
"""Thresholds at which every run is shown, whatever is chosen."""

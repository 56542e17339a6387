"""The hyperparameters and presets of the pneumonia lab."""

from __future__ import annotations

from typing import Any, Literal

from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation, Policy, Rotation
from utils.base.config import (
    STRICT,
    BaseConfig,
    Count,
    Fraction,
    Optimization,
    Positive,
    Rate,
    Side,
    Splitting,
    Width,
)

TITLE = "Chest X-rays: convolutional networks, and how medicine evaluates them"
COMMANDS = {"filters": "labs.pneumonia.filters:Filters"}

Network = Literal["cnn", "mlp", "residual"]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, Augmentation, BaseConfig):
    """The hyperparameters of the pneumonia lab; the defaults are those of the course unless a comment differs."""

    epochs: Count = 5
    """Largest number of passes over the training split, as in the course."""
    batch_size: Count = 16
    """Radiographs per gradient step, as in the course."""
    learning_rate: Positive = 1.5e-3
    """Step size of Adam, chosen on validation together with `redraw`. At the course's 0.005 units die, and with some
    seeds the network learns nothing; the lab's page shows it."""
    rotation_range: Rotation = 15.0
    """Rotate by up to this many degrees, as in the course."""
    width_shift_range: Rate = 0.05
    """Shift horizontally by up to this fraction of the width, as in the course."""
    height_shift_range: Rate = 0.05
    """Shift vertically by up to this fraction of the height, as in the course."""
    zoom_range: Rate = 0.2
    """Zoom by a factor between 1 − z and 1 + z, as in the course."""
    network: Network = "cnn"
    """cnn and mlp are the two networks of the course; residual is a compact residual network."""
    redraw: bool = True
    """Draw the initial weights of the cnn again while one of its six units responds to hardly any radiograph: such a
    unit never learns. The course does not; with some seeds its network is dead from the start."""
    filters: Width = 16
    """Filters of the first convolution of the residual network; they double in each further block."""
    dropout: Rate = 0.0
    """Fraction of the last features of the residual network set to zero in training."""
    label_smoothing: Rate = 0.0
    """Fraction of each target distributed over both classes (Szegedy et al. 2016); the course has none."""
    image_size: Side | None = None
    """Height and width of the radiographs; defaults to the course's 256 for a folder, to 128 for simulated ones, and to
    the own size for chest-xray-128 (128) and pneumoniamnist (28). For the course's networks, whose strides need larger
    images, these are enlarged to 256 and 112."""
    films: Count = 1_600
    """Number of radiographs to simulate, with --data simulated."""
    positive: str | None = None
    """The class to be found, whose probability is compared with the threshold; defaults to the one whose name does not
    mean healthy (NORMAL, healthy, negative, benign, no_finding), else to the second by name."""
    policy: Policy = "sensitivity"
    """How the threshold is chosen on validation: the largest one whose sensitivity is at least `reach`, as in
    screening, or the one that maximizes Youden's index (sensitivity + specificity − 1)."""
    reach: Fraction = 0.95
    """Sensitivity on validation that the policy `sensitivity` requires."""
    validation_fraction: Fraction = 0.1
    """Fraction of the training patients held out to choose the epoch and the threshold."""


FIXED = (0.2, 0.5, 0.8)
"""Thresholds at which every run is evaluated, in addition to the chosen one."""

PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    # A small network like that of `best`: the course's network does not learn within so few steps.
    "quick": {
        "network": "residual",
        "filters": 8,
        "image_size": 64,
        "films": 400,
        "epochs": 2,
        "batch_size": 32,
        "learning_rate": 3e-3,
        "schedule": "cosine",
        "restore_best_weights": False,
    },
    # A few hundred simulated radiographs take as many epochs.
    "quick/simulated-radiographs": {"epochs": 10, "batch_size": 16},
    "best": {
        "network": "residual",
        "epochs": 25,
        "batch_size": 32,
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "dropout": 0.3,
        "films": 5_000,
        # The cosine schedule ends training, so validation chooses only the threshold.
        "restore_best_weights": False,
    },
    "best/folder": {"image_size": 128},
    "best/pneumoniamnist": {"epochs": 40, "filters": 24},
}

"""The hyperparameters and presets of the galaxy lab."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation
from utils.base.config import STRICT, Config, Count, Fraction, OptimizerName, Rate, Schedule, Seed, Side, Width

Network = Literal["cnn", "residual"]
Share = Annotated[float, Field(gt=0, le=1)]
Members = Annotated[int, Field(ge=1, le=20)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class GalaxyConfig(Config, Augmentation):
    """The hyperparameters of the galaxy lab; the defaults are the course's."""

    epochs: Count = 8
    """Passes over the training split, as in the course."""
    batch_size: Count = 5
    """Pictures a gradient step, as in the course."""
    network: Network = "cnn"
    """cnn is the course's; residual is a compact residual network."""
    filters: Width = 16
    """Of the residual network's first convolution; each further block has twice as many."""
    dropout: Rate = 0.0
    """Share of the residual network's last values that is zeroed in training."""
    members: Members = 1
    """Networks that are trained side by side, each from weights of its own; the answer is the mean of theirs."""
    symmetric: bool = False
    """Whether the answer is the mean over the eight turned and mirrored views of a picture; the sky has no up."""
    optimizer: OptimizerName = "adam"
    """As in the course."""
    schedule: Schedule = "constant"
    """The learning rate over the epochs: as it is, or falling to zero along a cosine."""
    label_smoothing: Rate = 0.0
    """Share of each target that is spread over all classes (Szegedy et al. 2016); the course has none."""
    image_size: Side | None = None
    """Height and width of the pictures; by default 128, as in the course."""
    centre: Share = 0.5
    """Share of height and width that is kept about the centre of the pictures of --data-dir: a survey's cut-outs hold
    more sky than galaxy."""
    galaxies: Count = 1_600
    """How many are simulated, where they are."""
    test_fraction: Fraction = 0.2
    """Held out to judge, where there is no official test split."""
    validation_fraction: Fraction = 0.1
    """Of the training rows, to choose the epoch."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same pictures."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    # A small network of the kind of `best`: the course's would have learned nothing by then.
    "quick": {
        "network": "residual",
        "filters": 8,
        "image_size": 64,
        "galaxies": 400,
        "epochs": 10,
        "batch_size": 16,
        "learning_rate": 3e-3,
        "schedule": "cosine",
        "horizontal_flip": True,
        "vertical_flip": True,
        "restore_best_weights": False,
    },
    "best": {
        "network": "residual",
        "epochs": 16,
        "batch_size": 32,
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "dropout": 0.3,
        "symmetric": True,
        # Mirroring moves pixels and leaves the noise as it is. Turned by any angle a picture is smoothed, and a network
        # that has learned from smooth pictures is lost on the grain of real ones.
        "horizontal_flip": True,
        "vertical_flip": True,
        # The cosine ends where it should, so validation chooses nothing.
        "restore_best_weights": False,
    },
    # Reduced to a third of their pixels these have no grain left, so they may be turned and zoomed.
    "best/folder": {
        # Few pictures with noisy labels: networks trained apart err apart.
        "members": 3,
        "validation_fraction": 0.05,
        "image_size": 64,
        "epochs": 60,
        "rotation_range": 180.0,
        "zoom_range": 0.15,
        "width_shift_range": 0.04,
        "height_shift_range": 0.04,
    },
}

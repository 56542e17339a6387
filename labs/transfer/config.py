"""The hyperparameters and presets of the transfer lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation, BackboneName
from utils.base.config import (
    STRICT,
    Config,
    Count,
    Fraction,
    NonNegative,
    OptimizerName,
    Positive,
    Rate,
    Schedule,
    Seed,
)

Strategy = Literal["head", "earlier", "finetune", "deep"]
Share = Annotated[float, Field(gt=0, le=1)]
Views = Annotated[int, Field(ge=1, le=64)]
Side = Annotated[int, Field(ge=64, le=512)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class TransferConfig(Config, Augmentation):
    """The hyperparameters of the transfer lab."""

    backbone: BackboneName = "efficientnet-lite0"
    """The network that has learned ImageNet; the first needs no network to be fetched."""
    weights: Path | None = None
    """A file with its weights; else Keras's cache, this project's cache, a mirror or the network have them."""
    strategy: Literal["auto", "head", "earlier", "finetune", "deep"] = "auto"
    """What is trained: auto decides by size and likeness of the data, see `labs.transfer.cases`."""
    epochs: Count = 40
    """Passes of the head over the training pictures, each in one of its cached views."""
    learning_rate: Positive = 3e-3
    """Of the head, a single layer on standardised features: it bears more than Adam's own default."""
    finetune_epochs: Count = 10
    """Passes of the backbone's last blocks, where the strategy trains them."""
    finetune_learning_rate: Positive = 1e-4
    """Far lower than the head's: large steps would wreck what the backbone knows."""
    views: Views = 4
    """Cached views of each training picture: itself, and mirrored or varied as the options below allow."""
    horizontal_flip: bool = True
    """Mirror left and right, in half of the views."""
    vertical_flip: bool = True
    """Mirror top and bottom, in half of the views: a solar cell may hang either way up."""
    l2: NonNegative = 0.002
    """Weight of the head's squared weights in the loss: it has a thousand of them for as many pictures."""
    dropout: Rate = 0.0
    """Share of the features that is zeroed in training; the penalty is enough for a head alone."""
    optimizer: OptimizerName = "adam"
    """Of both phases."""
    schedule: Schedule = "cosine"
    """The learning rate over each phase: as it is, or falling to zero along a cosine."""
    restore_best_weights: bool = False
    """The cosine ends where it should, so validation chooses nothing."""
    label_smoothing: Rate = 0.0
    """Share of each target that is spread over all classes (Szegedy et al. 2016)."""
    mirrored: bool = False
    """Whether the answer is the mean over a picture and its mirror image."""
    image_size: Side | None = None
    """Height and width of the pictures; by default those that the backbone was trained on."""
    centre: Share = 1.0
    """Share of height and width that is kept about the centre of the pictures of --data-dir."""
    split: Literal["random", "module"] = "random"
    """How elpv is held out: any cells, as published, or whole solar modules, whose cells look alike."""
    group: str | None = None
    """For --data-dir: a regular expression; pictures in whose file names it finds the same stand in one split."""
    test_fraction: Fraction = 0.25
    """Held out to judge, where there is no official test split; a quarter, as in the paper on elpv."""
    validation_fraction: Fraction = 0.1
    """Of the training rows, to watch."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same pictures."""


UPRIGHT: dict[str, Any] = {"vertical_flip": False, "views": 2}
"""Photographs have an up."""
PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "course/folder": UPRIGHT,
    "quick": {"views": 1, "epochs": 5},
    # The cracks of cells are fine: so all pixels that the photographs have, and views that are mirrored only, because
    # what is turned or zoomed is smoothed as well. On validation `deep` was no better than the last blocks alone.
    "best": {
        "strategy": "finetune",
        "image_size": 300,
        "epochs": 20,
        "learning_rate": 1e-3,
        "l2": 0.005,
        "dropout": 0.3,
        "mirrored": True,
        # Validation chooses nothing here, it only watches: so most of its rows are better trained on.
        "validation_fraction": 0.03,
    },
    "best/folder": {
        **UPRIGHT,
        "views": 4,
        "rotation_range": 10.0,
        "zoom_range": 0.1,
        "width_shift_range": 0.05,
        "height_shift_range": 0.05,
        "image_size": None,
        "finetune_epochs": 6,
        "validation_fraction": 0.1,
    },
}

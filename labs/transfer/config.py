"""The hyperparameters and presets of the transfer lab."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation, BackboneName
from utils.base.config import (
    STRICT,
    BaseConfig,
    Count,
    Fraction,
    NonNegative,
    Optimization,
    Positive,
    Rate,
    Schedule,
    Share,
    Splitting,
)

TITLE = "Transfer learning: a network pretrained on ImageNet, adapted to another task"
COMMANDS = {"classify": "labs.transfer.classify:Classify"}

Strategy = Literal["head", "earlier", "finetune", "deep"]
Views = Annotated[int, Field(ge=1, le=64)]
Side = Annotated[int, Field(ge=64, le=512)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, Augmentation, BaseConfig):
    """The hyperparameters of the transfer lab."""

    backbone: BackboneName = "efficientnet-lite0"
    """The network pretrained on ImageNet; the weights of the default are installed with the lab."""
    weights: Path | None = None
    """A file with its weights; defaults to Keras's cache, this project's cache, a mirror or the network."""
    strategy: Literal["auto", "head", "earlier", "finetune", "deep"] = "auto"
    """What is trained; auto decides by the size of the data and their similarity to ImageNet."""
    epochs: Count = 100
    """Passes of the head over the training images, each in one of its cached views; after 40 it had not converged."""
    learning_rate: Positive = 3e-3
    """Step size for the head: a single layer on standardized features allows more than Adam's default."""
    finetune_epochs: Count = 10
    """Passes of the last blocks of the backbone, where the strategy trains them."""
    finetune_learning_rate: Positive = 1e-4
    """Step size for the blocks of the backbone, far smaller than for the head, to keep what is pretrained."""
    views: Views = 4
    """Cached views of each training image: the image itself, and augmented ones as the options below allow."""
    horizontal_flip: bool = True
    """Flip left and right, in half of the views."""
    vertical_flip: bool = True
    """Flip top and bottom, in half of the views: a solar cell has no upright orientation."""
    l2: NonNegative | None = None
    """Weight of the squared weights of the head in the loss; defaults to the strength at which logistic regression on
    the same features has the lowest loss on validation."""
    dropout: Rate = 0.0
    """Fraction of the features set to zero in training; the L2 penalty is enough for a head alone."""
    schedule: Schedule = "cosine"
    """Learning rate over each phase: constant, or decaying to zero along a cosine."""
    restore_best_weights: bool = False
    """Keep the weights of the epoch with the lowest validation loss; the cosine schedule makes this unnecessary."""
    label_smoothing: Rate = 0.0
    """Fraction of each target distributed over all classes (Szegedy et al. 2016)."""
    mirrored: bool = False
    """Average the prediction over an image and its mirror image."""
    image_size: Side | None = None
    """Height and width of the images; defaults to those on which the backbone was trained."""
    centre: Share = 1.0
    """Fraction of height and width cropped around the centre of the images of --data-dir."""
    split: Literal["module", "random"] = "module"
    """How elpv is split: whole solar modules, whose cells look alike, or random cells, as published."""
    group: str | None = None
    """A regular expression for --data-dir: images whose file names contain the same match are in one split."""
    validation_fraction: Fraction = 0.2
    """Fraction of the rest for validation, which chooses the penalty of the head: a tenth is too few solar modules."""
    test_fraction: Fraction = 0.25
    """Fraction held out for the test split, where there is no official one; a quarter, as in the paper on elpv."""


UPRIGHT: dict[str, Any] = {"vertical_flip": False, "views": 2}
"""Photographs are upright."""
PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "course/folder": UPRIGHT,
    "quick": {"views": 1, "epochs": 10},
    # The cracks of cells are thin: the images keep all pixels of the photographs, and views are only flipped, because
    # rotation and zoom smooth. On validation `deep` was no better than training the last blocks alone.
    "best": {
        "strategy": "finetune",
        "image_size": 300,
        "epochs": 20,
        "learning_rate": 1e-3,
        "l2": 0.005,
        "dropout": 0.3,
        "mirrored": True,
        # Validation chooses nothing here, so most rows are used for training: two modules are left, one of each kind.
        "validation_fraction": 0.06,
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

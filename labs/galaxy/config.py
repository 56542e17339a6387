"""The hyperparameters and presets of the galaxy lab."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from utils.base.choices import Augmentation
from utils.base.config import STRICT, BaseConfig, Count, Optimization, Rate, Share, Side, Splitting, Width

TITLE = "Galaxies: convolutional networks and the symmetry of the sky"
COMMANDS: dict[str, str] = {}

Network = Literal["cnn", "residual"]
Members = Annotated[int, Field(ge=1, le=20)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, Augmentation, BaseConfig):
    """The hyperparameters of the galaxy lab; the defaults are those of the course, which its preset trains longer."""

    epochs: Count = 8
    """Largest number of passes over the training split, as in the course."""
    batch_size: Count = 5
    """Images per gradient step, as in the course."""
    network: Network = "cnn"
    """cnn is the network of the course; residual is a compact residual network."""
    filters: Width = 16
    """Filters of the first convolution of the residual network; they double in each further block."""
    dropout: Rate = 0.0
    """Fraction of the last features of the residual network set to zero in training."""
    members: Members = 1
    """Size of an ensemble of networks that are trained together; the prediction is their mean."""
    symmetric: bool = False
    """Average the prediction over the eight rotations and reflections of an image; the sky has no up."""
    label_smoothing: Rate = 0.0
    """Fraction of each target distributed over all classes (Szegedy et al. 2016); the course has none."""
    image_size: Side | None = None
    """Height and width of the images; defaults to 128, as in the course."""
    centre: Share = 0.5
    """Fraction of height and width cropped around the centre of the images of --data-dir, which are mostly sky."""
    galaxies: Count = 1_600
    """Number of galaxies to simulate, with --data simulated."""


PRESETS: dict[str, dict[str, Any]] = {
    # Eight epochs, as in the course, are too few for the simulated galaxies, and with more the network overfits unless
    # the images are mirrored; chosen on validation, as the lab's page shows.
    "course": {"epochs": 32, "horizontal_flip": True, "vertical_flip": True},
    # A small network like that of `best`: the course's network does not learn within so few steps.
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
        # A flip moves pixels and keeps the noise. A rotation by any angle smooths an image, and a network trained on
        # smoothed images fails on the noise of real ones.
        "horizontal_flip": True,
        "vertical_flip": True,
        # The cosine schedule ends training, so validation chooses nothing.
        "restore_best_weights": False,
    },
    # Downscaled to a third of their side these images have no noise left, so they can be rotated and zoomed.
    "best/folder": {
        # Few images with noisy labels: networks trained separately make different errors.
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

"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labs.galaxy import data
from utils.datasets.splits import Splits
from utils.images import augment
from utils.images.decode import read_pictures
from utils.metrics import classification
from utils.metrics.baselines import classification_baselines
from utils.runs.lab import Lab

if TYPE_CHECKING:
    import keras

from labs.galaxy.config import PRESETS, GalaxyConfig


def build(config: GalaxyConfig, splits: Splits) -> keras.Model:
    """The network; see `labs.galaxy.model`."""
    from labs.galaxy import model

    return model.build(config, splits)


def assemble(config: GalaxyConfig, splits: Splits, trained: keras.Model) -> keras.Model:  # noqa: ARG001
    """The trained network, or the mean over its members and over the symmetries of a square."""
    from utils.networks.ensembles import mean_answer, symmetries

    if config.symmetric:
        return mean_answer(trained, symmetries)
    return mean_answer(trained) if config.members > 1 else trained


def compile_arguments(config: GalaxyConfig, splits: Splits) -> dict[str, Any]:
    """Cross-entropy and accuracy, as in the course."""
    from utils.networks.compiling import optimizer
    from utils.networks.losses import cross_entropy

    steps = config.epochs * -(-len(splits.train) // config.batch_size)
    return {
        "optimizer": optimizer(config.optimizer, config.learning_rate, schedule=config.schedule, steps=steps),
        "loss": cross_entropy(len(splits.class_names), config.label_smoothing, answers=config.members),
        "metrics": ["accuracy"] if config.members == 1 else [],
    }


def baselines(config: GalaxyConfig, splits: Splits) -> Mapping[str, NDArray[np.float64]]:
    """Class frequencies and logistic regression on the same pictures, reduced."""
    return classification_baselines(splits, config.seed)


def draw(fitted: Any, evaluation: Any) -> Mapping[str, Any]:
    """The lab's pictures; see `labs.galaxy.figures`."""
    from labs.galaxy import figures

    return figures.draw(fitted, evaluation)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> NDArray[Any]:
    """The centres of pictures at the size that the model takes, (pictures, height, width, 3) uint8."""
    height, width, _ = labels["input_shape"]
    return read_pictures(paths, (height, width), "rgb", centre=labels["centre"])


lab = Lab(
    name="galaxy",
    title="Galaxies: convolutional networks and the symmetry of the sky",
    config=GalaxyConfig,
    presets=PRESETS,
    metrics=classification.METRICS_AND_AUC,
    load=data.load,
    build=build,
    assemble=assemble,
    compile=compile_arguments,
    baselines=baselines,
    figures=draw,
    read=read,
    details=classification.details,
    transform=augment.transform,
)

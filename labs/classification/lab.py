"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labs.classification import data
from utils.base.errors import CallerError
from utils.datasets.csv_tables import read_rows
from utils.datasets.splits import Splits
from utils.images import augment
from utils.images.decode import read_pictures
from utils.metrics import classification
from utils.metrics.baselines import classification_baselines
from utils.runs.lab import Lab

if TYPE_CHECKING:
    import keras

from labs.classification.config import PRESETS, ClassificationConfig


def load(config: ClassificationConfig) -> Splits:
    """The data set of the config, split; see `labs.classification.data`."""
    if config.data_dir is not None and config.data != "auto":
        raise CallerError(f"--data {config.data} and --data-dir do not go together", "give one of the two")
    of_pictures = config.network == "cnn" or config.active or config.mirrored
    if config.data_dir is None and config.data in data.TABLES and of_pictures:
        option = "--network cnn" if config.network == "cnn" else "--mirrored" if config.mirrored else "the augmentation"
        raise CallerError(f"{option}: {config.data} is a table, not pictures", "give --network mlp, and no shifts")
    return data.load(config)


def build(config: ClassificationConfig, splits: Splits) -> keras.Model:
    """The network; see `labs.classification.model`."""
    from labs.classification import model

    return model.build(config, splits)


def assemble(config: ClassificationConfig, splits: Splits, trained: keras.Model) -> keras.Model:  # noqa: ARG001
    """The trained network, or its mean over a picture and its mirror image."""
    from utils.networks.ensembles import mean_answer, mirror_images

    return mean_answer(trained, mirror_images) if config.mirrored else trained


def compile_arguments(config: ClassificationConfig, splits: Splits) -> dict[str, Any]:
    """Cross-entropy and accuracy, as in the course."""
    from utils.networks.compiling import optimizer
    from utils.networks.losses import cross_entropy

    steps = config.epochs * -(-len(splits.train) // config.batch_size)
    return {
        "optimizer": optimizer(config.optimizer, config.learning_rate, schedule=config.schedule, steps=steps),
        "loss": cross_entropy(len(splits.class_names), config.label_smoothing),
        "metrics": ["accuracy"],
    }


def baselines(config: ClassificationConfig, splits: Splits) -> Mapping[str, NDArray[np.float64]]:
    """Class frequencies, logistic regression and, for tables, gradient boosting on the same rows."""
    return classification_baselines(splits, config.seed)


def draw(fitted: Any, evaluation: Any) -> Mapping[str, Any]:
    """The lab's pictures; see `labs.classification.figures`."""
    from labs.classification import figures

    return figures.draw(fitted, evaluation)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> NDArray[Any]:
    """The rows of CSV files, or pictures at the size that the model takes."""
    if labels["features"]:
        return read_rows(paths, labels)
    height, width, channels = labels["input_shape"]
    return read_pictures(paths, (height, width), "grey" if channels == 1 else "rgb")


lab = Lab(
    name="classification",
    title="Digits, clothes, cars and students: networks that choose a class",
    config=ClassificationConfig,
    presets=PRESETS,
    metrics=classification.METRICS,
    load=load,
    build=build,
    assemble=assemble,
    compile=compile_arguments,
    baselines=baselines,
    figures=draw,
    read=read,
    details=classification.details,
    transform=augment.transform,
)

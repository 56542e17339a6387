"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from labs.transfer import data
from labs.transfer.classify import Classify
from utils.datasets.splits import Split, Splits
from utils.images.decode import read_pictures
from utils.metrics import classification
from utils.metrics.baselines import classification_baselines
from utils.runs.lab import Lab
from utils.training.results import Phase

if TYPE_CHECKING:
    import keras

    from utils.training.batches import Batches

from labs.transfer.config import PRESETS, TransferConfig


def build(config: TransferConfig, splits: Splits) -> keras.Model:
    """The head; see `labs.transfer.model`."""
    from labs.transfer import model

    return model.build(config, splits)


def compile_arguments(config: TransferConfig, splits: Splits) -> dict[str, Any]:
    """Cross-entropy and accuracy."""
    from labs.transfer import model

    return model.compile_arguments(config, splits)


def batches(config: TransferConfig, splits: Splits) -> tuple[Batches, Batches]:
    """Cached features of the frozen backbone."""
    from labs.transfer import model

    return model.batches(config, splits)


def further(config: TransferConfig, splits: Splits) -> Sequence[Phase]:
    """Fine-tuning, where the strategy has any."""
    from labs.transfer import model

    return model.further(config, splits)


def assemble(config: TransferConfig, splits: Splits, trained: keras.Model) -> keras.Model:
    """Pixels to probabilities in one model."""
    from labs.transfer import model

    return model.assemble(config, splits, trained)


def known(config: TransferConfig, splits: Splits, trained: keras.Model, part: Split) -> NDArray[Any] | None:
    """Predictions from cached features; none of mirror images, whose features are not there."""
    from labs.transfer import model

    return None if config.mirrored else model.known(config, splits, trained, part)


def baselines(config: TransferConfig, splits: Splits) -> Mapping[str, NDArray[Any]]:
    """Class frequencies and logistic regression on the same pictures, reduced."""
    return classification_baselines(splits, config.seed)


def inspect(fitted: Any) -> dict[str, Any]:
    """Which backbone, with which weights, and which of the four cases."""
    from labs.transfer import cases

    return cases.inspect(fitted.config, fitted.splits)


def draw(fitted: Any, evaluation: Any) -> Mapping[str, Any]:
    """The lab's pictures; see `labs.transfer.figures`."""
    from labs.transfer import figures

    return figures.draw(fitted, evaluation)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> NDArray[Any]:
    """Pictures at the size that the model takes, (pictures, height, width, 3) uint8."""
    height, width, _ = labels["input_shape"]
    return read_pictures(paths, (height, width), "rgb", centre=labels["centre"])


lab = Lab(
    name="transfer",
    title="Transfer learning: a network that knows ImageNet, put to another task",
    config=TransferConfig,
    presets=PRESETS,
    metrics=classification.METRICS_AND_AUC,
    load=data.load,
    build=build,
    compile=compile_arguments,
    baselines=baselines,
    figures=draw,
    read=read,
    details=classification.details,
    inspect=inspect,
    batches=batches,
    phase="head",
    further=further,
    assemble=assemble,
    known=known,
    commands={"classify": Classify},
)

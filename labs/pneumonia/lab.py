"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from labs.pneumonia import data
from utils import augment, binary, classification
from utils.augment import Augmentation, Rotation
from utils.baselines import classification_baselines
from utils.binary import Policy
from utils.config import STRICT, Config, Count, Fraction, OptimizerName, Positive, Rate, Schedule, Seed, Side, Width
from utils.contracts import Lab
from utils.decoding import read_pictures
from utils.metrics import Metric
from utils.splits import Splits

if TYPE_CHECKING:
    import keras

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

METRICS: dict[str, Metric] = {
    "auc": Metric(classification.auc, "higher"),
    **binary.METRICS,
    "log_loss": classification.METRICS["log_loss"],
    "ece": classification.METRICS["ece"],
}


def build(config: PneumoniaConfig, splits: Splits) -> keras.Model:
    """The network; see `labs.pneumonia.model`."""
    from labs.pneumonia import model

    return model.build(config, splits)


def compile_arguments(config: PneumoniaConfig, splits: Splits) -> dict[str, Any]:
    """Cross-entropy over two classes, as in the course."""
    from utils.losses import cross_entropy
    from utils.optimizers import optimizer

    steps = config.epochs * -(-len(splits.train) // config.batch_size)
    return {
        "optimizer": optimizer(config.optimizer, config.learning_rate, schedule=config.schedule, steps=steps),
        "loss": cross_entropy(2, config.label_smoothing),
        "metrics": ["accuracy"],
    }


def baselines(config: PneumoniaConfig, splits: Splits) -> Mapping[str, NDArray[np.float64]]:
    """Class frequencies and logistic regression on the same films, reduced."""
    return classification_baselines(splits, config.seed)


def threshold(config: PneumoniaConfig, truth: NDArray[Any], probabilities: NDArray[Any]) -> float:
    """The probability from which on the answer is pneumonia, by the config's policy on validation."""
    return binary.choose_threshold(truth, probabilities, config.policy, config.reach)


def details(splits: Splits, predictions: NDArray[Any], threshold: float | None) -> dict[str, Any]:
    """The test split at fixed thresholds and at the chosen one, and what is missed by the cause that files name."""
    assert threshold is not None, "this lab always chooses one"
    test = splits.test
    chosen, *fixed = binary.operating_points(test.targets, predictions, [threshold, *FIXED])
    found = binary.found(predictions, threshold)
    kinds = data.kinds(test, splits.class_names)
    by_kind = {
        str(kind): {
            "rows": int((kinds == kind).sum()),
            "called_class_1": int(found[kinds == kind].sum()),
            "mean_probability": float(predictions[kinds == kind, 1].mean()),
        }
        for kind in np.unique(kinds)
    }
    return {"chosen": chosen, "fixed": {f"{point['threshold']:g}": point for point in fixed}, "by_kind": by_kind}


FIXED = (0.2, 0.5, 0.8)
"""Thresholds at which every run is shown, whatever is chosen."""


def draw(fitted: Any, evaluation: Any) -> Mapping[str, Any]:
    """The lab's pictures; see `labs.pneumonia.figures`."""
    from labs.pneumonia import figures

    return figures.draw(fitted, evaluation)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> NDArray[Any]:
    """Films at the size that the model takes, (films, height, width, 1) uint8."""
    height, width, _ = labels["input_shape"]
    return read_pictures(paths, (height, width), "grey")


lab = Lab(
    name="pneumonia",
    title="Chest X-rays: convolutional networks, and how medicine judges them",
    config=PneumoniaConfig,
    presets=PRESETS,
    metrics=METRICS,
    load=data.load,
    build=build,
    compile=compile_arguments,
    baselines=baselines,
    figures=draw,
    read=read,
    threshold=threshold,
    details=details,
    transform=augment.transform,
    caution="A teaching model, not a medical device: it must not be used to judge the film of a patient.",
)

"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labs.pneumonia import data
from utils.datasets.splits import Splits
from utils.images import augment
from utils.images.decode import read_pictures
from utils.metrics import classification, two_classes
from utils.metrics.baselines import classification_baselines
from utils.metrics.metric import Metric
from utils.runs.lab import Lab

if TYPE_CHECKING:
    import keras

from labs.pneumonia.config import FIXED, PRESETS, PneumoniaConfig

METRICS: dict[str, Metric] = {
    "auc": Metric(classification.auc, "higher"),
    **two_classes.METRICS,
    "log_loss": classification.METRICS["log_loss"],
    "ece": classification.METRICS["ece"],
}


def build(config: PneumoniaConfig, splits: Splits) -> keras.Model:
    """The network; see `labs.pneumonia.model`."""
    from labs.pneumonia import model

    return model.build(config, splits)


def compile_arguments(config: PneumoniaConfig, splits: Splits) -> dict[str, Any]:
    """Cross-entropy over two classes, as in the course."""
    from utils.networks.compiling import optimizer
    from utils.networks.losses import cross_entropy

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
    return two_classes.choose_threshold(truth, probabilities, config.policy, config.reach)


def details(splits: Splits, predictions: NDArray[Any], threshold: float | None) -> dict[str, Any]:
    """The test split at fixed thresholds and at the chosen one, and what is missed by the cause that files name."""
    assert threshold is not None, "this lab always chooses one"
    test = splits.test
    chosen, *fixed = two_classes.operating_points(test.targets, predictions, [threshold, *FIXED])
    found = two_classes.found(predictions, threshold)
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

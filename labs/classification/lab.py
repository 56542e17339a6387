"""The classification lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from numpy.typing import NDArray

from labs import find_definition
from labs.classification import data, figures, model
from labs.classification.config import Config
from utils.datasets.splits import Splits
from utils.images import augment
from utils.metrics import classification
from utils.metrics.baselines import classification_baselines
from utils.networks.compiling import compile_arguments, cross_entropy
from utils.networks.ensembles import average_predictions, mirror_images
from utils.pretrained.feature_baseline import slow_baselines
from utils.runs.supervised import SupervisedLab


class ClassificationLab(SupervisedLab):
    """Networks that choose a class, for images and tables."""

    definition = find_definition("classification")
    metrics = classification.METRICS
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    transform = staticmethod(augment.transform)
    details = staticmethod(classification.details)
    slow_baselines = staticmethod(slow_baselines)
    figures = staticmethod(figures.draw)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Cross-entropy and accuracy, as in the course."""
        loss = cross_entropy(len(splits.class_names), config.label_smoothing)
        return compile_arguments(config, loss, rows=len(splits.train), metrics=["accuracy"])

    def assemble(self, config: Config, splits: Splits, trained: keras.Model) -> keras.Model:  # noqa: ARG002
        """The trained network, or its mean over an image and its mirror image."""
        return average_predictions(trained, mirror_images) if config.mirrored else trained

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:
        """Class frequencies, logistic regression and, for tables, gradient boosting on the same rows."""
        return classification_baselines(splits, config.seed)


lab = ClassificationLab()

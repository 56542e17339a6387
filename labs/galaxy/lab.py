"""The galaxy lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from numpy.typing import NDArray

from labs import find_definition
from labs.galaxy import data, figures, model
from labs.galaxy.config import Config
from utils.datasets.splits import Splits
from utils.images import augment
from utils.metrics import classification
from utils.metrics.baselines import classification_baselines
from utils.networks.compiling import compile_arguments, cross_entropy
from utils.networks.ensembles import average_predictions, symmetries
from utils.pretrained.feature_baseline import slow_baselines
from utils.runs.supervised import SupervisedLab


class GalaxyLab(SupervisedLab):
    """Convolutional networks for the shapes of galaxies."""

    definition = find_definition("galaxy")
    metrics = classification.METRICS_AND_AUC
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    transform = staticmethod(augment.transform)
    details = staticmethod(classification.details)
    slow_baselines = staticmethod(slow_baselines)
    figures = staticmethod(figures.draw)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Cross-entropy and, for a single network, accuracy, as in the course."""
        loss = cross_entropy(len(splits.class_names), config.label_smoothing, members=config.members)
        metrics = ["accuracy"] if config.members == 1 else []
        return compile_arguments(config, loss, rows=len(splits.train), metrics=metrics)

    def assemble(self, config: Config, splits: Splits, trained: keras.Model) -> keras.Model:  # noqa: ARG002
        """The trained network, or the mean over its members and over the symmetries of a square."""
        if config.symmetric:
            return average_predictions(trained, symmetries)
        return average_predictions(trained) if config.members > 1 else trained

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:
        """Class frequencies and logistic regression on the same images, downscaled."""
        return classification_baselines(splits, config.seed)


lab = GalaxyLab()

"""The transfer lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from numpy.typing import NDArray

from labs import find_definition
from labs.transfer import cases, data, figures, head, model
from labs.transfer.config import Config
from utils.datasets.splits import Split, Splits
from utils.metrics import classification
from utils.metrics.baselines import classification_baselines
from utils.metrics.classical import classical_baselines
from utils.runs.supervised import SupervisedLab
from utils.training.results import Fitted


class TransferLab(SupervisedLab):
    """A network pretrained on ImageNet, adapted to another task."""

    definition = find_definition("transfer")
    metrics = classification.METRICS_AND_AUC
    phase = "head"
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    compile = staticmethod(model.compile_head)
    batches = staticmethod(model.batches)
    further = staticmethod(model.further)
    assemble = staticmethod(model.assemble)
    details = staticmethod(classification.details)
    slow_baselines = staticmethod(classical_baselines)
    figures = staticmethod(figures.draw)

    def known(self, config: Config, splits: Splits, trained: keras.Model, part: Split) -> NDArray[Any] | None:
        """Predictions from cached features; none of mirror images, whose features are not cached."""
        return None if config.mirrored else model.known(config, splits, trained, part)

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:
        """Class frequencies, logistic regression on downscaled images, and on the features that the head sees."""
        return {**classification_baselines(splits, config.seed), **head.baseline(config, splits)}

    def inspect(self, fitted: Fitted) -> dict[str, Any]:
        """Which backbone with which weights, which of the four cases of transfer learning, and what the head sees."""
        return cases.inspect(fitted.config, fitted.splits) | head.inspect(fitted.config, fitted.splits)


lab = TransferLab()

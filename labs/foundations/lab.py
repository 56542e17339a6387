"""The foundations lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from labs import find_definition
from labs.foundations import data, figures, fitting, model
from labs.foundations.config import Config
from utils.datasets.splits import Splits
from utils.metrics import classification
from utils.metrics.baselines import classification_baselines, regression_baselines
from utils.metrics.classical import classical_baselines
from utils.metrics.metric import Metric
from utils.metrics.regression import mae, r2, rmse, standardized_mse
from utils.runs.supervised import SupervisedLab
from utils.training.results import Progress, Report

BIKES_STD = 181.38759909186476
"""Standard deviation (n − 1) of the bikes per hour of all 17,379 rows, by which the course standardizes them. It is the
unit of a metric; the network itself standardizes by the training rows alone."""
OF_NUMBERS = {
    "rmse": Metric(rmse, "lower", "target"),
    "mae": Metric(mae, "lower", "target"),
    "r2": Metric(r2, "higher"),
    "standardized_mse": Metric(partial(standardized_mse, std=BIKES_STD), "lower"),
}
# The first one judges: the accuracy on 80 admissions hardly differs from that of the majority class.
OF_ADMISSIONS = {name: classification.METRICS[name] for name in ("log_loss", "accuracy", "f1_macro", "ece")}
# Without the accuracy of the two most probable classes: there are only two.
OF_POINTS = {name: metric for name, metric in classification.METRICS.items() if name != "top_2"}
METRICS: dict[str, Mapping[str, Metric]] = {
    "bike-sharing": OF_NUMBERS,
    "admissions": OF_ADMISSIONS,
    "points": OF_POINTS,
}
"""By data set; the others are classified."""


class FoundationsLab(SupervisedLab):
    """Networks in pure NumPy, saved as Keras models with the same arrays."""

    definition = find_definition("foundations")
    metrics = OF_NUMBERS
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    slow_baselines = staticmethod(classical_baselines)
    figures = staticmethod(figures.draw)

    def metrics_on(self, data: str) -> Mapping[str, Metric]:
        """Those of numbers for the bike rentals, else those of classes."""
        return METRICS.get(data, classification.METRICS)

    def train(
        self, config: Config, splits: Splits, folder: Path | None, report: Report
    ) -> tuple[keras.Model, Progress]:
        """Train in NumPy, or with `--network keras` in Keras, and copy the arrays into a Keras model."""
        return fitting.fit(config, splits, folder, report)

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:
        """The mean or the class frequencies, a linear model and, for tables, gradient boosting on the same rows."""
        of = classification_baselines if splits.class_names else regression_baselines
        return of(splits, config.seed)

    def details(self, splits: Splits, predictions: NDArray[Any], threshold: float | None) -> dict[str, Any]:
        """The confusion matrix of classes, with the accuracy of the majority class for admissions."""
        return classification.details(splits, predictions, threshold) if splits.class_names else {}

    def remarks(self, details: Mapping[str, Any]) -> Sequence[str]:
        """What the accuracy of admissions is worth."""
        if "admitted" not in details.get("classes", {}):
            return ()
        rows = {name: found["rows"] for name, found in details["classes"].items()}
        share = max(rows.values()) / sum(rows.values())
        return (
            f"Accuracy is not informative on admissions: {share:.1%} of the {sum(rows.values())} test rows are "
            f"{max(rows, key=lambda name: rows[name])}, and always predicting that is about as accurate. "
            "Compare the log loss.",
        )


lab = FoundationsLab()

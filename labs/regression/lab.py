"""The regression lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from labs import find_definition
from labs.regression import data, figures, model
from labs.regression.config import Config
from utils.datasets.splits import Splits
from utils.metrics.baselines import regression_baselines
from utils.metrics.classical import classical_baselines
from utils.metrics.metric import Metric
from utils.metrics.regression import mae, r2, rmse
from utils.networks.compiling import compile_arguments
from utils.runs.supervised import SupervisedLab

METRICS = {
    "rmse": Metric(rmse, "lower", "target"),
    "mae": Metric(mae, "lower", "target"),
    "r2": Metric(r2, "higher"),
}


class RegressionLab(SupervisedLab):
    """A regression network for tables."""

    definition = find_definition("regression")
    metrics = METRICS
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    slow_baselines = staticmethod(classical_baselines)
    figures = staticmethod(figures.draw)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Mean squared error, as in the course."""
        return compile_arguments(config, "mean_squared_error", rows=len(splits.train))

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:
        """The mean, linear regression and gradient boosting on the same rows."""
        return regression_baselines(splits, config.seed)


lab = RegressionLab()

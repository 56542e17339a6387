"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labs.regression.data import load
from labs.regression.protocol import Protocol
from utils.datasets.csv_tables import read_rows
from utils.datasets.splits import Splits
from utils.metrics.baselines import regression_baselines
from utils.metrics.metric import Metric
from utils.metrics.regression import mae, r2, rmse
from utils.runs.lab import Lab

if TYPE_CHECKING:
    import keras

from labs.regression.config import PRESETS, RegressionConfig


def build(config: RegressionConfig, splits: Splits) -> keras.Model:
    """The network; see `labs.regression.model`."""
    from labs.regression import model

    return model.build(config, splits)


def compile_arguments(config: RegressionConfig, splits: Splits) -> dict[str, Any]:
    """Mean squared error, as in the course."""
    from utils.networks.compiling import optimizer

    steps = config.epochs * -(-len(splits.train) // config.batch_size)
    return {
        "optimizer": optimizer(config.optimizer, config.learning_rate, schedule=config.schedule, steps=steps),
        "loss": "mean_squared_error",
    }


def baselines(config: RegressionConfig, splits: Splits) -> Mapping[str, NDArray[np.float64]]:
    """The mean, linear regression and gradient boosting on the same rows."""
    return regression_baselines(splits, config.seed)


def draw(fitted: Any, evaluation: Any) -> Mapping[str, Any]:
    """The lab's four pictures; see `labs.regression.figures`."""
    from labs.regression import figures

    return figures.draw(fitted, evaluation)


lab = Lab(
    name="regression",
    title="Concrete strength from a recipe: a regression network for tables",
    config=RegressionConfig,
    presets=PRESETS,
    metrics={
        "rmse": Metric(rmse, "lower", "target"),
        "mae": Metric(mae, "lower", "target"),
        "r2": Metric(r2, "higher"),
    },
    load=load,
    build=build,
    compile=compile_arguments,
    baselines=baselines,
    figures=draw,
    read=read_rows,
    commands={"protocol": Protocol},
)

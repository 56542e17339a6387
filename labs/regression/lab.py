"""What the lab is: its hyperparameters and presets, its data, its measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from labs.regression.data import load
from labs.regression.protocol import Protocol, SplitKind
from utils.baselines import regression_baselines
from utils.config import (
    STRICT,
    Activation,
    Config,
    Few,
    Fraction,
    NonNegative,
    OptimizerName,
    Rate,
    Schedule,
    Seed,
    Width,
)
from utils.contracts import Lab
from utils.metrics import Metric, mae, r2, rmse
from utils.splits import Splits
from utils.tables import read_rows

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, kw_only=True, config=STRICT)
class RegressionConfig(Config):
    """The hyperparameters of the regression lab; the defaults are the course's."""

    layers: Few = 3
    """Hidden layers: the course's assignment compares one with three; 0 is linear regression."""
    units: Width = 10
    """Width of each hidden layer, as in the course."""
    activation: Activation = "relu"
    """Of the hidden layers, as in the course."""
    dropout: Rate = 0.0
    """Share of each hidden layer's outputs that is zeroed in training; the course has none."""
    l2: NonNegative = 0.0
    """Weight of the squared kernels in the loss; the course has none."""
    optimizer: OptimizerName = "adam"
    """As in the course; sgd shows what a learning rate does."""
    schedule: Schedule = "constant"
    """The learning rate over the epochs: as it is, or falling to zero along a cosine."""
    normalize: bool = True
    """Inputs to mean 0 and variance 1; the course's part A is --no-normalize."""
    scale_target: bool = False
    """Let the network predict standard deviations and rescale to the target's unit inside it; the course does not."""
    proportions: bool = False
    """Add the proportions of water to cement and to binder as inputs (Abrams 1919); the course has none."""
    bins: Few = 0
    """Intervals a feature of the piecewise-linear encoding (Gorishniy et al. 2022); 0 leaves it out."""
    split: SplitKind = "mix"
    """Hold out whole mixes of concrete (days of bikes), or rows at random as published, which leaks."""
    test_fraction: Fraction = 0.1
    """Held out to judge: the published protocol's share."""
    validation_fraction: Fraction = 0.1
    """Of the rest, to choose the epoch."""
    split_seed: Seed = 0
    """Draws the split; apart from `seed`, so that runs with other seeds are judged on the same rows."""


PRESETS: dict[str, dict[str, Any]] = {
    "course": {},
    "quick": {"epochs": 20, "learning_rate": 5e-3, "scale_target": True},
    "best": {
        "epochs": 200,
        "learning_rate": 2e-3,
        "schedule": "cosine",
        "units": 256,
        "layers": 2,
        "activation": "silu",
        "dropout": 0.4,
        "proportions": True,
        "bins": 20,
        "scale_target": True,
        # The cosine ends where it should, so validation chooses nothing, and training may have nearly all the rows.
        "restore_best_weights": False,
        "validation_fraction": 0.03,
    },
    "best/bike-sharing": {"proportions": False, "bins": 0, "epochs": 60, "batch_size": 128, "dropout": 0.1},
}


def build(config: RegressionConfig, splits: Splits) -> keras.Model:
    """The network; see `labs.regression.model`."""
    from labs.regression import model

    return model.build(config, splits)


def compile_arguments(config: RegressionConfig, splits: Splits) -> dict[str, Any]:
    """Mean squared error, as in the course."""
    from utils.optimizers import optimizer

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

"""A supervised lab in one file: a noisy sine, a dense network."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic.dataclasses import dataclass

from labs.cli.main import run_lab
from utils.base.config import STRICT, BaseConfig, Count, Definition, Optimization, Splitting, Width
from utils.datasets.audit import check_splits
from utils.datasets.splits import Source, Splits, split_rows
from utils.figures.plots import learning_curves
from utils.metrics.metric import Metric
from utils.metrics.regression import rmse
from utils.networks.compiling import compile_arguments
from utils.runs.supervised import SupervisedLab
from utils.training.results import Evaluation, Fitted

TITLE = "A noisy sine"
PRESETS: dict[str, dict[str, Any]] = {"course": {}, "quick": {"epochs": 3}}
METRICS = {"rmse": Metric(rmse, "lower", "target")}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, BaseConfig):
    """The hyperparameters."""

    epochs: Count = 6
    """Largest number of passes over the training split."""
    units: Width = 8
    """Width of the hidden layer."""


def load(config: Config) -> Splits:
    """(rows, 1) float32 to (rows,) float32."""
    x = np.linspace(0, 6, 300, dtype="float32")[:, None]
    y = (np.sin(x[:, 0]) + np.random.default_rng(0).normal(0, 0.1, 300)).astype("float32")
    rows = split_rows(np.arange(300), test=config.test_fraction, validation=config.validation_fraction, seed=0)
    source = Source("noisy-sine", "generated", "sha256:sine", simulated=True)
    return check_splits(Splits(*rows.take(x, y), source, target="height", features=("x",), unit="m"), config.batch_size)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Any:
    """One number per line."""
    return np.concatenate([np.loadtxt(path, dtype="float32", ndmin=2) for path in paths])


class SineLab(SupervisedLab):
    """A dense network for one number."""

    definition = Definition.of(sys.modules[__name__])
    metrics = METRICS
    load = staticmethod(load)
    read = staticmethod(read)

    def build(self, config: Config, splits: Splits) -> keras.Model:
        """One hidden layer."""
        inputs = keras.Input((1,), name="x")
        hidden = keras.layers.Dense(config.units, activation="relu")(inputs)
        return keras.Model(inputs, keras.layers.Dense(1, name="height")(hidden))

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Mean squared error."""
        return compile_arguments(config, "mean_squared_error", rows=len(splits.train))

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, Any]:
        """The mean."""
        return {"mean": np.full(len(splits.test), splits.train.targets.mean())}

    def figures(self, fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Any]:
        """Learning curves."""
        return {"learning_curves": learning_curves(fitted.progress.history, fitted.kept_epoch, label="MSE (m²)")}


lab = SineLab()
if __name__ == "__main__":
    run_lab("tests.templates.supervised")

"""A lab with two inputs, one of strings, and two outputs: the kind and the price of goods from a word and a weight."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from pydantic.dataclasses import dataclass

from labs.cli.main import run_lab
from utils.base.config import STRICT, BaseConfig, Count, Definition, Optimization, Splitting
from utils.datasets.audit import check_splits
from utils.datasets.splits import Source, Splits, split_rows
from utils.metrics.metric import Metric
from utils.networks.compiling import compile_arguments
from utils.runs.supervised import SupervisedLab
from utils.training.results import Evaluation, Fitted

TITLE = "Kind and price of goods"
PRESETS: dict[str, dict[str, Any]] = {"course": {}, "quick": {"epochs": 3}}
WORDS = ("apple", "pear", "hammer", "saw")


def accuracy(truth: Any, prediction: Any) -> float:
    """Fraction of right kinds; both are dicts of arrays."""
    return float(np.mean((prediction["kind"] >= 0.5) == truth["kind"]))


def price_error(truth: Any, prediction: Any) -> float:
    """Mean absolute error of the price."""
    return float(np.mean(np.abs(prediction["price"] - truth["price"])))


METRICS = {"accuracy": Metric(accuracy, "higher"), "price_error": Metric(price_error, "lower", "EUR")}


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Config(Optimization, Splitting, BaseConfig):
    """The hyperparameters."""

    epochs: Count = 6
    """Largest number of passes over the training split."""


def load(config: Config) -> Splits:
    """`word` (rows, 1) strings and `weight` (rows, 1) float32 to `kind` (rows,) and `price` (rows,) float32."""
    random = np.random.default_rng(0)
    numbers, weight = random.integers(0, 4, 240), random.random((240, 1)).astype("float32")
    inputs = {"word": np.array(WORDS)[numbers][:, None], "weight": weight}
    targets = {"kind": (numbers > 1).astype("float32"), "price": (weight[:, 0] * (1 + numbers)).astype("float32")}
    rows = split_rows(np.arange(240), test=config.test_fraction, validation=config.validation_fraction, seed=0)
    source = Source("goods", "generated", "sha256:goods", simulated=True)
    return check_splits(Splits(*rows.take(inputs, targets), source, target="kind_and_price"), config.batch_size)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Any:
    """CSV with the columns `word` and `weight`."""
    rows = [row for path in paths for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())]
    weights = np.array([[float(row["weight"])] for row in rows], dtype="float32")
    return {"word": np.array([[row["word"]] for row in rows]), "weight": weights}


class GoodsLab(SupervisedLab):
    """One embedding per word, two outputs."""

    definition = Definition.of(sys.modules[__name__])
    metrics = METRICS
    load = staticmethod(load)
    read = staticmethod(read)

    def build(self, config: Config, splits: Splits) -> keras.Model:
        """Raw strings and numbers in."""
        inputs = {
            "word": keras.Input((1,), dtype="string", name="word"),
            "weight": keras.Input((1,), name="weight"),
        }
        codes = keras.layers.TextVectorization(vocabulary=list(WORDS), output_sequence_length=1)(inputs["word"])
        vector = keras.layers.Flatten()(keras.layers.Embedding(len(WORDS) + 2, 4)(codes))
        hidden = keras.layers.Dense(8, activation="relu")(keras.layers.Concatenate()([vector, inputs["weight"]]))
        kind = keras.layers.Dense(1, activation="sigmoid", name="kind")(hidden)
        return keras.Model(inputs, {"kind": kind, "price": keras.layers.Dense(1, name="price")(hidden)})

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """One loss per output."""
        losses = {"kind": "binary_crossentropy", "price": "mean_squared_error"}
        return compile_arguments(config, losses, rows=len(splits.train))

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, Any]:
        """Always the first kind, at the mean price."""
        rows = len(splits.test)
        return {"constant": {"kind": np.zeros(rows), "price": np.full(rows, splits.train.targets["price"].mean())}}

    def figures(self, fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Any]:
        """None."""
        return {}


lab = GoodsLab()
if __name__ == "__main__":
    run_lab("tests.templates.named")

"""From raw rows to the inputs of a network, and from its outputs to predictions, in NumPy; `model` has the layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.foundations.config import Config
from labs.foundations.network.layers import Network
from labs.foundations.network.training import Rows
from utils.base.named_arrays import Arrays
from utils.datasets.splits import Split, Splits
from utils.datasets.tables.columns import coded

Array = NDArray[Any]

LEFT_OUT = "workingday"
"""The column that the course leaves out, as weekday and holiday imply it. Crossed with the hour it is worth having."""


@dataclass(frozen=True)
class Encoding:
    """The preprocessing of one data set, fitted on its training rows.

    Attributes:
        splits: the data.
        crossed: see the config.
        square_root: see the config.
        means: of the columns of numbers in training, (numbers,).
        stds: their standard deviations.
        mean: of the (root of the) training targets; 0 for classes.
        std: their standard deviation; 1 for classes.
    """

    splits: Splits
    crossed: bool
    square_root: bool
    means: Array
    stds: Array
    mean: float
    std: float

    @classmethod
    def of(cls, config: Config, splits: Splits) -> Encoding:
        """The encoding of a config on its data."""
        numbers = _coded(splits, splits.train.inputs)[:, numbers_of(splits)] if splits.features else np.zeros((1, 0))
        about = (splits, config.crossed, config.square_root)
        scales = numbers.mean(axis=0, dtype="float64"), numbers.std(axis=0, dtype="float64")
        if splits.class_names:
            return cls(*about, *scales, 0.0, 1.0)
        targets = np.sqrt(splits.train.targets) if config.square_root else splits.train.targets
        return cls(*about, *scales, float(targets.mean()), float(targets.std()))

    @property
    def of_images(self) -> bool:
        """Whether the inputs are images."""
        return not self.splits.features

    @property
    def outputs(self) -> int:
        """Outputs of the network: one for a number or for the probability of the second of two classes."""
        return 1 if len(self.splits.class_names) <= 2 else len(self.splits.class_names)

    @property
    def width(self) -> int:
        """Inputs of the network."""
        return int(np.prod(self.splits.train.inputs.shape[1:])) if self.of_images else len(self.names)

    @property
    def head(self) -> tuple[str, str]:
        """The activation of the output layer and the loss."""
        if not self.splits.class_names:
            return "linear", "squared_error"
        return ("sigmoid", "binary_crossentropy") if self.outputs == 1 else ("softmax", "categorical_crossentropy")

    def rows(self, part: Split) -> Rows:
        """The rows of a split as the network takes them, float32."""
        return Rows(self.encode(part.inputs), self.targets(part.targets))

    def targets(self, targets: Array) -> Array:
        """Targets (rows,) as (rows, outputs) float32: standardized numbers, 0 and 1, or one-hot classes."""
        if self.outputs > 1:
            return np.eye(self.outputs, dtype="float32")[targets]
        if self.splits.class_names:
            return targets[:, None].astype("float32")
        roots = np.sqrt(targets) if self.square_root else targets
        return (((roots - self.mean) / self.std)[:, None]).astype("float32")

    @property
    def names(self) -> list[str]:
        """The names of the encoded columns: numbers, then `column=level`; two levels are one column of 0 and 1."""
        splits = self.splits
        found = [splits.features[i] for i in numbers_of(splits)]
        for name in splits.features:
            levels = splits.categories.get(name, ())
            if name != LEFT_OUT or self.crossed:
                found += [f"{name}={level}" for level in (levels[1:] if len(levels) == 2 else levels)]
        return found + [f"hr={hour} on working days" for hour in range(24) if self.crossed]

    def encode(self, inputs: Arrays) -> Array:
        """Raw inputs of (rows, …) to (rows, columns) float32: scaled pixels, or standardized numbers and 0 and 1."""
        if self.of_images:
            return inputs.reshape(len(inputs), -1).astype("float32") / np.float32(255)
        values = _coded(self.splits, inputs)
        parts = [(values[:, numbers_of(self.splits)] - self.means) / self.stds]
        codes = dict(zip(self.splits.features, values.T, strict=True))
        for name, levels in self.splits.categories.items():
            if name != LEFT_OUT or self.crossed:
                first = 1 if len(levels) == 2 else 0
                parts.append(codes[name][:, None] == np.arange(first, len(levels)))
        if self.crossed:
            parts.append((codes["hr"][:, None] == np.arange(24)) & (codes[LEFT_OUT][:, None] == 1))
        return np.concatenate(parts, axis=1).astype("float32")

    def decode(self, outputs: Array) -> Array:
        """Outputs of a network, (rows, outputs), to predictions: (rows,) bikes per hour or (rows, classes)."""
        if self.splits.class_names:
            return outputs if self.outputs > 1 else np.concatenate([1 - outputs, outputs], axis=1)
        values = np.float32(self.std) * outputs[:, 0] + np.float32(self.mean)
        return np.square(np.maximum(values, 0)) if self.square_root else values

    def predict(self, networks: list[Network], inputs: Arrays) -> Array:
        """The forward pass in NumPy from raw inputs to predictions, averaged over the networks."""
        encoded = self.encode(inputs)
        return np.mean([self.decode(network.forward(encoded)) for network in networks], axis=0)


def _coded(splits: Splits, inputs: Arrays) -> Array:
    """The columns of a table, (rows, columns) float64; a level is its index."""
    return coded(inputs, splits.features, splits.categories)


def numbers_of(splits: Splits) -> list[int]:
    """The columns of a table that are numbers."""
    return [i for i, name in enumerate(splits.features) if name not in splits.categories]

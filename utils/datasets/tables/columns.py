"""Columns of a table: numbers, whole numbers that name a level, and words, from a file to the inputs of a model.

A table of numbers alone is one array. With categories it is a dict of arrays by column, as the rows are in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays

Array = NDArray[Any]
Levels = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Column:
    """A column of a table: a number, or one of a few levels.

    Attributes:
        name: name in the header.
        levels: levels of a categorical column, as in the file; the code of a level is its index. Empty for numbers.
        label: whether it is any text, coded in the order of appearance. For groups, not for inputs.
    """

    name: str
    levels: tuple[str, ...] = ()
    label: bool = False


def numbers(*names: str) -> tuple[Column, ...]:
    """Columns of numbers."""
    return tuple(Column(name) for name in names)


def categories(columns: Sequence[Column]) -> dict[str, tuple[str, ...]]:
    """The levels of the categorical columns, by name."""
    return {column.name: column.levels for column in columns if column.levels}


def check_takes_levels(labels: Mapping[str, Any]) -> None:
    """Refuse a run that is older than the lookups of levels inside the model.

    Args:
        labels: its `labels.json`.

    Raises:
        CallerError: the model takes codes.
    """
    if labels["features"] and labels["categories"] and not isinstance(labels["input_shape"], Mapping):
        raise CallerError(
            "the model of this run takes the codes of levels instead of the levels: it was trained by an earlier "
            "version",
            "train it again",
        )


def schema(labels: Mapping[str, Any]) -> list[Column]:
    """The input columns of a run, from its `labels.json`.

    Raises:
        CallerError: see `check_takes_levels`.
    """
    check_takes_levels(labels)
    return [Column(name, tuple(labels["categories"].get(name, ()))) for name in labels["features"]]


def typed(levels: Sequence[str]) -> Array:
    """Levels as a model takes them: int64 if all are whole numbers as Python writes them, otherwise strings."""
    whole = all(level.removeprefix("-").isdecimal() and str(int(level)) == level for level in levels)
    return np.array(levels).astype("int64") if whole else np.array(levels, dtype=str)


def raw(values: Array, features: Sequence[str], levels: Levels) -> Arrays:
    """The inputs of a model from numbers and codes, as `read_table` returns them.

    Args:
        values: (rows, features), numbers and codes of levels.
        features: names of the columns.
        levels: levels of the categorical columns, by name.

    Returns:
        (rows, features) float32 if no column has levels; otherwise (rows,) arrays by name: float32 numbers, and levels
        as of `typed`.
    """
    if not levels:
        return values.astype("float32")
    return {
        name: typed(levels[name])[column.astype("int64")] if name in levels else column.astype("float32")
        for name, column in zip(features, values.T, strict=True)
    }


def coded(inputs: Arrays, features: Sequence[str], levels: Levels) -> NDArray[np.float64]:
    """The reverse of `raw`: (rows, features) float64, numbers and codes of levels.

    Raises:
        CallerError: a value is none of the levels of its column.
    """
    if not isinstance(inputs, Mapping):
        return np.asarray(inputs[:], dtype="float64")
    return np.stack([_codes(name, inputs[name], levels.get(name, ())) for name in features], axis=1)


def _codes(name: str, values: Array, levels: Sequence[str]) -> NDArray[np.float64]:
    if not levels:
        return values.astype("float64")
    is_level = values[:, None] == typed(levels)
    unknown = ~is_level.any(axis=1)
    if unknown.any():
        raise CallerError(
            f"{name}: {values[unknown][0]} is none of {', '.join(levels)}",
            "give one of the levels of the training rows",
        )
    return is_level.argmax(axis=1).astype("float64")


def one_hot(inputs: Arrays, features: Sequence[str], levels: Levels) -> NDArray[np.float64]:
    """One-hot encode the levels and keep the numbers, for a linear model.

    Args:
        inputs: as of `raw`.
        features: names of the columns.
        levels: levels of the categorical columns, by name.

    Returns:
        (rows, numbers and levels together) float64.
    """
    parts = []
    for name, values in zip(features, coded(inputs, features, levels).T, strict=True):
        parts.append(values[:, None] == np.arange(len(levels[name])) if name in levels else values[:, None])
    return np.concatenate(parts, axis=1).astype("float64")

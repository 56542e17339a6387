"""Inputs and outputs of a model: one array, or a dict of named arrays with the same number of rows.

An array is a NumPy array (numbers or strings), or an array on disk (`utils.base.disk_rows.RowsOnDisk`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Arrays = Any
"""An array of (rows, …), or a mapping of names to such arrays."""
Result = TypeVar("Result")


def each(function: Callable[[Any], Result], arrays: Arrays) -> Any:
    """The function's value for the array, or a dict of its values for each named array."""
    if isinstance(arrays, Mapping):
        return {name: function(array) for name, array in arrays.items()}
    return function(arrays)


def listed(arrays: Arrays) -> list[Any]:
    """The arrays without their names."""
    return list(arrays.values()) if isinstance(arrays, Mapping) else [arrays]


def row_count(arrays: Arrays) -> int:
    """Number of rows."""
    return len(listed(arrays)[0])


def take(arrays: Arrays, rows: slice | NDArray[Any]) -> Arrays:
    """These rows; those of an array on disk stay on disk where they are given by number."""
    on_disk = not isinstance(rows, slice)
    return each(
        lambda array: array.take(rows) if on_disk and not isinstance(array, np.ndarray) else array[rows],
        arrays,
    )


def read(arrays: Arrays, rows: slice | NDArray[Any] = slice(None)) -> Arrays:
    """These rows, in memory."""
    return each(lambda array: np.asarray(array[rows]), arrays)


def concatenate(parts: list[Arrays]) -> Arrays:
    """The rows of several parts, one after the other."""
    if isinstance(parts[0], Mapping):
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return np.concatenate(parts)


def flatten(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays by keys that `unflatten` understands: `prefix`, or `prefix/name` for each name. Strings as Unicode."""
    named = {f"{prefix}/{name}": array for name, array in arrays.items()} if isinstance(arrays, Mapping) else {}
    found = {key: np.asarray(array[:]) for key, array in (named or {prefix: arrays}).items()}
    return {key: array.astype(str) if array.dtype.kind == "O" else array for key, array in found.items()}


def unflatten(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    """What `flatten` was given."""
    if prefix in arrays:
        return arrays[prefix]
    return {key.removeprefix(f"{prefix}/"): array for key, array in arrays.items() if key.startswith(f"{prefix}/")}


def equal(one: Arrays, other: Arrays) -> bool:
    """Whether both have the same names and the same values; NaN equals NaN."""
    if isinstance(one, Mapping) or isinstance(other, Mapping):
        both = isinstance(one, Mapping) and isinstance(other, Mapping) and one.keys() == other.keys()
        return both and all(equal(one[name], other[name]) for name in one)
    first, second = np.asarray(one), np.asarray(other)
    return np.array_equal(first, second, equal_nan=first.dtype.kind == second.dtype.kind == "f")


def largest_difference(one: Arrays, other: Arrays) -> float:
    """Largest absolute difference between two predictions of the same structure; a string differs by infinity."""
    if isinstance(one, Mapping):
        return max(largest_difference(one[name], other[name]) for name in one)
    if one.dtype.kind not in "fiub":
        return 0.0 if np.array_equal(one, other) else float("inf")
    return float(np.abs(one.astype("float64") - other).max())


def largest_value(arrays: Arrays) -> float:
    """Largest absolute number in the arrays; 0 for strings."""
    numbers = [array for array in listed(arrays) if array.dtype.kind in "fiub"]
    return max((float(np.abs(array).max()) for array in numbers), default=0.0)

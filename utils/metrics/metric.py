"""Metrics of predictions, and their confidence intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from utils.base.named_arrays import Arrays, equal, row_count, take

Array = NDArray[Any]
Scores = dict[str, dict[str, float]]

RESAMPLES = 1000
"""Number of bootstrap resamples: the ends of the 95 % interval vary by about 2 % of its width between seeds."""
FEWEST = 200
DRAWN = 10_000_000
"""For many rows there are fewer resamples: at most DRAWN rows are drawn in total, but at least FEWEST resamples."""


@dataclass(frozen=True)
class Metric:
    """A number that is computed from truth and predictions.

    Attributes:
        function: function of truth and predictions.
        better: whether lower or higher is better.
        unit: its unit; `target` means that of the target.
        decides: whether `function` takes a `threshold`: the probability from which a row is predicted as class 1.
    """

    function: Callable[..., float]
    better: Literal["lower", "higher"]
    unit: str = ""
    decides: bool = False

    def at(self, threshold: float | None) -> Metric:
        """The metric with this threshold, if it takes one; None keeps the default of the function."""
        if threshold is None or not self.decides:
            return self
        return replace(self, function=partial(self.function, threshold=threshold), decides=False)

    def unit_of(self, target_unit: str) -> str:
        """The unit of the metric, given the unit of the target."""
        return target_unit if self.unit == "target" else self.unit


@dataclass(frozen=True)
class Measured:
    """What the metrics of a model are computed from.

    Attributes:
        truth: (rows,) targets, or a dict of such arrays.
        prediction: (rows, …) predictions, or whatever the metrics compare with the targets; or a dict of such arrays.
        groups: (rows,) group labels, or None for independent rows.
    """

    truth: Arrays
    prediction: Arrays
    groups: Array | None = None

    def has_rows_of(self, other: Measured) -> bool:
        """Whether targets and groups are those of the other, row by row."""
        if (self.groups is None) != (other.groups is None):
            return False
        pairs = [(self.truth, other.truth), (self.groups, other.groups)]
        return all(equal(one, two) for one, two in pairs if one is not None)


TOLERANCE = 1e-6


def same(value: float, other: float) -> bool:
    """Whether two numbers are equal to one part in a million, or to a millionth if they are below 1.

    NaN is never equal.
    """
    return abs(value - other) <= TOLERANCE * max(1.0, abs(other))


def score(
    metrics: Mapping[str, Metric], truth: Arrays, prediction: Arrays, groups: Array | None = None, seed: int = 0
) -> Scores:
    """Each metric with its bootstrap 95 % interval (percentile method).

    The interval always contains the value: where resampling biases the metric, it is moved by the bias. Rows of one
    group are not independent, so if there are groups, whole groups are drawn (cluster bootstrap).

    Args:
        metrics: by name.
        truth: (rows,) targets, or a dict of such arrays.
        prediction: (rows, …) predictions, or a dict of such arrays.
        groups: (rows,) group labels, or None for independent rows.
        seed: seed of the resamples.

    Returns:
        `{name: {"value": …, "low": …, "high": …}}`.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 13.
    """
    measured = Measured(truth, prediction, groups)
    found = {name: metric.function(truth, prediction) for name, metric in metrics.items()}
    return {
        name: {"value": found[name], **_unbiased(_interval(values), found[name], values)}
        for name, values in _draws(metrics, measured, seed).items()
    }


def difference(
    first: tuple[Mapping[str, Metric], Measured],
    second: tuple[Mapping[str, Metric], Measured],
    *,
    paired: bool,
    seed: int = 0,
) -> Scores:
    """The second model's metric minus the first model's, with its bootstrap 95 % interval (percentile method).

    Paired: both models are evaluated on the same resample of rows (or of groups), so what makes a row difficult for
    both does not widen the interval. Not paired: the resamples of two different sets of rows are independent.

    Args:
        first: the metrics, perhaps at the threshold of this model, and its test rows.
        second: likewise.
        paired: whether both have the same rows, in the same order and with the same groups.
        seed: seed of the resamples.

    Returns:
        As `score`, for the metrics that both have.

    Raises:
        ValueError: `paired`, but the rows or their groups differ.

    Source:
        Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapters 8 and 16.
    """
    if paired and not first[1].has_rows_of(second[1]):
        raise ValueError("the two models were not tested on the same rows")
    other = seed if paired else seed + 1  # the same seed draws the same rows
    one, two = _draws(*first, seed), _draws(*second, other)
    return {name: _difference(name, first, second, one[name], two[name]) for name in first[0] if name in second[0]}


def _difference(
    name: str,
    first: tuple[Mapping[str, Metric], Measured],
    second: tuple[Mapping[str, Metric], Measured],
    one: Array,
    two: Array,
) -> dict[str, float]:
    fewest = min(len(one), len(two))  # sets of many rows have fewer resamples
    return {"value": _value(second, name) - _value(first, name), **_interval(two[:fewest] - one[:fewest])}


def _value(model: tuple[Mapping[str, Metric], Measured], name: str) -> float:
    metrics, measured = model
    return metrics[name].function(measured.truth, measured.prediction)


def _interval(values: Array) -> dict[str, float]:
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return {"low": float(low), "high": float(high)}


def _unbiased(interval: dict[str, float], value: float, values: Array) -> dict[str, float]:
    """The interval, moved by the bias of the resamples where it does not contain the value.

    Repeated rows look like an error of calibration, so the calibration error of every resample may be larger than that
    of the rows themselves.
    """
    if not (np.isfinite(value) and not interval["low"] <= value <= interval["high"]):
        return interval
    bias = float(np.nanmean(values)) - value
    low, high = interval["low"] - bias, interval["high"] - bias
    lowest = 0.0 if np.nanmin(values) >= 0 else low
    return {"low": min(value, max(low, lowest)), "high": max(value, high)}


def _draws(metrics: Mapping[str, Metric], measured: Measured, seed: int) -> dict[str, Array]:
    """Each metric on each resample, (resamples,)."""
    drawn: dict[str, list[float]] = {name: [] for name in metrics}
    for rows in _resamples(row_count(measured.truth), measured.groups, seed):
        held = take(measured.truth, rows), take(measured.prediction, rows)
        for name, metric in metrics.items():
            drawn[name].append(metric.function(*held))
    return {name: np.array(values) for name, values in drawn.items()}


def _resamples(rows: int, groups: Array | None, seed: int) -> Iterator[NDArray[np.intp]]:
    random = np.random.default_rng(seed)
    number = min(RESAMPLES, max(FEWEST, DRAWN // rows))
    if groups is None:
        return (random.integers(0, rows, rows) for _ in range(number))
    values, members = np.unique(groups, return_inverse=True)
    drawn = (random.integers(0, len(values), len(values)) for _ in range(number))
    # A row is in a resample as often as its group was drawn.
    return (np.repeat(np.arange(rows), np.bincount(each, minlength=len(values))[members]) for each in drawn)

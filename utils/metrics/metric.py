"""Metrics of predictions, and their confidence intervals."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from utils.base.named_arrays import Arrays, row_count, take

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

    Rows of one group are not independent, so if there are groups, whole groups are drawn (cluster bootstrap).

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
    drawn: dict[str, list[float]] = {name: [] for name in metrics}
    for rows in _resamples(row_count(truth), groups, seed):
        held = take(truth, rows), take(prediction, rows)
        for name, metric in metrics.items():
            drawn[name].append(metric.function(*held))
    scores = {}
    for name, metric in metrics.items():
        low, high = np.nanpercentile(drawn[name], [2.5, 97.5])
        scores[name] = {"value": metric.function(truth, prediction), "low": float(low), "high": float(high)}
    return scores


def _resamples(rows: int, groups: Array | None, seed: int) -> Iterator[NDArray[np.intp]]:
    random = np.random.default_rng(seed)
    number = min(RESAMPLES, max(FEWEST, DRAWN // rows))
    if groups is None:
        return (random.integers(0, rows, rows) for _ in range(number))
    values, members = np.unique(groups, return_inverse=True)
    drawn = (random.integers(0, len(values), len(values)) for _ in range(number))
    # A row is in a resample as often as its group was drawn.
    return (np.repeat(np.arange(rows), np.bincount(each, minlength=len(values))[members]) for each in drawn)

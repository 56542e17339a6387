"""Metrics of two classes, from truth (rows,) of 0 and 1, probabilities (rows, 2) and a threshold.

A row is predicted positive (class 1) if its probability is at least the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.base.choices import Policy
from utils.metrics.metric import Metric, score

Array = NDArray[Any]
HALF = 0.5


def found(probabilities: Array, threshold: float) -> NDArray[np.bool_]:
    """Which rows are predicted positive (class 1), (rows,)."""
    return np.asarray(probabilities[:, 1] >= threshold)


def accuracy(truth: Array, probabilities: Array, threshold: float = HALF) -> float:
    """Share of the rows that are predicted correctly."""
    return float(np.mean(found(probabilities, threshold) == truth))


def sensitivity(truth: Array, probabilities: Array, threshold: float = HALF) -> float:
    """Fraction of class 1 that is predicted positive (recall). NaN without a row of class 1."""
    sick = truth == 1
    return float(np.mean(found(probabilities, threshold)[sick])) if sick.any() else float("nan")


def specificity(truth: Array, probabilities: Array, threshold: float = HALF) -> float:
    """Fraction of class 0 that is predicted negative. NaN without a row of class 0."""
    healthy = truth == 0
    return float(np.mean(~found(probabilities, threshold)[healthy])) if healthy.any() else float("nan")


def precision(truth: Array, probabilities: Array, threshold: float = HALF) -> float:
    """Fraction of the positive predictions that are of class 1. NaN if no row is predicted positive."""
    called = found(probabilities, threshold)
    return float(np.mean(truth[called] == 1)) if called.any() else float("nan")


METRICS = {
    "accuracy": Metric(accuracy, "higher", decides=True),
    "sensitivity": Metric(sensitivity, "higher", decides=True),
    "specificity": Metric(specificity, "higher", decides=True),
}


def confusion(truth: Array, probabilities: Array, threshold: float = HALF) -> NDArray[np.intp]:
    """Rows by true and predicted class: `[[true negatives, type 1 errors], [type 2 errors, true positives]]`.

    A type 1 error is a false positive (a healthy patient who is reported as sick), a type 2 error is a false negative
    (a sick patient who is missed).

    Source:
        Neyman and Pearson, On the Problem of the Most Efficient Tests of Statistical Hypotheses, Phil. Trans. R. Soc. A
        231 (1933): the null hypothesis is that the row is negative.
    """
    return np.bincount(2 * truth + found(probabilities, threshold), minlength=4).reshape(2, 2)


def choose_threshold(truth: Array, probabilities: Array, policy: Policy, reach: float) -> float:
    """Choose a threshold by a policy, from rows on which the model was not trained.

    The candidates are the midpoints of neighbouring probabilities.

    Args:
        truth: (rows,).
        probabilities: (rows, 2).
        policy: `youden` takes the largest sum of sensitivity and specificity, of equal ones the middle one;
            `sensitivity` takes the largest threshold with at least the sensitivity `reach`.
        reach: the required sensitivity.

    Source:
        Youden, Index for rating diagnostic tests, Cancer 3 (1950).
    """
    scores = np.sort(probabilities[:, 1].astype("float64"))
    sick, healthy = (np.sort(probabilities[truth == label, 1].astype("float64")) for label in (1, 0))
    edges = np.unique(np.concatenate([[0.0], scores, [1.0]]))
    candidates = (edges[:-1] + edges[1:]) / 2
    sensitivities = 1 - np.searchsorted(sick, candidates) / len(sick)
    specificities = np.searchsorted(healthy, candidates) / len(healthy)
    if policy == "sensitivity":
        reached = np.flatnonzero(sensitivities >= reach)
        return float(candidates[reached[-1]]) if len(reached) else 0.0
    index = sensitivities + specificities
    best = np.flatnonzero(index >= index.max() - 1e-12)
    return float(candidates[best[len(best) // 2]])


def operating_points(truth: Array, probabilities: Array, thresholds: Sequence[float]) -> list[dict[str, Any]]:
    """Accuracy, sensitivity and specificity at each threshold with bootstrap 95 % intervals, and the counts.

    Returns:
        One dict per threshold: `threshold`, each metric as `{"value", "low", "high"}`, and `confusion`, rows by true
        and predicted class.
    """
    points = []
    for threshold in thresholds:
        counts = confusion(truth, probabilities, threshold)
        metrics = {name: metric.at(threshold) for name, metric in METRICS.items()}
        points.append(
            {
                "threshold": float(threshold),
                **score(metrics, truth, probabilities),
                "confusion": counts.tolist(),
            }
        )
    return points


class Band(NamedTuple):
    """A curve with its bootstrap 95 % band: four of (points,)."""

    x: Array
    y: Array
    low: Array
    high: Array


def roc(truth: Array, scores: Array) -> tuple[Array, Array]:
    """The corners of the ROC curve: false positive rates and sensitivities, from (0, 0) to (1, 1).

    Args:
        truth: (rows,) of 0 and 1.
        scores: (rows,) probabilities of class 1, or any numbers that order the rows.
    """
    from sklearn.metrics import roc_curve

    false, true, _ = roc_curve(truth, scores)
    return false, true


def roc_band(truth: Array, probabilities: Array, *, resamples: int = 500, seed: int = 0) -> Band:
    """Sensitivity by false positive rate, at 201 rates."""

    def curve(truth: Array, scores: Array, x: Array) -> Array:
        return np.interp(x, *roc(truth, scores))

    return _band(curve, truth, probabilities[:, 1], resamples, seed)


def precision_recall_band(truth: Array, probabilities: Array, *, resamples: int = 500, seed: int = 0) -> Band:
    """Precision by recall (sensitivity), at 201 recalls; a step, as precision must not be interpolated linearly.

    Source:
        Davis and Goadrich, The Relationship Between Precision-Recall and ROC Curves, ICML 2006.
    """
    from sklearn.metrics import precision_recall_curve

    def curve(truth: Array, scores: Array, x: Array) -> Array:
        precision, recall, _ = precision_recall_curve(truth, scores)
        # From the largest recall down; at each recall of the grid, the precision of the next larger recall.
        return precision[::-1][np.searchsorted(recall[::-1], x - 1e-12)]

    return _band(curve, truth, probabilities[:, 1], resamples, seed)


def _band(curve: Any, truth: Array, scores: Array, resamples: int, seed: int) -> Band:
    x = np.linspace(0, 1, 201)
    random = np.random.default_rng(seed)
    drawn: list[Array] = []
    while len(drawn) < resamples:
        rows = random.integers(0, len(truth), len(truth))
        if 0 < truth[rows].sum() < len(rows):
            drawn.append(curve(truth[rows], scores[rows], x))
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return Band(x, curve(truth, scores, x), low, high)

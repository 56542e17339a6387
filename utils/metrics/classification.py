"""Metrics of classification, from truth (rows,) class numbers and probabilities (rows, classes)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.datasets.splits import Splits
from utils.metrics.metric import Metric

Array = NDArray[Any]

# F1, log loss and AUC are implemented here (tests compare them with scikit-learn's), which take 23, 89 and 4 times
# as long for 1,000 bootstrap resamples of 1,000 rows in ten classes (48, 65 and 12 times for 624 rows in two).
BINS = 15
"""Number of equal intervals of confidence, as in Guo et al. 2017."""


def accuracy(truth: Array, probabilities: Array) -> float:
    """Share of the rows whose most probable class is correct."""
    return float(np.mean(probabilities.argmax(axis=1) == truth))


def top_2(truth: Array, probabilities: Array) -> float:
    """Share of the rows whose class is among the two most probable; of equal ones the first is preferred."""
    chance = probabilities[np.arange(len(truth)), truth][:, None]
    earlier = np.arange(probabilities.shape[1]) < truth[:, None]
    before = (probabilities > chance) | ((probabilities == chance) & earlier)
    return float(np.mean(before.sum(axis=1) < 2))


def log_loss(truth: Array, probabilities: Array) -> float:
    """Mean negative logarithm of the probability of the true class, in nats; probabilities under 1e-7 count as 1e-7."""
    chance = probabilities[np.arange(len(truth)), truth].astype("float64")
    return float(-np.mean(np.log(np.maximum(chance, 1e-7))))


def confusion(truth: Array, probabilities: Array) -> NDArray[np.intp]:
    """Rows by true class and predicted class, (classes, classes)."""
    classes = probabilities.shape[1]
    pairs = truth * classes + probabilities.argmax(axis=1)
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def f1_macro(truth: Array, probabilities: Array) -> float:
    """Mean over the classes of F1, the harmonic mean of precision and recall.

    A class that is neither in `truth` nor predicted is left out; one that is only in one of the two has an F1 of 0.
    """
    table = confusion(truth, probabilities)
    wanted = table.sum(axis=0) + table.sum(axis=1)
    return float(np.mean(2 * np.diag(table)[wanted > 0] / wanted[wanted > 0]))


def ece(truth: Array, probabilities: Array) -> float:
    """Expected calibration error: the mean difference between confidence and accuracy, over BINS intervals.

    Source:
        Guo, Pleiss, Sun and Weinberger, On Calibration of Modern Neural Networks, ICML 2017, section 2.
    """
    rows, confidence, correct = reliability(truth, probabilities)
    return float(np.sum(np.abs(correct - confidence) * rows) / len(truth))


def reliability(truth: Array, probabilities: Array) -> tuple[Array, Array, Array]:
    """Rows, mean confidence and accuracy of each of BINS intervals of confidence, three of (BINS,).

    An interval without rows has zeros.
    """
    confidence = probabilities.max(axis=1).astype("float64")
    correct = probabilities.argmax(axis=1) == truth
    # The intervals are open below and closed above, as in the paper.
    interval = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    rows = np.bincount(interval, minlength=BINS)
    held = np.maximum(rows, 1)
    return (
        rows,
        np.bincount(interval, confidence, minlength=BINS) / held,
        np.bincount(interval, correct, minlength=BINS) / held,
    )


def auc(truth: Array, probabilities: Array) -> float:
    """Area under the ROC curve; of more than two classes the mean over each class against the rest.

    It is the fraction of pairs (one row of the class and one of another) that the probability orders correctly; ties
    count half. A class with all rows or none has no such pair and is left out; NaN if no class is left.

    Source:
        Hanley and McNeil, The meaning and use of the area under a ROC curve, Radiology 143 (1982).
    """
    from scipy.stats import rankdata

    classes = probabilities.shape[1]
    areas = []
    for number in [1] if classes == 2 else range(classes):
        mine = truth == number
        pairs = int(mine.sum()) * int((~mine).sum())
        if not pairs:
            continue
        ranks = rankdata(probabilities[:, number])[mine].sum()
        areas.append((ranks - mine.sum() * (mine.sum() + 1) / 2) / pairs)
    return float(np.mean(areas)) if areas else float("nan")


METRICS = {
    "accuracy": Metric(accuracy, "higher"),
    "f1_macro": Metric(f1_macro, "higher"),
    "log_loss": Metric(log_loss, "lower", "nat"),
    "top_2": Metric(top_2, "higher"),
    "ece": Metric(ece, "lower"),
}


METRICS_AND_AUC = {"accuracy": METRICS["accuracy"], "auc": Metric(auc, "higher"), **METRICS}


def class_report(truth: Array, probabilities: Array, class_names: tuple[str, ...]) -> dict[str, Any]:
    """The confusion matrix, and precision, recall, F1 and rows of each class.

    Returns:
        `{"confusion": [[…], …], "classes": {name: {"precision", "recall", "f1", "rows"}}}`; a class that is never
        predicted has precision 0.
    """
    from sklearn.metrics import precision_recall_fscore_support

    numbers = np.arange(len(class_names))
    per_class = precision_recall_fscore_support(truth, probabilities.argmax(axis=1), labels=numbers, zero_division=0)
    classes = {
        name: {"precision": float(precision), "recall": float(recall), "f1": float(f1), "rows": int(rows)}
        for name, precision, recall, f1, rows in zip(class_names, *per_class, strict=True)
    }
    return {"confusion": confusion(truth, probabilities).tolist(), "classes": classes}


def details(splits: Splits, probabilities: Array, threshold: float | None) -> dict[str, Any]:  # noqa: ARG001
    """A lab's `details` if the most probable class is the prediction: `class_report` on test."""
    return class_report(splits.test.targets, probabilities, splits.class_names)

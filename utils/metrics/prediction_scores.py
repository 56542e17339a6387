"""The metrics and the errors of predictions that were read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from utils.base.console import say
from utils.metrics import classification, two_classes
from utils.metrics.metric import Metric, Scores, score
from utils.metrics.prediction_files import Predicted

AUC = Metric(classification.auc, "higher")
SURE = {"log_loss": classification.METRICS["log_loss"], "ece": classification.METRICS["ece"]}
"""Metrics of probabilities that add up to 1."""


def evaluated(found: Predicted, threshold: float | None) -> dict[str, Any]:
    """The metrics of one task with bootstrap intervals, and its errors.

    Returns:
        `task`, `class_names`, `kind`, `metrics`; unless the predictions are scores, also `confusion` (true class by
        predicted class), `row_proportions` of it, and `errors`: per class (of two classes for the positive one only)
        `type_1`, the false positives, and `type_2`, the false negatives, as counts, totals and rates.
    """
    at = two_classes.HALF if threshold is None else threshold
    metrics = {name: metric.at(at) for name, metric in _metrics(found).items()}
    values = {name: metric.function(found.truth, found.prediction) for name, metric in metrics.items()}
    undefined = [name for name, value in values.items() if not np.isfinite(value)]
    for name in undefined:
        say(f"note: {f'{found.task}: ' if found.task else ''}no {name}: no row is predicted positive")
        del metrics[name]
    result: dict[str, Any] = {
        "task": found.task,
        "class_names": list(found.class_names),
        "kind": found.kind,
        "metrics": score(metrics, found.truth, found.prediction),
    }
    if found.kind == "scores":
        return result
    two = len(found.class_names) == 2
    counts = (
        two_classes.confusion(found.truth, found.prediction, at)
        if two
        else classification.confusion(found.truth, found.prediction)
    )
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    named = {name: errors(counts, number) for number, name in enumerate(found.class_names)}
    if two:
        named = {found.class_names[1]: named[found.class_names[1]]}
    return {**result, "confusion": counts.tolist(), "row_proportions": shares.tolist(), "errors": named}


def _metrics(found: Predicted) -> dict[str, Metric]:
    """The metrics that the predictions allow."""
    if found.kind == "scores":
        return {"auc": AUC}
    two = len(found.class_names) == 2
    decided = {**two_classes.METRICS, "precision": Metric(two_classes.precision, "higher", decides=True)}
    several = {name: classification.METRICS[name] for name in ("accuracy", "f1_macro")}
    if found.kind == "classes":
        return decided if two else several
    return {"auc": AUC, **(decided if two else several), **(SURE if found.sums else {})}


def errors(counts: Any, number: int) -> dict[str, Any]:
    """Type 1 errors (other rows predicted as this class) and type 2 errors (its rows predicted as another one)."""
    of_class, right = int(counts[number].sum()), int(counts[number, number])
    others, false = int(counts.sum()) - of_class, int(counts[:, number].sum()) - right
    return {
        "type_1": {"name": "false positives", "count": false, "of": others, "rate": false / others},
        "type_2": {
            "name": "false negatives",
            "count": of_class - right,
            "of": of_class,
            "rate": (of_class - right) / of_class if of_class else None,
        },
    }


def mean_auc(found: Sequence[Predicted]) -> Scores:
    """The mean of the AUC over the tasks; the intervals are of rows that are drawn for all tasks together."""
    if any(each.kind == "classes" for each in found):
        return {}

    def mean(truth: Any, prediction: Any) -> float:
        pairs = zip(truth.T, np.moveaxis(prediction, 1, 0), strict=True)
        return float(np.mean([classification.auc(one, other) for one, other in pairs]))

    truth = np.stack([each.truth for each in found], axis=1)
    prediction = np.stack([each.prediction for each in found], axis=1)
    return score({"auc": Metric(mean, "higher")}, truth, prediction)

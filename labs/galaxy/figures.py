"""The lab's pictures: how it learned, what it takes for what, and where it is surely wrong."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from utils import figures
from utils.contracts import Evaluation, Fitted
from utils.report import interval


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves, confusion matrix, reliability, the surest mistakes; by file name."""
    splits, test = fitted.splits, fitted.splits.test
    probabilities, scores = evaluation.predictions["test"], evaluation.metrics["test"]
    return {
        "learning_curves": figures.learning_curves(
            fitted.progress.history, fitted.kept_epoch, label="cross-entropy (nat)"
        ),
        "confusion": figures.confusion_matrix(
            evaluation.details["confusion"], splits.class_names, note=f"accuracy {interval(scores['accuracy'])}"
        ),
        "reliability": figures.reliability(test.targets, probabilities, note=f"ECE {interval(scores['ece'])}"),
        "wrong": figures.most_confidently_wrong(test.inputs, test.targets, probabilities, splits.class_names),
    }

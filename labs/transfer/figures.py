"""The lab's pictures: how it learned, what it takes for what, and where it is surely wrong."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from utils import figures, picture_figures
from utils.contracts import Evaluation, Fitted
from utils.report import interval


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves, confusion, reliability, surest hits and mistakes, and what the network sees; by file name."""
    splits, test = fitted.splits, fitted.splits.test
    probabilities, scores = evaluation.predictions["test"], evaluation.metrics["test"]
    return {
        "learning_curves": figures.learning_curves(
            fitted.progress.history,
            fitted.kept_epoch,
            label="loss: cross-entropy and penalty (nat)",
            phases=fitted.progress.phases,
        ),
        "confusion": figures.confusion_matrix(
            evaluation.details["confusion"], splits.class_names, note=f"accuracy {interval(scores['accuracy'])}"
        ),
        "reliability": figures.reliability(test.targets, probabilities, note=f"ECE {interval(scores['ece'])}"),
        "wrong": picture_figures.surest(test.inputs, test.targets, probabilities, splits.class_names),
        **picture_figures.inside(fitted, evaluation),
    }

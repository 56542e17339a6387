"""The figures of the lab: learning curves, confusion matrix, calibration and the most confident wrong predictions."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from utils.base.text_tables import interval
from utils.figures import image_sheets, plots
from utils.training.results import Evaluation, Fitted


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves, confusion matrix, calibration, most confident predictions and explanations, by file name."""
    splits, test = fitted.splits, fitted.splits.test
    probabilities, scores = evaluation.predictions["test"], evaluation.metrics["test"]
    return {
        "learning_curves": plots.learning_curves(
            fitted.progress.history, fitted.kept_epoch, label="cross-entropy (nat)"
        ),
        "confusion": plots.confusion_matrix(
            evaluation.details["confusion"], splits.class_names, note=f"accuracy {interval(scores['accuracy'])}"
        ),
        "reliability": plots.reliability(test.targets, probabilities, note=f"ECE {interval(scores['ece'])}"),
        "wrong": image_sheets.most_confident(test.inputs, test.targets, probabilities, splits.class_names),
        **image_sheets.network_views(fitted, evaluation),
    }

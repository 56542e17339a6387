"""The figures of the lab."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from utils.base.text_tables import interval
from utils.figures import plots
from utils.training.results import Evaluation, Fitted


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves and calibration, by file name."""
    probabilities, scores = evaluation.predictions["test"], evaluation.metrics["test"]
    progress = fitted.progress
    return {
        "learning_curves": plots.learning_curves(progress.history, fitted.kept_epoch, label="cross-entropy (nat)"),
        "reliability": plots.reliability(
            fitted.splits.test.targets, probabilities, note=f"ECE {interval(scores['ece'])}"
        ),
    }

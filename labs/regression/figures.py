"""The figures of the lab: learning curves, predictions, residuals and permutation importance."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure

from utils.base.text_tables import interval
from utils.export.predictor import predictor
from utils.figures import plots
from utils.networks.explain import permutation_importance
from utils.training.results import Evaluation, Fitted


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves, predicted against measured values, residuals and permutation importance, by file name."""
    splits, test = fitted.splits, fitted.splits.test
    prediction = evaluation.predictions["test"]
    strength = f"{splits.target.replace('_', ' ')} ({splits.unit})"
    metric = fitted.lab.metrics["rmse"]
    drops = permutation_importance(predictor(fitted.model).predict, test.inputs, test.targets, metric)
    scores = evaluation.metrics["test"]
    note = f"RMSE {interval(scores['rmse'])} {splits.unit}, R² {interval(scores['r2'])}"
    penalised = any(layer.losses for layer in fitted.model.layers)
    curve = f"√(loss + penalty) ({splits.unit})" if penalised else f"RMSE ({splits.unit})"
    return {
        "learning_curves": plots.learning_curves(fitted.progress.history, fitted.kept_epoch, label=curve, root=True),
        "predicted": plots.predicted_against_true(test.targets, prediction, label=strength, note=note),
        "residuals": plots.residuals(test.targets, prediction, label=strength),
        "importance": plots.importance(splits.features, drops, label=f"increase of RMSE ({splits.unit})"),
    }

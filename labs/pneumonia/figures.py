"""The figures of the lab: learning curves, and the predictions by the measures of medicine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from labs.pneumonia.config import FIXED
from utils.base.text_tables import interval, number
from utils.figures import image_sheets, plots
from utils.figures.plots import BLUE, GREEN, GREY, ORANGE, RED
from utils.figures.thresholds import Curve, Point, draw_roc
from utils.metrics import two_classes
from utils.training.results import Evaluation, Fitted


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves, ROC, precision and recall, thresholds, confusion matrix, calibration and more, by file name."""
    splits, test = fitted.splits, fitted.splits.test
    probabilities = evaluation.predictions["test"]
    scores, chosen = evaluation.metrics["test"], evaluation.details["chosen"]
    at = f"threshold {number(chosen['threshold'])}, chosen on validation"
    return {
        "learning_curves": plots.learning_curves(
            fitted.progress.history, fitted.kept_epoch, label="cross-entropy (nat)"
        ),
        "roc": roc(evaluation, test.targets),
        "precision_recall": precision_recall(evaluation, test.targets),
        "thresholds": thresholds(evaluation, fitted),
        "confusion": plots.confusion_matrix(
            chosen["confusion"], splits.class_names, note=f"{at}\naccuracy {interval(scores['accuracy'])}"
        ),
        "reliability": plots.reliability(test.targets, probabilities, note=f"ECE {interval(scores['ece'])}"),
        "by_kind": by_kind(evaluation.details["by_kind"], splits.class_names, at),
        "wrong": image_sheets.most_confident(
            test.inputs, test.targets, probabilities, splits.class_names, threshold=evaluation.threshold
        ),
        **image_sheets.network_views(fitted, evaluation),
    }


def roc(evaluation: Evaluation, truth: Any) -> Figure:
    """The ROC curve with its bootstrap band and the operating points."""
    probabilities = evaluation.predictions["test"]
    curve = Curve.of(truth, probabilities[:, 1], "network", two_classes.roc_band(truth, probabilities))
    figure, axes = plots.new_figure(
        f"ROC curve, test split\nAUC {interval(evaluation.metrics['test']['auc'])}", size=(5.4, 5.2)
    )
    points = [
        Point(
            1 - point["specificity"]["value"], point["sensitivity"]["value"], _name(point, evaluation), colour, marker
        )
        for point, colour, marker in _points(evaluation)
    ]
    draw_roc(axes, [curve], points)
    return plots.captioned(
        figure,
        "The closer the curve is to the upper left corner, the better the model separates the classes; each marker is "
        "one threshold.",
    )


def precision_recall(evaluation: Evaluation, truth: Any) -> Figure:
    """The precision-recall curve with its bootstrap band, and the precision of chance: the fraction of positives."""
    band = two_classes.precision_recall_band(truth, evaluation.predictions["test"])
    figure, axes = plots.new_figure("Precision-recall curve, test split", size=(5.4, 5.2))
    axes.fill_between(
        band.x, band.low, band.high, color=BLUE, alpha=0.2, linewidth=0, step="pre", label="95 % band (bootstrap)"
    )
    axes.step(band.x, band.y, where="pre", color=BLUE, linewidth=2, label="network")
    share = float(np.mean(truth == 1))
    axes.axhline(share, color=GREY, linewidth=1, linestyle=":", label=f"chance: {share:.0%} are positive")
    axes.set_ylim(max(0, min(0.5, share - 0.2)), 1.01)  # room for the legend below the line
    axes.set_xlabel("recall (sensitivity)")
    axes.set_ylabel("precision")
    axes.legend(frameon=False, loc="lower left")
    return plots.captioned(
        figure,
        "Precision is the fraction of the positive predictions that are right; it should stay high while recall grows.",
    )


def thresholds(evaluation: Evaluation, fitted: Fitted) -> Figure:
    """Sensitivity and specificity by threshold, on validation (where it is chosen) and on test."""
    figure, axes = plots.new_figure("Sensitivity and specificity by threshold", size=(8.0, 4.0))
    grid = np.linspace(0, 1, 201)
    parts = fitted.splits.parts()
    for metric, colour in ((two_classes.sensitivity, BLUE), (two_classes.specificity, ORANGE)):
        for split, style in (("validation", "--"), ("test", "-")):
            truth, probabilities = parts[split].targets, evaluation.predictions[split]
            values = [metric(truth, probabilities, at) for at in grid]
            axes.plot(grid, values, style, color=colour, linewidth=2, label=f"{metric.__name__}, {split}")
    axes.axvline(
        evaluation.details["chosen"]["threshold"], color=RED, linewidth=1.5, linestyle=":", label="chosen on validation"
    )
    axes.set_xlabel("threshold on the probability of the positive class")
    axes.set_ylabel("sensitivity, specificity")
    figure.legend(frameon=False, loc="outside right center")
    return plots.captioned(
        figure,
        "A lower threshold finds more of the positive class and raises more false alarms; the dotted line is the one "
        "that the run uses.",
    )


def by_kind(kinds: Mapping[str, Mapping[str, Any]], class_names: tuple[str, ...], note: str) -> Figure:
    """Fraction of the radiographs of each kind that are predicted positive, with Wilson's 95 % interval."""
    figure, axes = plots.new_figure(f"Predicted {class_names[1]} by kind, test split\n{note}", size=(6.4, 3.2))
    names = list(kinds)
    for row, name in enumerate(names):
        held, called = kinds[name]["rows"], kinds[name]["called_class_1"]
        low, high = plots.wilson(called / held, held)
        axes.barh(row, called / held, color=GREEN if name == class_names[0] else BLUE)
        axes.plot([low, high], [row, row], color=GREY, linewidth=3)
        axes.text(1.02, row, f"{called} of {held}", va="center")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, 1)
    axes.set_xlabel(f"fraction predicted {class_names[1]}")
    axes.grid(visible=False, axis="y")
    return plots.captioned(
        figure,
        "For kinds of the positive class a longer bar is better, for the negative class a shorter one; thick lines are "
        "95 % intervals.",
    )


def _points(evaluation: Evaluation) -> list[tuple[dict[str, Any], str, str]]:
    """The operating points with a colour and a marker each, the chosen one first."""
    points = [evaluation.details["chosen"], *(evaluation.details["fixed"][f"{at:g}"] for at in FIXED)]
    return list(zip(points, (RED, ORANGE, GREEN, "black"), ("*", "v", "o", "^"), strict=True))


def _name(point: Mapping[str, Any], evaluation: Evaluation) -> str:
    chosen = point is evaluation.details["chosen"]
    return f"threshold {number(point['threshold'])}{', chosen on validation' if chosen else ''}"

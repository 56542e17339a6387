"""The figures of the lab: learning curves, and what the data set asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from numpy.typing import NDArray

from labs.foundations.points import COLOURS, curve
from utils.base.text_tables import interval
from utils.export.predictor import predictor
from utils.figures import image_sheets, plots
from utils.training.results import Evaluation, Fitted

Array = NDArray[Any]
RED_GREEN = LinearSegmentedColormap.from_list("red_green", ["#D55E00", "#FFFFFF", "#009E73"])
"""From the red of the points over white to their green; the two can be told apart by the colour-blind."""


def draw(fitted: Fitted, evaluation: Evaluation) -> Mapping[str, Figure]:
    """Learning curves and the figures of the data set, by file name."""
    splits = fitted.splits
    label = "MSE of the standardized target" if not splits.class_names else "cross-entropy (nat)"
    drawn = {"learning_curves": _curves(fitted, label)}
    if splits.source.name == "points":
        return drawn | {"boundary": _boundary(fitted)}
    if not splits.class_names:
        return drawn | _of_numbers(fitted, evaluation)
    return drawn | _of_classes(fitted, evaluation)


def _curves(fitted: Fitted, label: str) -> Figure:
    progress = fitted.progress
    figure = plots.learning_curves(progress.history, fitted.kept_epoch, label=label, phases=progress.phases)
    if fitted.config.average:
        axes = figure.axes[0]
        (kept,) = (line for line in axes.lines if str(line.get_label()).startswith("weights kept"))
        kept.set_label("weights kept: one epoch of each restart")
        axes.legend(frameon=False)
    return figure


def _of_numbers(fitted: Fitted, evaluation: Evaluation) -> dict[str, Figure]:
    splits, prediction = fitted.splits, evaluation.predictions["test"]
    label = f"{splits.target} ({splits.unit})"
    note = f"RMSE {interval(evaluation.metrics['test']['rmse'])} {splits.unit}"
    figure, axes = plots.new_figure("The test days, hour by hour", size=(11, 4.2))
    hours = np.arange(len(prediction))
    axes.plot(hours, splits.test.targets, color=plots.GREY, linewidth=1.5, label="measured")
    axes.plot(hours, prediction, color=plots.BLUE, linewidth=1.5, label="predicted")
    assert splits.test.groups is not None, "the days"
    starts = np.flatnonzero(np.diff(splits.test.groups, prepend=-1))
    axes.set_xticks(starts, [str(day) for day in range(1, len(starts) + 1)])
    axes.set_xlabel("day of the test split")
    axes.set_ylabel(label)
    axes.legend(frameon=False, title=note)
    plots.captioned(
        figure,
        "Each tick is the start of a day. Where the two lines part for whole days, the days differ from those that the "
        "network was trained on.",
    )
    return {
        "hours": figure,
        "predicted": plots.predicted_against_true(splits.test.targets, prediction, label=label, note=note),
        "residuals": plots.residuals(splits.test.targets, prediction, label=label),
    }


def _of_classes(fitted: Fitted, evaluation: Evaluation) -> dict[str, Figure]:
    splits, scores = fitted.splits, evaluation.metrics["test"]
    probabilities = evaluation.predictions["test"]
    note = f"accuracy {interval(scores['accuracy'])}"
    drawn = {
        "confusion": plots.confusion_matrix(evaluation.details["confusion"], splits.class_names, note=note),
        "reliability": plots.reliability(splits.test.targets, probabilities, note=f"ECE {interval(scores['ece'])}"),
    }
    if not splits.features:
        test = splits.test
        drawn["wrong"] = image_sheets.most_confident(test.inputs, test.targets, probabilities, splits.class_names)
    return drawn


def boundary(axes: Axes, green: Callable[[Array], Array]) -> QuadContourSet:
    """Draw the probability of green over the plane, the line where it is ½, and the curve of the generated points.

    Args:
        axes: to draw on.
        green: from points (points, 2) float32 to the probability of green, (points,).

    Returns:
        The filled areas, for a colour bar.
    """
    across = np.linspace(-1, 1, 121, dtype="float32")
    plane = np.stack(np.meshgrid(across, across), axis=-1).reshape(-1, 2)
    values = np.asarray(green(plane)).reshape(len(across), -1)
    filled = axes.contourf(across, across, values, levels=np.linspace(0, 1, 11), cmap=RED_GREEN, alpha=0.6)
    axes.contour(across, across, values, levels=[0.5], colors="black", linewidths=2)
    axes.plot(across, curve(across), color="black", linewidth=1.5, linestyle=":")
    axes.set(xlim=(-1, 1), ylim=(-1, 1), xlabel="x1", ylabel="x2", aspect="equal")
    return filled


def coloured(axes: Axes, places: Array, colours: Array, part: str = "") -> None:
    """Draw red discs and green squares.

    Args:
        axes: to draw on.
        places: (points, 2).
        colours: the classes, (points,).
        part: name of the split, for the legend.
    """
    for number, (colour, marker) in enumerate((("#D55E00", "o"), ("#009E73", "s"))):
        name = f"{COLOURS[number]} ({part})" if part else COLOURS[number]
        axes.scatter(*places[colours == number].T, color=colour, marker=marker, edgecolor="white", label=name)


def _boundary(fitted: Fitted) -> Figure:
    """The probability of green over the plane, with the test points and the curve that they were generated with."""
    figure, axes = plots.new_figure("Decision boundary", size=(6.6, 5.6))
    filled = boundary(axes, lambda plane: predictor(fitted.model).predict(plane)[:, 1])
    coloured(axes, fitted.splits.test.inputs, fitted.splits.test.targets, "test")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), frameon=False, ncols=2)
    figure.colorbar(filled, ax=axes, label="probability of green")
    return plots.captioned(
        figure,
        "The solid line is where both colours are equally probable; the dotted line is the curve that the points were "
        "generated with. A network without a hidden layer can only draw a straight line.",
    )

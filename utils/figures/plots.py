"""Plots that several labs share, in the colour-blind safe palette of Okabe and Ito.

Figures are created without pyplot, which would keep them in a global state and could open a window.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from utils.metrics import classification

Array = NDArray[Any]

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
SIZE = (6.4, 4.0)


def captioned(figure: Figure, sentence: str) -> Figure:
    """The figure with a sentence on how to read it, which a run's page shows below it.

    The sentence is kept as the label of the figure (`get_label`), which Matplotlib does not draw.
    """
    figure.set_label(sentence)
    return figure


def new_figure(title: str, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes and a light grid.

    Args:
        title: one or more lines.
        size: width and height, in inches.
    """
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


CURVES = (
    "Both losses fall while the network learns; where the validation loss rises and the training loss still falls, the "
    "network overfits."
)
"""How to read learning curves."""


def learning_curves(
    history: Sequence[dict[str, float]],
    kept_epoch: int,
    *,
    label: str,
    root: bool = False,
    phases: Mapping[str, int] | None = None,
) -> Figure:
    """Plot the training and validation loss per epoch and mark the epoch whose weights were kept.

    Args:
        history: one row per epoch, with `epoch`, `loss` and `val_loss`.
        kept_epoch: epoch whose weights were kept.
        label: label of the vertical axis, with the unit.
        root: plot the square root of the loss, to show a mean squared error in the unit of the target.
        phases: number of epochs by phase, in order.
    """
    figure, axes = new_figure("Learning curves")
    epochs = [row["epoch"] for row in history]
    for key, name, colour, style in (
        ("loss", "training", BLUE, "-"),
        ("val_loss", "validation", ORANGE, "--"),
    ):
        values = np.array([row[key] for row in history])
        axes.plot(
            epochs,
            np.sqrt(values) if root else values,
            color=colour,
            linestyle=style,
            linewidth=2,
            marker="o" if len(epochs) < 3 else None,  # a single epoch has no line
            label=name,
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.axvline(kept_epoch, color=GREY, linestyle=":", linewidth=1.5, label=f"weights kept: epoch {kept_epoch}")
    values = np.array([[row["loss"], row["val_loss"]] for row in history])
    if values.max() > 20 * values.min() > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    if phases and len(phases) > 1:
        _name_phases(axes, phases)
    axes.legend(frameon=False)
    return captioned(
        figure,
        CURVES,
    )


def _name_phases(axes: Axes, phases: Mapping[str, int]) -> None:
    """Write the name of each phase above its epochs and draw a line between phases."""
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=12, pad=20)  # above the names
    done = 0
    for name, epochs in phases.items():
        if done:
            axes.axvline(done + 0.5, color=GREY, linewidth=1)
        axes.text(done + 0.5 + epochs / 2, 1.01, name, transform=axes.get_xaxis_transform(), ha="center", color=GREY)
        done += epochs


def predicted_against_true(truth: Array, prediction: Array, *, label: str, note: str) -> Figure:
    """Plot the predicted against the measured value of each test row.

    Args:
        truth: (rows,).
        prediction: (rows,).
        label: name of the quantity, with the unit.
        note: second line of the title, for example the metrics.
    """
    figure, axes = new_figure(f"Predicted vs. measured values, test split\n{note}", size=(5.4, 5.2))
    limits = [min(truth.min(), prediction.min()), max(truth.max(), prediction.max())]
    axes.plot(limits, limits, color=GREY, linewidth=1.5, label="predicted = measured")
    axes.scatter(truth, prediction, s=22, color=BLUE, alpha=0.7, linewidths=0, label="test rows")
    axes.set_xlabel(f"measured {label}")
    axes.set_ylabel(f"predicted {label}")
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="upper left")
    return captioned(
        figure,
        "Each point is a test row: the closer it is to the line, the better the prediction; points below the line are "
        "predicted too low.",
    )


def residuals(truth: Array, prediction: Array, *, label: str) -> Figure:
    """Plot the residuals (predicted minus measured) against the predictions, with their histogram.

    Args:
        truth: (rows,).
        prediction: (rows,).
        label: name of the quantity, with the unit.
    """
    figure = Figure(figsize=SIZE, layout="constrained")
    points, counts = figure.subplots(1, 2, sharey=True, width_ratios=[5, 2])
    figure.suptitle("Residuals, test split", x=0.01, ha="left", fontsize=12)
    errors = prediction - truth
    points.scatter(prediction, errors, s=22, color=BLUE, alpha=0.7, linewidths=0)
    counts.hist(errors, bins=20, orientation="horizontal", color=BLUE)
    for axes in (points, counts):
        axes.axhline(0, color=GREY, linewidth=1.5)
        axes.grid(color="#DDDDDD", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    points.set_xlabel(f"predicted {label}")
    points.set_ylabel(f"predicted − measured\n{label}")
    counts.set_xlabel("test rows")
    counts.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    return captioned(
        figure,
        "The errors should scatter evenly around zero; a trend or a funnel shows values for which the model is biased "
        "or less accurate.",
    )


def importance(names: Sequence[str], drops: Array, *, label: str) -> Figure:
    """Plot the permutation importance of each feature, largest first, with the standard deviation over the shuffles.

    Args:
        names: names of the features.
        drops: (features, repeats) change of the metric after shuffling a feature; positive is worse.
        label: label of the horizontal axis, with the unit.
    """
    figure, axes = new_figure("Permutation importance of the features, test split")
    order = np.argsort(drops.mean(axis=1))
    axes.barh(
        [names[i].replace("_", " ") for i in order],
        drops.mean(axis=1)[order],
        xerr=drops.std(axis=1)[order],
        color=BLUE,
        error_kw={"ecolor": GREY, "capsize": 3},
    )
    axes.set_xlabel(label)
    axes.grid(visible=False, axis="y")
    return captioned(
        figure,
        "The longer the bar, the more the error grows if the values of this feature are shuffled: the model relies on "
        "it.",
    )


ERROR_TYPES = (
    ("true\nnegatives", "type 1 errors:\nfalse positives"),
    ("type 2 errors:\nfalse negatives", "true\npositives"),
)
"""The cells of a confusion matrix of two classes, of which the second is the positive one."""


def confusion_matrix(
    table: Sequence[Sequence[int]],
    class_names: Sequence[str],
    *,
    note: str,
    rows: str = "test split",
    cells: Sequence[Sequence[str]] = (),
) -> Figure:
    """Plot a confusion matrix: one row per true class, one column per predicted class.

    Each cell has its count and, below, its fraction of the true class, which is also its colour.

    Args:
        table: (classes, classes) counts.
        class_names: by class number.
        note: second line of the title, for example the metrics.
        rows: what is counted, for the title.
        cells: the name of each cell, such as `ERROR_TYPES`; empty for none.
    """
    counts = np.asarray(table)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.2, 0.6 * len(class_names) + 1.8)
    figure, axes = new_figure(f"Confusion matrix, {rows}\n{note}", size=(side + 0.6, side))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(*counts.shape):
        colour = "white" if shares[row, column] > 0.5 else "black"
        if counts[row, column] or cells:
            text = f"{counts[row, column]:,}\n{proportion(shares[row, column])}"
            text = f"{cells[row][column]}\n{text}" if cells else text
            axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=9 if cells else 8)
    ticks = range(len(class_names))
    rotated = max(map(len, class_names)) > 3
    axes.set_xticks(ticks, list(class_names), rotation=45 if rotated else 0, ha="right" if rotated else "center")
    axes.set_yticks(ticks, list(class_names))
    axes.set_xlabel("predicted class\n(counts, and % of the true class)")
    axes.set_ylabel("true class")
    return captioned(
        figure,
        "Correct predictions are on the diagonal; every other cell counts rows of the class on the left that were "
        "predicted as the class below.",
    )


def proportion(share: float) -> str:
    """A fraction in percent. Only an exact one is `0 %` or `100 %`: `<1 %`, `98 %`, `>99 %`."""
    if 0 < share < 0.005:
        return "<1 %"
    return ">99 %" if 0.995 <= share < 1 else f"{share:.0%}".replace("%", " %")


def reliability(truth: Array, probabilities: Array, *, note: str) -> Figure:
    """Plot a reliability diagram: accuracy by predicted probability, above a histogram of the predicted probabilities.

    Args:
        truth: (rows,) class numbers.
        probabilities: (rows, classes).
        note: second line of the title, for example the calibration error.
    """
    rows, confidence, correct = classification.reliability(truth, probabilities)
    filled = rows > 0
    figure = Figure(figsize=(5.4, 5.6), layout="constrained")
    axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    axes.set_title(f"Calibration (reliability diagram), test split\n{note}", loc="left", fontsize=12)
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1.5, label="perfect calibration")
    axes.vlines(confidence[filled], *wilson(correct[filled], rows[filled]), color=BLUE, linewidth=1.5, alpha=0.6)
    axes.plot(confidence[filled], correct[filled], "o", color=BLUE, label="accuracy, with 95% interval")
    edges = np.linspace(0, 1, len(rows) + 1)
    counts.bar(edges[:-1], rows, width=1 / len(rows), align="edge", color=BLUE, edgecolor="white")
    counts.set_yscale("symlog")
    counts.set_xlabel("probability of the predicted class")
    counts.set_ylabel("rows")
    axes.set_ylabel("accuracy")
    axes.legend(frameon=False, loc="upper left")
    for plot in (axes, counts):
        plot.grid(color="#DDDDDD", linewidth=0.6)
        plot.set_axisbelow(True)
        plot.spines[["top", "right"]].set_visible(False)
    return captioned(
        figure,
        "Points on the diagonal mean that the probabilities can be trusted; below it, the model is more confident than "
        "it is accurate.",
    )


def wilson(share: Any, rows: Any) -> tuple[Any, Any]:
    """The Wilson score interval (95%) of a proportion.

    Args:
        share: observed proportions, a number or an array.
        rows: number of rows that each proportion was counted in.

    Returns:
        Lower and upper ends.

    Source:
        Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927).
    """
    z = 1.96
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return middle - half, middle + half

"""Pictures that several labs draw. Colours are Okabe and Ito's, told apart by every kind of colour vision.

Figures are made without pyplot: nothing is kept in a global state, no window system is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

Array = NDArray[Any]

BLUE, ORANGE, GREEN, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#666666"
SIZE = (6.4, 4.0)


def new_figure(title: str, size: tuple[float, float] = SIZE) -> tuple[Figure, Axes]:
    """An empty figure of one plot, `size` in inches, with a quiet grid."""
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=12)
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def learning_curves(history: Sequence[dict[str, float]], kept_epoch: int, *, label: str, root: bool = False) -> Figure:
    """Loss on training and validation by epoch, and the epoch whose weights were kept.

    Args:
        history: rows with `epoch`, `loss` and `val_loss`.
        kept_epoch: the epoch whose weights were kept.
        label: of the vertical axis, with its unit.
        root: draw the root of the loss, so that a squared error is in the target's unit.
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
            label=name,
        )
    axes.axvline(kept_epoch, color=GREY, linestyle=":", linewidth=1.5, label=f"kept: epoch {kept_epoch}")
    values = np.array([[row["loss"], row["val_loss"]] for row in history])
    if values.max() > 20 * values.min() > 0:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.legend(frameon=False)
    return figure


def predicted_against_true(truth: Array, prediction: Array, *, label: str, note: str) -> Figure:
    """Each test row as a point; on the diagonal the prediction is right.

    Args:
        truth: (rows,).
        prediction: (rows,).
        label: of the quantity, with its unit.
        note: a line under the title: the metrics.
    """
    figure, axes = new_figure(f"Predicted against measured, test split\n{note}", size=(5.4, 5.2))
    limits = [min(truth.min(), prediction.min()), max(truth.max(), prediction.max())]
    axes.plot(limits, limits, color=GREY, linewidth=1.5, label="predicted = measured")
    axes.scatter(truth, prediction, s=22, color=BLUE, alpha=0.7, linewidths=0, label="a test row")
    axes.set_xlabel(f"measured {label}")
    axes.set_ylabel(f"predicted {label}")
    axes.set_aspect("equal")
    axes.legend(frameon=False, loc="upper left")
    return figure


def residuals(truth: Array, prediction: Array, *, label: str) -> Figure:
    """Predicted minus true against predicted, with the spread of the residuals at the side."""
    figure = Figure(figsize=SIZE, layout="constrained")
    points, counts = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1])
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
    points.set_ylabel(f"predicted − measured {label}")
    counts.set_xlabel("test rows")
    return figure


def importance(names: Sequence[str], drops: Array, *, label: str) -> Figure:
    """Permutation importance as bars, largest first, with the standard deviation over the shuffles.

    Args:
        names: of the features.
        drops: (features, repeats), positive is worse.
        label: of the horizontal axis, with its unit.
    """
    figure, axes = new_figure("What the model uses: a column shuffled, test split")
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
    return figure

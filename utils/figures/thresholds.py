"""Figures of predictions at every threshold: ROC curves in both conventions, and a threshold that moves."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures.plots import BLUE, GREEN, GREY, ORANGE, RED, captioned
from utils.metrics import two_classes

Array = NDArray[Any]
Convention = Literal["false positive rate", "specificity"]

STYLES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (RED, ":"), ("black", (0, (5, 1))), (GREY, (0, (1, 1)))]
LEGEND = 10
"""Largest number of curves that are named in a legend."""


class Point(NamedTuple):
    """A threshold on a ROC curve."""

    false_positive_rate: float
    sensitivity: float
    label: str
    colour: str = RED
    marker: str = "*"


class Curve(NamedTuple):
    """A ROC curve: its corners, its name, and perhaps its bootstrap band."""

    false_positive_rates: Array
    sensitivities: Array
    label: str
    band: two_classes.Band | None = None

    @classmethod
    def of(cls, truth: Array, scores: Array, label: str, band: two_classes.Band | None = None) -> Curve:
        """The curve of (rows,) truth of 0 and 1 and (rows,) scores of class 1."""
        return cls(*two_classes.roc(truth, scores), label, band)


def draw_roc(
    axes: Axes, curves: Sequence[Curve], points: Sequence[Point] = (), convention: Convention = "false positive rate"
) -> None:
    """Draw ROC curves and the diagonal of chance.

    Args:
        axes: where to draw.
        curves: one or more.
        points: operating points.
        convention: the horizontal axis. `false positive rate` is the usual one, whose best corner is the upper left;
            with `specificity`, which is 1 minus that, the curve is mirrored and the best corner is the upper right.
    """

    def across(rate: Any) -> Any:
        return rate if convention == "false positive rate" else 1 - rate

    for number, (false, true, label, band) in enumerate(curves):
        colour, style = STYLES[number % len(STYLES)]
        if band is not None:
            name = "95 % band (bootstrap)"
            axes.fill_between(across(band.x), band.low, band.high, color=colour, alpha=0.2, linewidth=0, label=name)
        named = label if number < LEGEND else None
        axes.plot(across(false), true, linestyle=style, color=colour, linewidth=2, label=named)
    axes.plot(across(np.array([0, 1])), [0, 1], color=GREY, linewidth=1, linestyle=":", label="chance")
    for at in points:
        star = at.marker == "*"
        axes.plot(
            across(at.false_positive_rate),
            at.sensitivity,
            at.marker,
            color=at.colour,
            markersize=13 if star else 8,
            zorder=4 if star else 3,  # the chosen point may lie on a fixed one
            label=at.label,
        )
    usual = convention == "false positive rate"
    axes.set_xlabel("false positive rate (1 − specificity)" if usual else "specificity (true negative rate)")
    axes.set_ylabel("true positive rate (sensitivity)" if usual else "sensitivity (true positive rate)")
    axes.set_aspect("equal")
    axes.legend(frameon=False, fontsize=8, loc="lower right" if usual else "lower left")


def roc_conventions(curves: Sequence[Curve], points: Sequence[Point], *, title: str) -> Figure:
    """The same ROC curves in both conventions: against the false positive rate, and against the specificity.

    Args:
        curves: see `draw_roc`, also for `points`.
        points: operating points.
        title: one or more lines.
    """
    figure = Figure(figsize=(9.6, 5.5), layout="compressed")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    names: tuple[Convention, Convention] = ("false positive rate", "specificity")
    for axes, convention in zip(figure.subplots(1, 2), names, strict=True):
        _plain(axes)
        draw_roc(axes, curves, points, convention)
    return captioned(
        figure,
        "Left: the usual convention, best in the upper left corner. Right: sensitivity against specificity, the same "
        "curve mirrored, best in the upper right corner; some programs draw its horizontal axis from 1 to 0.",
    )


def _plain(axes: Axes) -> None:
    axes.grid(color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


BINS = 20
FRAMES = BINS + 1
"""Number of thresholds, from 1 down to 0: the edges of the bins."""
COLOURS = 48
MILLISECONDS, LAST = 400, 2_000
"""How long a frame is shown, and the last one."""
CROWDED = 0.5
"""From this share of all rows in one bin, the counts have a logarithmic axis: the other bins would not be seen."""


def moving_threshold(truth: Array, probabilities: Array, class_names: Sequence[str], *, title: str) -> bytes:
    """An animated PNG: a threshold moves through the histogram of both classes, and a point along the ROC curve.

    The counts of type 1 and type 2 errors are written above. Browsers and notebooks play the file; other programs show
    the first frame.

    Args:
        truth: (rows,) of 0 and 1.
        probabilities: (rows, 2).
        class_names: of class 0 and class 1.
        title: first line.
    """
    from PIL import Image

    drawn = _Animation(truth, probabilities, class_names, title)
    pictures = [Image.fromarray(drawn.at(float(threshold))) for threshold in np.linspace(1, 0, FRAMES)]
    # A palette for all frames halves the size. Median cut would spend it on the shades of the text and lose the point.
    plain = Image.Dither.NONE
    middle = pictures[len(pictures) // 2]
    palette = middle.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=plain)
    first, *others = (each.quantize(palette=palette, dither=plain) for each in pictures)
    times = [MILLISECONDS] * len(others) + [LAST]
    made = io.BytesIO()
    first.save(made, "PNG", save_all=True, append_images=others, duration=times, loop=0, optimize=True)
    return made.getvalue()


class _Animation:
    """The figure of `moving_threshold`, drawn again for each threshold."""

    def __init__(self, truth: Array, probabilities: Array, class_names: Sequence[str], title: str) -> None:
        self.truth, self.probabilities, self.title = truth, probabilities, title
        self.figure = Figure(figsize=(9.6, 4.6), dpi=80)
        self.canvas = FigureCanvasAgg(self.figure)
        histogram, curve = self.figure.subplots(1, 2, width_ratios=[3, 2])
        self.figure.subplots_adjust(left=0.07, right=0.985, top=0.74, bottom=0.13, wspace=0.18)
        bins = np.linspace(0, 1, BINS + 1)
        largest = 0
        for number, colour, hatch in ((0, ORANGE, None), (1, BLUE, "//")):
            values = probabilities[truth == number, 1]
            counts, *_ = histogram.hist(
                values,
                bins,
                color=colour,
                alpha=0.6,
                hatch=hatch,
                edgecolor="white",
                label=f"true class {class_names[number]}",
            )
            largest = max(largest, int(np.max(counts)))
        if largest > CROWDED * len(truth):
            histogram.set_yscale("symlog")
            histogram.set_ylabel("rows (logarithmic)")
        else:
            histogram.set_ylabel("rows")
        histogram.set_xlabel("predicted probability of the positive class")
        histogram.set_xlim(-0.01, 1.01)
        histogram.legend(frameon=False, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2)
        curve.plot(*two_classes.roc(truth, probabilities[:, 1]), color=BLUE, linewidth=2)
        curve.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        curve.set_xlabel("false positive rate (1 − specificity)")
        curve.set_ylabel("sensitivity")
        for axes in (histogram, curve):
            _plain(axes)
        self.line = histogram.axvline(1.0, color="black", linewidth=2)
        self.called = histogram.axvspan(1.0, 1.01, color=GREY, alpha=0.15, linewidth=0)
        (self.point,) = curve.plot([0], [0], "o", color=RED, markersize=11, zorder=3, clip_on=False)
        self.text = self.figure.text(0.012, 0.97, "", va="top", fontsize=12, linespacing=1.5)

    def at(self, threshold: float) -> NDArray[np.uint8]:
        """The pixels for a threshold, (height, width, 3)."""
        (spared, alarmed), (missed, caught) = two_classes.confusion(self.truth, self.probabilities, threshold).tolist()
        sick, healthy = missed + caught, spared + alarmed
        self.line.set_xdata([threshold, threshold])
        self.called.set_x(threshold)
        self.called.set_width(1.01 - threshold)
        self.point.set_data([alarmed / healthy], [caught / sick])
        self.text.set_text(
            f"{self.title}: threshold {threshold:.3f}, grey is predicted positive\n"
            f"sensitivity {caught / sick:.3f}, type 2 errors (false negatives) {missed:,} of {sick:,}\n"
            f"specificity {spared / healthy:.3f}, type 1 errors (false positives) {alarmed:,} of {healthy:,}"
        )
        self.canvas.draw()  # type: ignore[no-untyped-call]
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()  # type: ignore[no-untyped-call]

"""Sheets of pictures: what a network has learned to look for, what its layers make of a picture, where it looks.

Heat is drawn in viridis, which grows lighter with the value and is told apart by every kind of colour vision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures.plots import GREEN, RED
from utils.metrics import two_classes
from utils.training.results import Evaluation, Fitted

Array = NDArray[Any]

SMALL = 10
"""Size of the smallest letters, points."""
HEAT = "viridis"


def _sheet(
    title: str, rows: int, columns: int, *, tile: float, text: float, simulated: bool, left: float = 0.0
) -> tuple[Figure, NDArray[Any]]:
    """Rows and columns of empty plots under a title.

    Args:
        title: may have several lines.
        rows: of plots.
        columns: of plots.
        tile: side of a picture, inches.
        text: height of what stands over a picture, inches.
        simulated: says so in the title.
        left: width of what stands to the left of the pictures, inches.
    """
    if simulated:
        first, *more = title.split("\n")
        title = "\n".join([f"{first} (SIMULATED data)", *more])
    high = 0.08 + 0.2 * len(title.split("\n"))
    # Wide enough for the title, whatever the number of columns.
    width = max(tile * columns + left, 0.085 * max(map(len, title.split("\n"))) + 0.2)
    figure = Figure(figsize=(width, (tile + text) * rows + high), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    axes = figure.subplots(rows, columns, squeeze=False)
    for plot in axes.ravel():
        plot.set_axis_off()
    return figure, axes


def _short(name: str, letters: int) -> str:
    """A name that fits over its picture."""
    return name if len(name) <= letters else f"{name[: letters - 1]}…"


def _show(axes: Axes, picture: Array) -> None:
    """A picture of (height, width, 1 or 3), uint8 or from 0 to 255, as a viewer shows it."""
    pixels = np.clip(np.rint(picture), 0, 255).astype("uint8").squeeze()
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)


def filters(kernels: Array, *, simulated: bool = False) -> Figure:
    """The filters of a first convolution.

    Those that look at three channels are drawn in colour, grey where the weight is 0; of any other number of channels
    the mean over them, orange where it is positive and purple where it is negative.

    Args:
        kernels: (height, width, channels, filters), see `utils.networks.explain.first_filters`.
        simulated: whether the network has learned from simulated data.
    """
    height, width, channels, number = kernels.shape
    columns = min(8, number)
    largest = float(np.abs(kernels).max()) or 1.0
    meaning = "colour: the weights of red, green and blue; grey is 0"
    if channels != 3:
        meaning = ("the mean over the channels" if channels > 1 else "the weights") + ": orange +, purple −, white 0"
    title = f"What the first convolution looks for: {number} filters of {height} × {width}\n{meaning}"
    figure, axes = _sheet(title, -(-number // columns), columns, tile=0.95, text=0.2, simulated=simulated)
    for place, plot in enumerate(axes.ravel()[:number]):
        kernel = kernels[..., place]
        if channels == 3:
            plot.imshow(0.5 + kernel / (2 * largest))
        else:
            plot.imshow(kernel.mean(axis=-1), cmap="PuOr_r", vmin=-largest, vmax=largest)
        plot.set_title(str(place + 1), fontsize=SMALL)
    return figure


def feature_maps(
    picture: Array, maps: Mapping[str, Array], *, layers: int = 8, channels: int = 8, simulated: bool = False
) -> Figure:
    """What the layers make of a picture, a row a layer; of each the channels that vary most over the picture.

    Every map is drawn from its own smallest value (dark) to its largest (light).

    Args:
        picture: (height, width, channels).
        maps: by the layer's name, (height, width, channels), see `utils.networks.explain.feature_maps`.
        layers: rows at most; of a deeper network as many layers, evenly from the first to the last.
        channels: columns at most.
        simulated: whether the picture is simulated.
    """
    names = list(maps)
    shown = [names[round(place)] for place in np.linspace(0, len(names) - 1, min(layers, len(names)))]
    part = f", {len(shown)} of {len(names)} layers" if len(shown) < len(names) else ""
    columns = min(channels, max(maps[name].shape[-1] for name in shown))
    title = f"What the layers make of a picture{part}\nof each the maps that vary most, dark to light"
    figure, axes = _sheet(title, len(shown) + 1, max(2, columns), tile=1.0, text=0.24, simulated=simulated)
    _show(axes[0, 0], picture)
    _over_the_row(axes[0, 0], "the picture")
    for name, line in zip(shown, axes[1:], strict=True):
        found = maps[name]
        varied = np.argsort(-found.std(axis=(0, 1)), kind="stable")[:columns]
        height, width, number = found.shape
        _over_the_row(line[0], f"{name}: {height} × {width}, {number} channel{'' if number == 1 else 's'}")
        for plot, channel in zip(line, varied, strict=False):
            plot.imshow(found[..., channel], cmap=HEAT)
    return figure


def _over_the_row(first: Axes, text: str) -> None:
    """Words over the first picture of a row and the next ones, which are not moved by them."""
    first.set_title(" ", fontsize=SMALL)  # the height
    first.text(0, 1.05, text, transform=first.transAxes, fontsize=SMALL, in_layout=False)


class Seen(NamedTuple):
    """A picture with what speaks for a class: (height, width, channels), (height, width) in [0, 1], and the words."""

    picture: Array
    heat: Array
    class_name: str
    probability: float


def grad_cam(seen: Sequence[Seen], *, title: str = "", columns: int = 2, simulated: bool = False) -> Figure:
    """Pictures, each beside itself under the heat of Grad-CAM, with the class and its probability.

    The colour bar runs from nothing that speaks for the class to the place that speaks for it most; each picture has a
    scale of its own.

    Args:
        seen: heat from `utils.networks.explain.grad_cam`.
        title: the first line, instead of one that says what this is.
        columns: pairs in a row, at most.
        simulated: whether the pictures are simulated.
    """
    columns = min(columns, len(seen))
    title = title or "Where the network looks (Grad-CAM)"
    figure, axes = _sheet(
        title, -(-len(seen) // columns), 2 * columns, tile=1.9, text=0.22, simulated=simulated, left=0.8
    )
    for one, (left, right) in zip(seen, axes.reshape(-1, 2), strict=False):
        _show(left, one.picture)
        left.set_title(f"{_short(one.class_name, 40)} ({one.probability:.1%})", fontsize=SMALL, loc="left")
        _show(right, _grey(one.picture))
        right.imshow(one.heat, cmap=HEAT, vmin=0, vmax=1, alpha=0.55)
    bar = figure.colorbar(ScalarMappable(cmap=HEAT), ax=axes, shrink=0.8, aspect=25, pad=0.01)
    bar.set_label("what speaks for the class", fontsize=SMALL)
    bar.set_ticks([0, 1], labels=["none", "most"], fontsize=SMALL)
    return figure


def _grey(picture: Array) -> Array:
    """A picture without its colours, under which the heat keeps its own; ITU-R 601 luma."""
    return picture @ np.array([0.299, 0.587, 0.114]) if picture.shape[-1] == 3 else picture[..., 0]


def surest(
    pictures: Any,
    truth: Array,
    probabilities: Array,
    class_names: Sequence[str],
    *,
    number: int = 6,
    threshold: float | None = None,
    simulated: bool = False,
) -> Figure:
    """The hits and the mistakes that the network was surest of, a row each, on the test split.

    Args:
        pictures: (rows, height, width, channels) uint8, in memory or on disk.
        truth: (rows,) of class numbers.
        probabilities: (rows, classes).
        class_names: by class number.
        number: of pictures in a row, at most.
        threshold: the probability from which on a row is taken for class 1; None takes the most probable class.
        simulated: whether the pictures are simulated.
    """
    guess = probabilities.argmax(axis=1)
    if threshold is not None:
        guess = two_classes.found(probabilities, threshold).astype(int)
    sure = probabilities[np.arange(len(guess)), guess]
    order = np.argsort(-sure, kind="stable")
    kinds = {"hit": order[(guess == truth)[order]][:number], "mistake": order[(guess != truth)[order]][:number]}
    wrong = int(np.sum(guess != truth))
    counted = f"{wrong:,} mistake{'' if wrong == 1 else 's'}" if wrong else "no mistake"
    title = f"Surest hits (above) and surest mistakes (below), test split\n{counted} in {len(truth):,} pictures"
    columns = max(3, *map(len, kinds.values()))
    figure, axes = _sheet(title, 2, columns, tile=1.6, text=0.42, simulated=simulated)
    for (kind, rows), line in zip(kinds.items(), axes, strict=True):
        for row, plot in zip(rows, line, strict=False):
            _show(plot, pictures[row : row + 1][0])
            said = f"{_short(class_names[guess[row]], 18)} ({sure[row]:.0%})"
            real = "" if kind == "hit" else f"\nis {_short(class_names[truth[row]], 20)}"
            plot.set_title(said + real, fontsize=SMALL, color=GREEN if kind == "hit" else RED)
    return figure


def inside(fitted: Fitted, evaluation: Evaluation) -> dict[str, Figure]:
    """What a trained network has learned to see: its first filters, its feature maps, where it looks; by file name.

    The test pictures that it was surest of stand for all, two of each of the first two classes, and the first of them
    for the maps.

    Args:
        fitted: a classifier of pictures with convolutions; without any there is nothing to see.
        evaluation: its probabilities.
    """
    import keras

    from utils.networks import explain

    whole = fitted.model
    # Rather the network than its mean over views, or a member of a committee; what was trained may take features, not
    # pictures, and then the network stands in the whole.
    layers = [*fitted.trained.layers, *whole.layers]
    parts = [fitted.trained, *(layer for layer in layers if isinstance(layer, keras.Model))]
    shapes = whole.input.shape, whole.output.shape
    model = next((part for part in parts if (part.input.shape, part.output.shape) == shapes), whole)
    if not any(isinstance(layer, keras.layers.Conv2D) for layer in model.layers):
        return {}
    test, probabilities = fitted.splits.test, evaluation.predictions["test"]
    rows = np.concatenate(
        [np.argsort(-probabilities[:, number], kind="stable")[:2] for number in range(probabilities.shape[1])][:4]
    )
    guess = probabilities[rows].argmax(axis=1)
    pictures = test.inputs[rows]
    heat = explain.grad_cam(model, pictures, guess.tolist())
    seen = [
        Seen(picture, warmth, fitted.splits.class_names[number], float(probabilities[row, number]))
        for picture, warmth, number, row in zip(pictures, heat, guess, rows, strict=True)
    ]
    return {
        "filters": filters(explain.first_filters(model)),
        "feature_maps": feature_maps(pictures[0], explain.feature_maps(model, pictures[0])),
        "grad_cam": grad_cam(seen),
    }

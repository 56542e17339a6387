"""Grids of images: convolution filters, feature maps, Grad-CAM heatmaps, most confident predictions.

Heatmaps use viridis: its lightness increases with the value, and it is colour-blind safe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures.plots import GREEN, RED, captioned, proportion
from utils.metrics import two_classes
from utils.training.results import Evaluation, Fitted

Array = NDArray[Any]

SMALL = 10
"""Smallest font size, in points."""
HEAT = "viridis"


def _sheet(
    title: str, rows: int, columns: int, *, tile: float, text: float, simulated: bool, margin: float = 0.0
) -> tuple[Figure, NDArray[Any]]:
    """A figure with a title and a grid of empty axes.

    Args:
        title: one or more lines.
        rows: number of rows of axes.
        columns: number of columns of axes.
        tile: side of an image, in inches.
        text: height reserved for the title of each image, in inches.
        simulated: add "(SIMULATED data)" to the title.
        margin: additional width, for example for a colour bar, in inches.
    """
    if simulated:
        first, *more = title.split("\n")
        title = "\n".join([f"{first} (SIMULATED data)", *more])
    title_height = 0.08 + 0.2 * len(title.split("\n"))
    # The title must fit even above a single column.
    width = max(tile * columns + margin, 0.085 * max(map(len, title.split("\n"))) + 0.2)
    figure = Figure(figsize=(width, (tile + text) * rows + title_height), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    axes = figure.subplots(rows, columns, squeeze=False)
    for plot in axes.ravel():
        plot.set_axis_off()
    return figure, axes


def _shorten(name: str, length: int) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _show(axes: Axes, image: Array) -> None:
    """Draw an image of shape (height, width, 1 or 3) with values from 0 to 255."""
    pixels = np.clip(np.rint(image), 0, 255).astype("uint8").squeeze()
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)


def filters(kernels: Array, *, simulated: bool = False) -> Figure:
    """Draw the filters of the first convolution.

    Filters of three channels are drawn in colour, with grey for a weight of 0. For any other number of channels the
    mean over the channels is drawn: orange is positive, purple is negative, white is 0.

    Args:
        kernels: (height, width, channels, filters) weights, see `utils.networks.explain.first_filters`.
        simulated: whether the network was trained on simulated data.
    """
    height, width, channels, number = kernels.shape
    columns = min(8, number)
    largest = float(np.abs(kernels).max()) or 1.0
    legend = "weights for red, green and blue as colours; grey = 0"
    if channels != 3:
        weights = "mean weight over the channels" if channels > 1 else "weights"
        legend = f"{weights}: orange > 0, purple < 0, white = 0"
    title = f"Filters of the first convolution: {number} of {height} × {width}\n{legend}"
    figure, axes = _sheet(title, -(-number // columns), columns, tile=0.95, text=0.2, simulated=simulated)
    for index, plot in enumerate(axes.ravel()[:number]):
        kernel = kernels[..., index]
        if channels == 3:
            plot.imshow(0.5 + kernel / (2 * largest))
        else:
            plot.imshow(kernel.mean(axis=-1), cmap="PuOr_r", vmin=-largest, vmax=largest)
        plot.set_title(str(index + 1), fontsize=SMALL)
    return captioned(
        figure,
        "Each small image is one filter: edges, gradients and blobs are what it responds to; noise means that it has "
        "learned little.",
    )


def feature_maps(
    image: Array, maps: Mapping[str, Array], *, layers: int = 8, channels: int = 8, simulated: bool = False
) -> Figure:
    """Draw the feature maps of one image, one row per layer.

    Each row shows the channels with the largest standard deviation over the image. Every map has its own colour scale,
    from its smallest value (dark) to its largest (light).

    Args:
        image: (height, width, channels).
        maps: (height, width, channels) feature maps by layer name, see `utils.networks.explain.feature_maps`.
        layers: largest number of rows. A deeper network is sampled evenly, first and last layer included.
        channels: largest number of columns.
        simulated: whether the image is simulated.
    """
    names = list(maps)
    shown = [names[round(position)] for position in np.linspace(0, len(names) - 1, min(layers, len(names)))]
    part = f": {len(shown)} of {len(names)} layers" if len(shown) < len(names) else ""
    columns = min(channels, max(maps[name].shape[-1] for name in shown))
    title = f"Feature maps{part}\nchannels with the largest standard deviation; dark = low, light = high"
    figure, axes = _sheet(title, len(shown) + 1, max(2, columns), tile=1.0, text=0.24, simulated=simulated)
    _show(axes[0, 0], image)
    _row_title(axes[0, 0], "input image")
    for name, row in zip(shown, axes[1:], strict=True):
        layer = maps[name]
        selected = np.argsort(-layer.std(axis=(0, 1)), kind="stable")[:columns]
        height, width, number = layer.shape
        _row_title(row[0], f"{name}: {height} × {width}, {number} channel{'' if number == 1 else 's'}")
        for plot, channel in zip(row, selected, strict=False):
            plot.imshow(layer[..., channel], cmap=HEAT)
    return captioned(
        figure,
        "Light areas are where a filter responds: the first layers follow edges, later ones respond to larger and more "
        "specific parts.",
    )


def _row_title(first: Axes, text: str) -> None:
    """A title that starts above the first image of a row and may extend over the next ones."""
    first.set_title(" ", fontsize=SMALL)  # reserves the height
    first.text(0, 1.05, text, transform=first.transAxes, fontsize=SMALL, in_layout=False)


class Explained(NamedTuple):
    """An image and the evidence in it for one class.

    Attributes:
        image: (height, width, channels), from 0 to 255.
        heatmap: (height, width), from 0 to 1.
        class_name: the class that the heatmap explains.
        probability: predicted probability of that class.
    """

    image: Array
    heatmap: Array
    class_name: str
    probability: float


def grad_cam(explained: Sequence[Explained], *, title: str = "", columns: int = 2, simulated: bool = False) -> Figure:
    """Draw each image beside its Grad-CAM heatmap, with the class and its probability.

    The heatmap of each image has its own scale, from no evidence for the class to the strongest evidence in the image.

    Args:
        explained: images with heatmaps from `utils.networks.explain.grad_cam`.
        title: replaces the default title.
        columns: largest number of pairs per row.
        simulated: whether the images are simulated.
    """
    columns = min(columns, len(explained))
    title = title or "Grad-CAM: evidence for the class"
    figure, axes = _sheet(
        title, -(-len(explained) // columns), 2 * columns, tile=1.9, text=0.22, simulated=simulated, margin=0.8
    )
    for each, (left, right) in zip(explained, axes.reshape(-1, 2), strict=False):
        _show(left, each.image)
        left.set_title(f"{_shorten(each.class_name, 40)} ({each.probability:.1%})", fontsize=SMALL, loc="left")
        _show(right, _grey(each.image))
        right.imshow(each.heatmap, cmap=HEAT, vmin=0, vmax=1, alpha=0.55)
    bar = figure.colorbar(ScalarMappable(cmap=HEAT), ax=axes, shrink=0.8, aspect=25, pad=0.01)
    bar.set_label("evidence for the class", fontsize=SMALL)
    bar.set_ticks([0, 1], labels=["none", "most"], fontsize=SMALL)
    return captioned(
        figure,
        "Light areas contributed most to the predicted class: evidence outside the object suggests that the model uses "
        "the wrong cue.",
    )


def _grey(image: Array) -> Array:
    """The image in grey levels (ITU-R 601 luma), so that only the heatmap has colours."""
    return image @ np.array([0.299, 0.587, 0.114]) if image.shape[-1] == 3 else image[..., 0]


def most_confident(
    images: Any,
    truth: Array,
    probabilities: Array,
    class_names: Sequence[str],
    *,
    number: int = 6,
    threshold: float | None = None,
    simulated: bool = False,
) -> Figure:
    """Draw the most confident correct predictions (top row) and wrong predictions (bottom row) of the test split.

    Args:
        images: (rows, height, width, channels) uint8, in memory or on disk.
        truth: (rows,) class numbers.
        probabilities: (rows, classes).
        class_names: by class number.
        number: largest number of images per row.
        threshold: probability of class 1 from which a row is predicted positive. Defaults to predicting the most
            probable class.
        simulated: whether the images are simulated.
    """
    predicted = probabilities.argmax(axis=1)
    if threshold is not None:
        predicted = two_classes.found(probabilities, threshold).astype(int)
    confidence = probabilities[np.arange(len(predicted)), predicted]
    order = np.argsort(-confidence, kind="stable")
    correct = predicted == truth
    kinds = {"correct": order[correct[order]][:number], "wrong": order[~correct[order]][:number]}
    errors = int(np.sum(~correct))
    counted = f"{errors:,} error{'' if errors == 1 else 's'}" if errors else "no errors"
    title = (
        f"Most confident correct (top) and wrong (bottom) predictions, test split\n{counted} in {len(truth):,} images"
    )
    columns = max(3, *map(len, kinds.values()))
    figure, axes = _sheet(title, 2, columns, tile=1.6, text=0.42, simulated=simulated)
    for (kind, rows), line in zip(kinds.items(), axes, strict=True):
        for row, plot in zip(rows, line, strict=False):
            _show(plot, images[row : row + 1][0])
            text = f"{_shorten(class_names[predicted[row]], 14)} ({proportion(confidence[row])})"
            if kind == "wrong":
                text = f"predicted {text}\nactual {_shorten(class_names[truth[row]], 15)}"
            plot.set_title(text, fontsize=SMALL, color=GREEN if kind == "correct" else RED)
    return captioned(
        figure,
        "The lower row shows the errors in which the model is most confident: look for wrong labels, and for what "
        "these images have in common.",
    )


def network_views(fitted: Fitted, evaluation: Evaluation) -> dict[str, Figure]:
    """Draw the first filters, the feature maps and the Grad-CAM heatmaps of a trained classifier.

    The images are the two most confident test predictions of each of the first two classes; the feature maps are those
    of the first image.

    Args:
        fitted: a classifier of images.
        evaluation: with the predicted probabilities of the test split.

    Returns:
        The figures by file name; empty if the network has no convolution.
    """
    import keras

    from utils.networks import explain

    model = _convolutional_part(fitted)
    if not any(isinstance(layer, keras.layers.Conv2D) for layer in model.layers):
        return {}
    test, probabilities = fitted.splits.test, evaluation.predictions["test"]
    rows = np.concatenate(
        [np.argsort(-probabilities[:, number], kind="stable")[:2] for number in range(probabilities.shape[1])][:4]
    )
    predicted = probabilities[rows].argmax(axis=1)
    images = test.inputs[rows]
    heatmaps = explain.grad_cam(model, images, predicted.tolist())
    explained = [
        Explained(image, heatmap, fitted.splits.class_names[number], float(probabilities[row, number]))
        for image, heatmap, number, row in zip(images, heatmaps, predicted, rows, strict=True)
    ]
    return {
        "filters": filters(explain.first_filters(model)),
        "feature_maps": feature_maps(images[0], explain.feature_maps(model, images[0])),
        "grad_cam": grad_cam(explained),
    }


def _convolutional_part(fitted: Fitted) -> Any:
    """The network itself: the saved model may be a mean over views or an ensemble of such networks.

    What was trained may take features instead of images. Then the network is a layer of the saved model.
    """
    import keras

    whole = fitted.model
    layers = [*fitted.trained.layers, *whole.layers]
    parts = [fitted.trained, *(layer for layer in layers if isinstance(layer, keras.Model))]
    shapes = whole.input.shape, whole.output.shape
    return next((part for part in parts if (part.input.shape, part.output.shape) == shapes), whole)

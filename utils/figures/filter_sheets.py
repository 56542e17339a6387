"""Figures of filtered images: kernels, borders, frequencies and pooling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from utils.figures.plots import captioned
from utils.images import filters

Array = NDArray[Any]

SIGNED, HEAT = "PuOr_r", "viridis"
TILE, TEXT = 2.3, 0.34
"""Side of an image and height of its title, in inches."""
CORNER = 24
"""Side of the corner that shows the borders, in pixels."""
WIDTH = 0.05
"""Standard deviation of the low pass, in cycles per pixel: a tenth of the highest frequency."""


def _sheet(title: str, rows: int, columns: int, room: float = 0.0) -> tuple[Figure, NDArray[Any]]:
    """A figure and its (rows, columns) axes; `room` is for a colour bar, in inches."""
    figure = Figure(figsize=(TILE * columns + room, (TILE + TEXT) * rows + 0.4), layout="constrained")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12)
    axes = figure.subplots(rows, columns, squeeze=False)
    for plot in axes.ravel():
        plot.set_axis_off()
    return figure, axes


def _draw(axes: Axes, name: str, values: Array) -> None:
    """Draw a response with both signs in orange and purple, a magnitude from dark to light."""
    axes.set_title(name, fontsize=10)
    largest = _largest(values)
    if values.min() < 0:
        axes.imshow(values, cmap=SIGNED, vmin=-largest, vmax=largest)
    else:
        axes.imshow(values, cmap=HEAT, vmin=0, vmax=largest)


def _largest(values: Array, percent: float = 99.5) -> float:
    """The end of a colour scale: without the few strongest values, beside which all others would be pale."""
    return float(np.percentile(np.abs(values), percent)) or 1.0


def _grey(axes: Axes, name: str, values: Array) -> None:
    axes.set_title(name, fontsize=10)
    axes.imshow(values, cmap="gray", vmin=0, vmax=255)


def responses(image: Array, own: Mapping[str, Array], border: filters.Border = "extend") -> Figure:
    """The responses of the usual filters, and of one's own kernels.

    Args:
        image: (height, width) grey levels.
        own: further kernels by name.
        border: see `utils.images.filters.apply`.
    """
    found = {name: filters.apply(image, kernel, border) for name, kernel in {**filters.KERNELS, **own}.items()}
    blurred = found.pop("blur")
    drawn = {
        "Sobel: vertical edges": found.pop("sobel-x"),
        "Sobel: horizontal edges": found.pop("sobel-y"),
        "Sobel: magnitude": filters.sobel(image, border),
        "blurred, then Sobel": filters.edges_after_blur(image, border),
        "Laplace": found.pop("laplace"),
        **found,
    }
    columns = 4
    figure, axes = _sheet(
        "Filters\norange > 0, purple < 0, white = 0; magnitudes from dark to light; colours end at the strongest 0.5 %",
        -(-(len(drawn) + 2) // 4),
        columns,
    )
    places = iter(axes.ravel())
    _grey(next(places), "image", image)
    _grey(next(places), "blurred", blurred)
    for name, values in drawn.items():
        # The weights of a filter like blur or sharpening have the sum 1, and the response is an image again.
        (_grey if name in own and own[name].sum() > 0.5 else _draw)(next(places), name, values)
    return captioned(
        figure,
        "A filter responds where the image looks like its kernel: Sobel at edges of one direction, Laplace at edges of "
        "any direction; blurring first removes edges that are noise.",
    )


def borders(image: Array, kernel: Array, name: str) -> Figure:
    """The lower left corner of the response with each border, magnified.

    Args:
        image: (height, width) grey levels.
        kernel: both sides odd.
        name: of the kernel.
    """
    figure, axes = _sheet(f"Borders: lower left corner, {CORNER} × {CORNER} pixels, {name}", 1, 4)
    _grey(axes[0, 0], f"image: {image.shape[0]} × {image.shape[1]}", image[-CORNER:, :CORNER])
    found = {border: filters.apply(image, kernel, border) for border in filters.BORDERS}
    # One scale for all three, so that what padding with zeros adds can be compared.
    largest = _largest(found["pad"][-CORNER:, :CORNER], 95)
    for plot, (border, values) in zip(axes[0, 1:], found.items(), strict=True):
        plot.set_title(f"{border}: {values.shape[0]} × {values.shape[1]}", fontsize=10)
        plot.imshow(values[-CORNER:, :CORNER], cmap=SIGNED, vmin=-largest, vmax=largest)
    return captioned(
        figure,
        "Extending repeats the edge pixels; padding with zeros makes an edge where the image ends; cropping leaves out "
        "what the kernel cannot cover.",
    )


def frequencies(image: Array, kernels: Mapping[str, Array]) -> Figure:
    """An image without its high and without its low frequencies, the spectra, and what kernels do to a frequency.

    Args:
        image: (height, width) grey levels.
        kernels: three or more, by name; the first three are drawn.
    """
    first = list(kernels.items())[:3]
    low, high = filters.low_pass(image, WIDTH), filters.high_pass(image, WIDTH)
    title = "Frequencies: in the centre 0, at the edges 0.5 cycles per pixel"
    figure, axes = _sheet(title, 3, 3, room=1.2)
    _grey(axes[0, 0], "image", image)
    _grey(axes[0, 1], "low-pass", low)
    _draw(axes[0, 2], "high-pass", high)
    spectra = [filters.log_spectrum(values) for values in (image, low, high)]
    largest = max(float(values.max()) for values in spectra)
    for plot, values, name in zip(axes[1], spectra, ("image", "low-pass", "high-pass"), strict=True):
        plot.set_title(f"spectrum: {name}", fontsize=10)
        shown = plot.imshow(values, cmap=HEAT, vmin=0, vmax=largest)
    figure.colorbar(shown, ax=axes[1].tolist(), label="log(1 + |FFT|)", shrink=0.9)
    gains = {name: np.log1p(filters.frequency_response(kernel, (256, 256))) for name, kernel in first}
    largest = max(float(values.max()) for values in gains.values())
    for plot, (name, values) in zip(axes[2], gains.items(), strict=True):
        plot.set_title(f"filter: {name}", fontsize=10)
        shown = plot.imshow(values, cmap=HEAT, vmin=0, vmax=largest)
    figure.colorbar(shown, ax=axes[2].tolist(), label="log(1 + |FFT|)", shrink=0.9)
    return captioned(
        figure,
        "A blur keeps the centre of the spectrum, the slow changes; a kernel for edges multiplies frequency 0 with 0 "
        "and keeps fast changes.",
    )


def pooling(image: Array, size: int) -> Figure:
    """Max pooling beside average pooling, of the image and of its edges.

    Args:
        image: (height, width) grey levels.
        size: side of a square, in pixels.
    """
    figure, axes = _sheet(f"Pooling: squares of {size} × {size} pixels", 2, 3)
    edges = filters.sobel(image)
    kinds: tuple[filters.Pooling, ...] = ("max", "average")
    _grey(axes[0, 0], f"image: {image.shape[0]} × {image.shape[1]}", image)
    scale: dict[str, Any] = {"cmap": HEAT, "vmin": 0, "vmax": _largest(edges)}
    axes[1, 0].set_title("Sobel: magnitude", fontsize=10)
    axes[1, 0].imshow(edges, **scale)
    for column, kind in enumerate(kinds, 1):
        small = filters.pool(image, size, kind)
        _grey(axes[0, column], f"{kind}: {small.shape[0]} × {small.shape[1]}", small)
        axes[1, column].set_title(f"{kind} of the edges", fontsize=10)
        axes[1, column].imshow(filters.pool(edges, size, kind), **scale)
    return captioned(
        figure,
        "The maximum keeps a strong edge wherever it is in its square, the average weakens it; of grey levels the "
        "maximum is brighter than the image.",
    )

"""Filters of images: kernels at every position, borders, frequencies, pooling.

A kernel is applied as networks do, without flipping it (cross-correlation); `flip` gives the convolution of signal
processing. Images are (height, width), of any numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Border = Literal["extend", "pad", "crop"]
Pooling = Literal["max", "average"]

BORDERS: tuple[Border, ...] = get_args(Border)

SOBEL_X = np.array([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
"""Positive where the image becomes lighter from left to right: at vertical edges."""
SOBEL_Y = SOBEL_X.T.copy()
"""Positive where the image becomes lighter from top to bottom: at horizontal edges."""
LAPLACE = np.array([[0.0, 1.0, 0.0], [1.0, -4.0, 1.0], [0.0, 1.0, 0.0]])
"""Second derivative: zero in even areas and on slopes, of both signs at edges of any direction."""
BLUR = np.outer([1.0, 4.0, 6.0, 4.0, 1.0], [1.0, 4.0, 6.0, 4.0, 1.0]) / 256
"""Binomial approximation of a Gaussian with a standard deviation of 1 pixel."""

KERNELS: Mapping[str, Array] = {"sobel-x": SOBEL_X, "sobel-y": SOBEL_Y, "laplace": LAPLACE, "blur": BLUR}
"""By name."""


def apply(image: Array, kernel: Array, border: Border = "extend", *, flip: bool = False) -> NDArray[np.float64]:
    """The response of a kernel at each position.

    Args:
        image: (height, width).
        kernel: (rows, columns), both odd, so that a position has a centre.
        border: what is beyond the edge: `extend` repeats the edge pixels, `pad` puts zeros, and `crop` leaves out the
            positions where the kernel does not fit.
        flip: turn the kernel by 180°, as a convolution does.

    Returns:
        (height, width) float64; with `crop` smaller by the size of the kernel less 1.

    Raises:
        ValueError: a side of the kernel is even, or with `crop` the kernel is larger than the image.
    """
    rows, columns = kernel.shape
    if rows % 2 == 0 or columns % 2 == 0:
        raise ValueError(f"the kernel has {rows} × {columns} values; both must be odd")
    margins = (rows // 2, rows // 2), (columns // 2, columns // 2)
    values = image.astype("float64")
    if border == "extend":
        values = np.pad(values, margins, mode="edge")
    elif border == "pad":
        values = np.pad(values, margins)
    elif rows > image.shape[0] or columns > image.shape[1]:
        raise ValueError(f"the kernel of {rows} × {columns} does not fit into the image")
    weights = kernel[::-1, ::-1] if flip else kernel
    height, width = values.shape[0] - rows + 1, values.shape[1] - columns + 1
    response = np.zeros((height, width))
    for row, column in np.ndindex(rows, columns):  # one shifted image per weight: quick, in the memory of one image
        if weights[row, column]:
            response += weights[row, column] * values[row : row + height, column : column + width]
    return response


def sobel(image: Array, border: Border = "extend") -> NDArray[np.float64]:
    """The magnitude of the gradient: edges of any direction; arguments and result as of `apply`."""
    return np.asarray(np.hypot(apply(image, SOBEL_X, border), apply(image, SOBEL_Y, border)))


def edges_after_blur(image: Array, border: Border = "extend") -> NDArray[np.float64]:
    """`sobel` of the blurred image: fewer edges from noise, and the edges themselves a little wider."""
    return sobel(apply(image, BLUR, border), border)


def log_spectrum(image: Array) -> NDArray[np.float64]:
    """log(1 + |FFT|) of an image, (height, width), with frequency 0 in the centre."""
    return np.asarray(np.log1p(np.abs(np.fft.fftshift(np.fft.fft2(image)))))


def frequency_response(kernel: Array, shape: tuple[int, int]) -> NDArray[np.float64]:
    """|FFT| of a kernel at the frequencies of an image of this shape: what each frequency is multiplied by.

    Returns:
        (height, width), with frequency 0 in the centre.
    """
    return np.asarray(np.abs(np.fft.fftshift(np.fft.fft2(kernel, shape))))


def low_pass(image: Array, width: float) -> NDArray[np.float64]:
    """The image without its high frequencies: each is multiplied by a Gaussian of the frequency.

    The image is taken as periodic, as the FFT does: opposite edges influence each other.

    Args:
        image: (height, width).
        width: standard deviation of the Gaussian, in cycles per pixel; the highest frequency has 0.5.
    """
    height, columns = image.shape
    squares = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(columns)[None, :] ** 2
    kept = np.fft.rfft2(image) * np.exp(-squares / (2 * width**2))
    return np.asarray(np.fft.irfft2(kept, s=image.shape))


def high_pass(image: Array, width: float) -> NDArray[np.float64]:
    """The image without its low frequencies: what `low_pass` removes."""
    return np.asarray(image - low_pass(image, width))


def pool(image: Array, size: int, kind: Pooling = "max") -> Array:
    """The largest value or the mean of each square of `size` × `size` pixels; incomplete squares are left out.

    Returns:
        (height // size, width // size).

    Raises:
        ValueError: the image is smaller than one square.
    """
    height, width = image.shape[0] // size, image.shape[1] // size
    if not height or not width:
        raise ValueError(f"the image of {image.shape[0]} × {image.shape[1]} is smaller than {size} × {size}")
    squares = image[: height * size, : width * size].reshape(height, size, width, size)
    return np.asarray(squares.max(axis=(1, 3)) if kind == "max" else squares.mean(axis=(1, 3)))


def shifted(image: Array, down: int, right: int) -> Array:
    """Images moved by whole pixels; the edge pixels are repeated in the space that becomes free.

    Args:
        image: (height, width), or (images, height, width, channels).
        down: pixels downwards, at most the height less 1; negative is upwards.
        right: likewise to the right.
    """
    first = 1 if image.ndim == 4 else 0
    rows = np.clip(np.arange(image.shape[first]) - down, 0, image.shape[first] - 1)
    columns = np.clip(np.arange(image.shape[first + 1]) - right, 0, image.shape[first + 1] - 1)
    return np.take(np.take(image, rows, axis=first), columns, axis=first + 1)

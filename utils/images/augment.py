"""Rotate, shift, shear, zoom and flip images in one resampling each, outside the model.

The options have the names and meanings of Keras's `ImageDataGenerator`, which the courses use. For the same
parameters the result equals that of Keras's `apply_affine_transform` (3.15), rounded to whole levels, with four
exceptions:

- Keras 3.15 mixes up its axes: `height_shift_range` moves images sideways (keras-preprocessing, issue 348), and an
  image that is not square is not rotated about its centre. Both are corrected here. For square images and equal
  shift ranges the parameters have the same distribution.
- `constant` interpolates between the image's edge and `cval` over one pixel; Keras, through SciPy, cuts at the edge.
- `wrap` repeats a row of w pixels every w pixels, as Keras's documentation shows; SciPy repeats it every w − 1.
- Brightness multiplies levels that the resampling has rounded to integers; Keras truncates them.

OpenCV 5 interpolates at float32 coordinates, not in steps of 1/32 pixel as before: from Keras's float32 result the
largest difference measured on random noise is 0.52 level up to 512 × 512 pixels and 0.54 at 1024 × 1024, of which 0.5
is the rounding to uint8. `cv2.remap` with float maps is hardly closer (0.50) and, its maps included, took two
to three times as long.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass as plain_dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.base.choices import Augmentation, FillMode
from utils.base.config import Seed
from utils.base.errors import CallerError, with_extra

Pictures = NDArray[np.uint8]
Values = NDArray[np.float64]


class Parameters(NamedTuple):
    """Parameters for n images, every field (n,): angles in degrees, shifts as fractions of width and height.

    A zoom above 1 shrinks the content of the image, as in Keras.
    """

    rotation: Values
    shift_x: Values
    shift_y: Values
    shear: Values
    zoom_x: Values
    zoom_y: Values
    flip_x: NDArray[np.bool_]
    flip_y: NDArray[np.bool_]
    brightness: Values


def draw(augmentation: Augmentation, generator: np.random.Generator, pictures: int) -> Parameters:
    """Draw the parameters for a number of images.

    Nine numbers are drawn for each image whatever the options, so that an option does not change what others draw.
    """
    uniform = generator.random((pictures, len(Parameters._fields))).T
    signed = 2 * uniform - 1
    low, high = augmentation.brightness_range or (1.0, 1.0)
    return Parameters(
        rotation=augmentation.rotation_range * signed[0],
        shift_x=augmentation.width_shift_range * signed[1],
        shift_y=augmentation.height_shift_range * signed[2],
        shear=augmentation.shear_range * signed[3],
        zoom_x=1 + augmentation.zoom_range * signed[4],
        zoom_y=1 + augmentation.zoom_range * signed[5],
        flip_x=(uniform[6] < 0.5) & augmentation.horizontal_flip,
        flip_y=(uniform[7] < 0.5) & augmentation.vertical_flip,
        brightness=low + (high - low) * uniform[8],
    )


def matrices(parameters: Parameters, height: int, width: int) -> Values:
    """The affine maps (n, 3, 3) from an output pixel (x, y, 1) to its input pixel.

    Composed as in Keras: centre × rotation × shift × shear × zoom × centre⁻¹, where the centre is that of the pixel
    grid, ((width − 1) / 2, (height − 1) / 2). A flip is a zoom by −1.

    Source:
        keras.src.legacy.preprocessing.image.apply_affine_transform (Keras 3.15).
    """
    angle, shear = np.deg2rad(parameters.rotation), np.deg2rad(parameters.shear)
    rotate = _affine((np.cos(angle), -np.sin(angle), 0), (np.sin(angle), np.cos(angle), 0))
    shift = _affine((1, 0, parameters.shift_x * width), (0, 1, parameters.shift_y * height))
    slant = _affine((1, -np.sin(shear), 0), (0, np.cos(shear), 0))
    flip_x, flip_y = np.where(parameters.flip_x, -1, 1), np.where(parameters.flip_y, -1, 1)
    zoom = _affine((flip_x * parameters.zoom_x, 0, 0), (0, flip_y * parameters.zoom_y, 0))
    x, y = (width - 1) / 2, (height - 1) / 2
    return _affine((1, 0, x), (0, 1, y)) @ rotate @ shift @ slant @ zoom @ _affine((1, 0, -x), (0, 1, -y))


def _affine(first: tuple[Any, Any, Any], second: tuple[Any, Any, Any]) -> Values:
    """Matrices (n, 3, 3) from two rows of numbers or of arrays (n,); (1, 3, 3) from numbers alone."""
    entries = np.broadcast_arrays(*(np.atleast_1d(entry).astype(float) for entry in (*first, *second, 0, 0, 1)))
    return np.stack(entries, axis=-1).reshape(-1, 3, 3)


def warp(pictures: Pictures, maps: Values, fill_mode: FillMode = "nearest", cval: float = 0.0) -> Pictures:
    """Resample each image once, bilinearly.

    Args:
        pictures: (n, height, width, channels) with 1, 3 or 4 channels, in any memory layout; not modified.
        maps: (n, 3, 3) from output pixel to input pixel, from `matrices`.
        fill_mode: how pixels beyond the edge are filled.
        cval: level of those pixels for `constant`.

    Returns:
        (n, height, width, channels), contiguous.

    Raises:
        CallerError: the images are of another type or shape, or OpenCV is missing.
    """
    _check(pictures)
    cv2 = _opencv()
    border = {
        "nearest": cv2.BORDER_REPLICATE,
        "constant": cv2.BORDER_CONSTANT,
        "reflect": cv2.BORDER_REFLECT,
        "wrap": cv2.BORDER_WRAP,
    }[fill_mode]
    out = np.empty(pictures.shape, np.uint8)
    size = pictures.shape[2], pictures.shape[1]
    for picture, matrix, warped in zip(pictures, maps, out, strict=True):
        cv2.warpAffine(
            picture,
            matrix[:2],
            size,
            dst=warped,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=border,
            borderValue=(cval,) * 4,
            hint=cv2.ALGO_HINT_ACCURATE,  # no half precision on any processor
        )
    return out


def brighten(pictures: Pictures, factors: Values) -> Pictures:
    """Multiply the levels of each image, truncated to integers and clipped at 255; a fourth channel is not changed.

    Args:
        pictures: (n, height, width, channels) with 1, 3 or 4 channels; not modified.
        factors: (n,), at least 0.

    Raises:
        CallerError: the images are of another type or shape, or OpenCV is missing.

    Source:
        Pillow's `ImageEnhance.Brightness`, which Keras's `apply_brightness_shift` calls; the results are identical.
    """
    _check(pictures)
    cv2 = _opencv()
    levels = np.arange(256, dtype=np.float32)  # Pillow multiplies in float32
    scaled = np.minimum(factors.astype(np.float32)[:, None] * levels, 255)
    tables = np.repeat(scaled.astype(np.uint8)[:, None, :, None], pictures.shape[3], axis=3)
    tables[..., 3:] = levels[:, None]
    out = np.empty(pictures.shape, np.uint8)
    for picture, table, brightened in zip(pictures, tables, out, strict=True):
        cv2.LUT(picture, table, dst=brightened)
    return out


def augment(pictures: Pictures, augmentation: Augmentation, generator: np.random.Generator) -> Pictures:
    """Augment images with parameters from the generator: warp them, then change their brightness.

    Args:
        pictures: (n, height, width, channels) with 1, 3 or 4 channels, in any memory layout; not modified.
        augmentation: the options.
        generator: draws the parameters.

    Returns:
        (n, height, width, channels); the array `pictures` itself if the options change nothing.

    Raises:
        CallerError: the images are of another type or shape, or OpenCV is missing.
    """
    _check(pictures)
    if not augmentation.active:
        return pictures
    count, height, width, _ = pictures.shape
    parameters = draw(augmentation, generator, count)
    warped = warp(pictures, matrices(parameters, height, width), augmentation.fill_mode, augmentation.cval)
    return warped if augmentation.brightness_range is None else brighten(warped, parameters.brightness)


@plain_dataclass(frozen=True)
class Augmenter:
    """Augments training batches. The result depends only on seed, epoch, step and images.

    So a resumed run gets the same images as an uninterrupted one, and any thread may prepare any step.

    Attributes:
        augmentation: the options.
        seed: of the run.

    Raises:
        CallerError: OpenCV is missing, unless the options change nothing.
    """

    augmentation: Augmentation
    seed: Seed

    def __post_init__(self) -> None:
        if self.augmentation.active:
            _opencv()

    def __call__(self, pictures: Pictures, epoch: int, step: int) -> Pictures:
        """The batch of one step of one epoch, augmented; arguments and errors as in `augment`."""
        # A spawn key, not (seed, epoch, step): NumPy pads with zeros, so step 0 would get the numbers of
        # (seed, epoch), which shuffle the rows.
        sequence = np.random.SeedSequence(self.seed, spawn_key=(int(epoch), int(step)))
        return augment(pictures, self.augmentation, np.random.default_rng(sequence))


def transform(config: Any) -> Augmenter | None:
    """A lab's `transform`: the augmentation of its config, or None if it changes nothing.

    Args:
        config: an `Augmentation` with a `seed`.

    Raises:
        CallerError: OpenCV is missing.
    """
    return Augmenter(config, config.seed) if config.active else None


def _check(pictures: Pictures) -> None:
    shape = pictures.shape
    if pictures.dtype != np.uint8 or len(shape) != 4 or shape[3] not in (1, 3, 4) or 0 in shape[1:]:
        raise CallerError(
            f"images of type {pictures.dtype} and shape {shape} cannot be augmented",
            "give uint8 images of shape (images, height, width, channels) with 1, 3 or 4 channels",
        )


@functools.cache
def _opencv() -> Any:
    """OpenCV, with its threads disabled for the whole process: the pipeline has its own threads."""
    try:
        import cv2
    except ImportError as error:
        raise CallerError("augmenting images needs OpenCV", with_extra("pneumonia")) from error
    cv2.setNumThreads(0)
    return cv2

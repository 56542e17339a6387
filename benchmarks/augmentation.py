"""Measure augmentation of 400 images of 256 × 256 × 1 on one core: the labs, Keras's legacy code, TensorFlow.

    python -m benchmarks.augmentation

`ours` draws the parameters, computes the matrices and resamples the images. `keras_legacy` is
`ImageDataGenerator.random_transform` on float32 images, as in the courses. `tensorflow` is `ImageProjectiveTransformV3`
on uint8 images with precomputed matrices. The three alternate in one process on one core (Linux only), because ratios
of medians are more reliable than seconds. The differences of `ours` and `tensorflow` from Keras's float32 result are
measured with the same parameters, in grey levels, on random noise, where interpolation errors are largest. TensorFlow
rounds down to integer levels.
"""

from __future__ import annotations

import os
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages.results import record
from utils.base.choices import Augmentation
from utils.base.keras_import import import_keras
from utils.images.augment import Augmenter, Parameters, Pictures, draw, matrices, warp

IMAGES = 400
SIDE = 256
REPEATS = 9
OPTIONS: dict[str, Any] = {
    "rotation_range": 15.0,
    "width_shift_range": 0.1,
    "height_shift_range": 0.1,
    "shear_range": 10.0,
    "zoom_range": 0.1,
    "horizontal_flip": True,
}


def by_tensorflow(images: Pictures, maps: NDArray[np.float64]) -> Pictures:
    """Resample images with TensorFlow: bilinear interpolation, edge pixels repeated outside the image."""
    import tensorflow as tf

    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=maps.reshape(-1, 9)[:, :8].astype(np.float32),
        output_shape=images.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
    return warped.numpy()


def by_keras(image: Pictures, parameters: Parameters, row: int) -> Any:
    """Transform one square image with Keras's legacy code and one row of the parameters; the result is float32."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator().apply_transform(
        image.astype(np.float32),
        {
            "theta": parameters.rotation[row],
            "tx": parameters.shift_x[row] * SIDE,  # Keras's tx is along the width
            "ty": parameters.shift_y[row] * SIDE,
            "shear": parameters.shear[row],
            "zx": parameters.zoom_x[row],
            "zy": parameters.zoom_y[row],
            "flip_horizontal": parameters.flip_x[row],
        },
    )


def levels_from_keras(images: Pictures) -> dict[str, dict[str, float]]:
    """Largest and mean absolute difference from Keras's result, for the same parameters."""
    parameters = draw(Augmentation(**OPTIONS), np.random.default_rng(1), len(images))
    maps = matrices(parameters, SIDE, SIDE)
    exact = np.stack([by_keras(image, parameters, row) for row, image in enumerate(images)])
    ways = {"ours": warp(images, maps), "tensorflow": by_tensorflow(images, maps)}
    differences = {name: np.abs(warped - exact) for name, warped in ways.items()}
    return {name: {"max": float(found.max()), "mean": float(found.mean())} for name, found in differences.items()}


def main() -> None:
    # Before TensorFlow starts its threads, because they inherit the affinity.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    warnings.filterwarnings("ignore", "Please import `affine_transform`", DeprecationWarning)
    import_keras()
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    images = np.random.default_rng(0).integers(0, 256, (IMAGES, SIDE, SIDE, 1), dtype=np.uint8)
    floats = images.astype(np.float32)
    generator = ImageDataGenerator(**OPTIONS)
    augmentation = Augmentation(**OPTIONS)
    augmenter = Augmenter(augmentation, seed=7)
    maps = matrices(draw(augmentation, np.random.default_rng(0), IMAGES), SIDE, SIDE)
    ways: dict[str, Callable[[int], object]] = {
        "ours": lambda epoch: augmenter(images, epoch, 0),
        "keras_legacy": lambda _: [generator.random_transform(image) for image in floats],
        "tensorflow": lambda _: by_tensorflow(images, maps),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 1):  # alternating; the first round is a warm-up
        for name, way in ways.items():
            start = time.perf_counter()
            way(repeat)
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    record(
        "augmentation",
        {
            "median_seconds": medians,
            "times_faster_than_keras_legacy": medians["keras_legacy"] / medians["ours"],
            "times_faster_than_tensorflow": medians["tensorflow"] / medians["ours"],
            "levels_from_keras": levels_from_keras(images[:50]),
            "pictures": IMAGES,
            "shape": [SIDE, SIDE, 1],
            "options": OPTIONS,
            "repeats": REPEATS,
        },
    )


if __name__ == "__main__":
    main()

"""One augmented pass over 400 pictures of 256 × 256 × 1 on one core: ours, Keras's legacy, TensorFlow's.

    python -m benchmarks.augmentation

`keras_legacy` is `ImageDataGenerator.random_transform` on float32 pictures, as the courses' generators call it;
`tensorflow` is `ImageProjectiveTransformV3` on uint8, its matrices made beforehand; ours draws the parameters, composes
the matrices and resamples. The three run in turn in one process held to one core (Linux); the ratio of medians holds
where seconds do not. The last figure is how far, in levels, ours and TensorFlow's lie from Keras's float32 result for
the same parameters, on random noise, where errors of interpolation show most. TensorFlow cuts down to whole levels.
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

PICTURES = 400
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


def by_tensorflow(pictures: Pictures, maps: NDArray[np.float64]) -> Pictures:
    """The pictures resampled by TensorFlow: the same maps, bilinear, the last pixel repeated beyond the edge."""
    import tensorflow as tf

    warped = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=maps.reshape(-1, 9)[:, :8].astype(np.float32),
        output_shape=pictures.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )
    return warped.numpy()


def by_keras(picture: Pictures, parameters: Parameters, row: int) -> Any:
    """One square picture by Keras's legacy transform with one row of our parameters, float32."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    return ImageDataGenerator().apply_transform(
        picture.astype(np.float32),
        {
            "theta": parameters.rotation[row],
            "tx": parameters.shift_x[row] * SIDE,  # Keras's tx moves along the width
            "ty": parameters.shift_y[row] * SIDE,
            "shear": parameters.shear[row],
            "zx": parameters.zoom_x[row],
            "zy": parameters.zoom_y[row],
            "flip_horizontal": parameters.flip_x[row],
        },
    )


def levels_from_keras(pictures: Pictures) -> dict[str, dict[str, float]]:
    """Largest and mean difference from Keras's result, for the same parameters."""
    parameters = draw(Augmentation(**OPTIONS), np.random.default_rng(1), len(pictures))
    maps = matrices(parameters, SIDE, SIDE)
    exact = np.stack([by_keras(picture, parameters, row) for row, picture in enumerate(pictures)])
    ways = {"ours": warp(pictures, maps), "tensorflow": by_tensorflow(pictures, maps)}
    differences = {name: np.abs(warped - exact) for name, warped in ways.items()}
    return {name: {"max": float(found.max()), "mean": float(found.mean())} for name, found in differences.items()}


def main() -> None:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # before TensorFlow starts its threads, which inherit it
    warnings.filterwarnings("ignore", "Please import `affine_transform`", DeprecationWarning)
    import_keras()
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    pictures = np.random.default_rng(0).integers(0, 256, (PICTURES, SIDE, SIDE, 1), dtype=np.uint8)
    floats = pictures.astype(np.float32)
    generator = ImageDataGenerator(**OPTIONS)
    augmentation = Augmentation(**OPTIONS)
    augmenter = Augmenter(augmentation, seed=7)
    maps = matrices(draw(augmentation, np.random.default_rng(0), PICTURES), SIDE, SIDE)
    ways: dict[str, Callable[[int], object]] = {
        "ours": lambda epoch: augmenter(pictures, epoch, 0),
        "keras_legacy": lambda _: [generator.random_transform(picture) for picture in floats],
        "tensorflow": lambda _: by_tensorflow(pictures, maps),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(REPEATS + 1):  # in turn; the first round is not counted
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
            "levels_from_keras": levels_from_keras(pictures[:50]),
            "pictures": PICTURES,
            "shape": [SIDE, SIDE, 1],
            "options": OPTIONS,
            "repeats": REPEATS,
        },
    )


if __name__ == "__main__":
    main()

"""A signature of a SavedModel that takes the bytes of JPEG and PNG files."""

from __future__ import annotations

import io
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.export.predictor import Tensors, input_specs, serving
from utils.training.results import Endpoint

SERVE_IMAGES = "serve_images"
"""The name of the signature."""
IMAGES = "images"
"""Its input: (rows,) strings, the contents of files."""


def image_endpoint(model: keras.Model, centre: float = 1.0) -> Endpoint | None:
    """The signature of a model of images, (rows, height, width, 1 or 3) uint8; None for other models.

    Each image is decoded to the channels of the model (grey as ITU-R 601 luma), the fraction `centre` of height and
    width is cut out, and what is not of the model's size is resized bilinearly with antialiasing. Unlike `predict`, the
    signature ignores EXIF rotation and transparency, and rounds a resized pixel a level or so differently.
    """
    specs = input_specs(model)
    (name, spec), *others = specs.items()
    shape = spec.shape.as_list()
    if others or spec.dtype != tf.uint8 or len(shape) != 4 or shape[3] not in (1, 3):
        return None
    call = serving(model)

    def serve(images: Any) -> Tensors:
        def decoded(content: Any) -> Any:
            return _resized(_cut(_decoded(content, shape[3]), centre), shape[1:3])

        pixels = tf.map_fn(decoded, images, fn_output_signature=tf.TensorSpec(shape[1:], tf.uint8))
        return call({name: pixels})

    return Endpoint(serve, [tf.TensorSpec((None,), tf.string, name=IMAGES)])


def _decoded(content: Any, channels: int) -> Any:
    """(height, width, channels) uint8, exactly as Pillow decodes it."""

    def jpeg() -> Any:
        return tf.io.decode_jpeg(content, channels, dct_method="INTEGER_ACCURATE")

    def other() -> Any:
        colours = tf.io.decode_image(content, 3, expand_animations=False)
        colours.set_shape((None, None, 3))
        if channels == 3:
            return colours
        red, green, blue = tf.unstack(tf.cast(colours, tf.int32), axis=-1)
        luma = (19595 * red + 38470 * green + 7471 * blue + 32768) // 65536  # Pillow's fixed-point numbers
        return tf.cast(luma, tf.uint8)[..., None]

    return tf.cond(tf.io.is_jpeg(content), jpeg, other)


def _cut(pixels: Any, centre: float) -> Any:
    if centre >= 1:
        return pixels
    size = tf.shape(pixels)[:2]
    start = tf.cast(tf.round(tf.cast(size, tf.float64) * ((1 - centre) / 2)), tf.int32)
    return pixels[start[0] : size[0] - start[0], start[1] : size[1] - start[1]]


def _resized(pixels: Any, size: list[int]) -> Any:
    def resized() -> Any:
        values = tf.image.resize(tf.cast(pixels, tf.float32), size, antialias=True)
        return tf.cast(tf.clip_by_value(tf.round(values), 0, 255), tf.uint8)

    found = tf.cond(tf.reduce_all(tf.shape(pixels)[:2] == size), lambda: pixels, resized)
    return tf.ensure_shape(found, (*size, pixels.shape[2]))


def encoded(pixels: Any, form: str) -> bytes:
    """The bytes of an image file, from (height, width, channels) uint8."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, form)
    return file.getvalue()


def on_canvas(pixels: Any, centre: float) -> Any:
    """An image of which the fraction `centre` is `pixels`: black around them."""
    if centre >= 1:
        return pixels
    before = []
    for side in pixels.shape[:2]:
        length = next(n for n in range(side, 100 * side) if n - 2 * round(n * (1 - centre) / 2) == side)
        before.append((length - side) // 2)
    return np.pad(pixels, ((before[0],) * 2, (before[1],) * 2, (0, 0)))

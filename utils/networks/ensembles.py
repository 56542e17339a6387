"""Ensembles and test-time augmentation, from plain Keras layers only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from utils.networks.blocks import combinations


def mirror_images(images: Any) -> list[Any]:
    """An image and its horizontal mirror image.

    Args:
        images: (batch, height, width, channels), levels from 0 to 255.

    Returns:
        Two tensors (batch, height, width, channels) float32, the image itself first.
    """
    rows_last = _rows_last(images)
    return _images([rows_last, _backwards(rows_last, "mirrored")])


def symmetries(images: Any) -> list[Any]:
    """The eight views of a square image under rotations by 90° and mirroring.

    Args:
        images: (batch, side, side, channels), levels from 0 to 255.

    Returns:
        Eight tensors (batch, side, side, channels) float32, the image itself first.

    Raises:
        ValueError: the images are not square.
    """
    if images.shape[1] != images.shape[2]:
        raise ValueError(f"images of {images.shape[1]} × {images.shape[2]} are not square and cannot be rotated by 90°")
    rows_last = _rows_last(images)
    views = []
    for name, view in (("plain", rows_last), ("mirrored", _backwards(rows_last, "mirrored"))):
        views.append(view)
        for turn in range(1, 4):  # a rotation by 90° is a transposition and a mirroring
            view = keras.layers.Permute((1, 3, 2), name=f"{name}_transposed_{turn}")(view)
            view = _backwards(view, f"{name}_turned_{turn}")
            views.append(view)
    return _images(views)


def _rows_last(images: Any) -> Any:
    """(batch, height, width, channels) to (batch, channels, height, width) float32."""
    # TensorFlow would transpose before the cast to float and warn that it has no fast transposition of integers. A
    # ReLU, which changes no level, keeps the order.
    levels = keras.layers.ReLU(name="levels")(keras.layers.Rescaling(1.0, name="as_float")(images))
    return keras.layers.Permute((3, 1, 2), name="by_channel")(levels)


def _images(views: list[Any]) -> list[Any]:
    """Transpose each view from (batch, channels, height, width) to (batch, height, width, channels)."""
    return [keras.layers.Permute((2, 3, 1), name=f"view_{number}")(view) for number, view in enumerate(views)]


def _backwards(values: Any, name: str) -> Any:
    """Reverse the last axis.

    Keras has no plain layer that mirrors. A frozen Dense layer with a reversed identity as its kernel does it exactly,
    and every format saves it.
    """
    return combinations(values, np.eye(values.shape[-1])[::-1], name=name)


def ensemble(member: Callable[[str], keras.Model], number: int) -> keras.Model:
    """An ensemble whose members are trained together, each with its own loss; `average_predictions` averages them.

    Args:
        member: builds a network with the given name: (batch, …) to (batch, classes).
        number: number of members.

    Returns:
        (batch, …) to (batch, members, classes).
    """
    members = [member(f"member_{n}") for n in range(1, number + 1)]
    inputs = keras.Input(members[0].input.shape[1:], dtype=members[0].input.dtype, name="pictures")
    classes = members[0].output.shape[-1]
    # The names of layers are part of saved models and of recorded digests.
    predictions = [keras.layers.Reshape((1, classes), name=f"answer_of_{each.name}")(each(inputs)) for each in members]
    return keras.Model(inputs, keras.layers.Concatenate(axis=1, name="answers")(predictions), name="committee")


def average_predictions(
    trained: keras.Model, views: Callable[[Any], list[Any]] = lambda images: [images]
) -> keras.Model:
    """The mean prediction of a network, or of the members of an ensemble, over several views of an image.

    Args:
        trained: (batch, height, width, channels) float32 to (batch, classes), or an `ensemble` of such networks.
        views: `symmetries` or `mirror_images` (test-time augmentation); defaults to the image alone.

    Returns:
        (batch, height, width, channels) uint8 to (batch, classes).

    Source:
        Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS 2012,
        section 4.1; Dieleman, Willett and Dambre, Rotation-invariant convolutional neural networks for galaxy
        morphology prediction, MNRAS 450 (2015), section 5.4.
    """
    # A new model from the same layers: a compiled one would save its loss, and a loss of this project cannot be loaded.
    alone = keras.Model(trained.input, trained.output, name=trained.name)
    members = [layer for layer in trained.layers if isinstance(layer, keras.Model)] or [alone]
    inputs = keras.Input(trained.input.shape[1:], dtype="uint8", name="pictures")
    seen = views(inputs)
    predictions = [member(view) for member in members for view in seen]
    return keras.Model(inputs, keras.layers.Average(name="mean_answer")(predictions), name="averaged")

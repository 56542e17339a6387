"""Answers that are means: over views of a picture, over networks side by side. Plain Keras layers only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from utils.networks.blocks import combinations


def mirror_images(pictures: Any) -> list[Any]:
    """A picture and its mirror image, left and right exchanged.

    Args:
        pictures: (batch, height, width, channels), levels from 0 to 255.

    Returns:
        Two of (batch, height, width, channels) float32, the picture itself first.
    """
    rows_last = _rows_last(pictures)
    return _pictures([rows_last, _backwards(rows_last, "mirrored")])


def symmetries(pictures: Any) -> list[Any]:
    """The eight views of a square picture under quarter turns and mirroring, the picture itself first.

    Args:
        pictures: (batch, side, side, channels), levels from 0 to 255.

    Returns:
        Eight of (batch, side, side, channels) float32.
    """
    if pictures.shape[1] != pictures.shape[2]:
        raise ValueError(f"pictures of {pictures.shape[1]} × {pictures.shape[2]} have no quarter turns")
    rows_last = _rows_last(pictures)
    views = []
    for name, view in (("plain", rows_last), ("mirrored", _backwards(rows_last, "mirrored"))):
        views.append(view)
        for turn in range(1, 4):  # a quarter turn is a transposition and a mirroring
            view = keras.layers.Permute((1, 3, 2), name=f"{name}_transposed_{turn}")(view)
            view = _backwards(view, f"{name}_turned_{turn}")
            views.append(view)
    return _pictures(views)


def _rows_last(pictures: Any) -> Any:
    """(batch, height, width, channels) to (batch, channels, height, width) float32."""
    # TensorFlow would move the turns before the cast to float, and complain that it has no fast turn of whole numbers;
    # a ReLU, which changes no level, keeps the order.
    levels = keras.layers.ReLU(name="levels")(keras.layers.Rescaling(1.0, name="as_float")(pictures))
    return keras.layers.Permute((3, 1, 2), name="by_channel")(levels)


def _pictures(views: list[Any]) -> list[Any]:
    """Each (batch, channels, height, width) to (batch, height, width, channels)."""
    return [keras.layers.Permute((2, 3, 1), name=f"view_{number}")(view) for number, view in enumerate(views)]


def _backwards(values: Any, name: str) -> Any:
    """The last axis backwards.

    Keras has no plain layer that mirrors: a frozen Dense layer whose kernel counts backwards does it exactly, and every
    format saves it.
    """
    return combinations(values, np.eye(values.shape[-1])[::-1], name=name)


def committee(member: Callable[[str], keras.Model], number: int) -> keras.Model:
    """Several networks of one kind side by side, each with an answer and a loss of its own; `mean_answer` joins them.

    Args:
        member: makes a network of this name: (batch, …) to (batch, classes).
        number: of networks.

    Returns:
        (batch, …) to (batch, networks, classes).
    """
    members = [member(f"member_{n}") for n in range(1, number + 1)]
    inputs = keras.Input(members[0].input.shape[1:], dtype=members[0].input.dtype, name="pictures")
    classes = members[0].output.shape[-1]
    answers = [keras.layers.Reshape((1, classes), name=f"answer_of_{each.name}")(each(inputs)) for each in members]
    return keras.Model(inputs, keras.layers.Concatenate(axis=1, name="answers")(answers), name="committee")


def mean_answer(trained: keras.Model, views: Callable[[Any], list[Any]] = lambda pictures: [pictures]) -> keras.Model:
    """The mean of what a network, or each of a committee, says of several views of a picture.

    Args:
        trained: (batch, height, width, channels) float32 to (batch, classes), or a `committee` of such.
        views: `symmetries` or `mirror_images`; by default the picture alone.

    Returns:
        (batch, height, width, channels) uint8 to (batch, classes).

    Source:
        Krizhevsky, Sutskever and Hinton, ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS 2012,
        section 4.1; Dieleman, Willett and Dambre, Rotation-invariant convolutional neural networks for galaxy
        morphology prediction, MNRAS 450 (2015), section 5.4.
    """
    # The network anew, of the same layers: how it was compiled would be saved with it, and a loss of ours not be found.
    alone = keras.Model(trained.input, trained.output, name=trained.name)
    members = [layer for layer in trained.layers if isinstance(layer, keras.Model)] or [alone]
    inputs = keras.Input(trained.input.shape[1:], dtype="uint8", name="pictures")
    seen = views(inputs)
    answers = [member(view) for member in members for view in seen]
    return keras.Model(inputs, keras.layers.Average(name="mean_answer")(answers), name="averaged")

"""Losses by name, where Keras has none that fits."""

from __future__ import annotations

from typing import Any

import keras


def cross_entropy(classes: int, label_smoothing: float = 0.0) -> Any:
    """Cross-entropy of class numbers and probabilities, in nats.

    Args:
        classes: how many.
        label_smoothing: share of each target that is spread evenly over all classes.

    Source:
        Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, Rethinking the Inception Architecture, CVPR 2016, section 7.
    """
    if not label_smoothing:
        return "sparse_categorical_crossentropy"

    def loss(truth: Any, probabilities: Any) -> Any:
        targets = keras.ops.one_hot(keras.ops.reshape(truth, (-1,)), classes)
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)

    return loss

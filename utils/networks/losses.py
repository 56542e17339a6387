"""Losses by name, where Keras has none that fits."""

from __future__ import annotations

from typing import Any

import keras


def cross_entropy(classes: int, label_smoothing: float = 0.0, *, answers: int = 1) -> Any:
    """Cross-entropy of class numbers and probabilities, in nats.

    Args:
        classes: how many.
        label_smoothing: share of each target that is spread evenly over all classes.
        answers: with more than one, the probabilities are (rows, answers, classes) and the loss is the mean over all.

    Source:
        Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, Rethinking the Inception Architecture, CVPR 2016, section 7.
    """
    if not label_smoothing and answers == 1:
        return "sparse_categorical_crossentropy"

    def loss(truth: Any, probabilities: Any) -> Any:
        targets = keras.ops.one_hot(keras.ops.reshape(truth, (-1,)), classes)
        if answers > 1:
            targets = keras.ops.repeat(targets[:, None], answers, axis=1)
        return keras.losses.categorical_crossentropy(targets, probabilities, label_smoothing=label_smoothing)

    return loss

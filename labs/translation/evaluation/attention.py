"""The attention of a trained network: which tokens of the source each token of the target was written from."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def has_attention(model: keras.Model) -> bool:
    """Whether the decoder attends to the source."""
    names = {layer.name for layer in model.layers}
    return bool(names & {"attention", "memory"})


def attention(model: keras.Model, source: NDArray[np.int32], target: NDArray[np.int32]) -> NDArray[np.float32]:
    """The weights of the source for each token that is predicted.

    Args:
        model: of `labs.translation.model.build`.
        source: (rows, source) int32.
        target: (rows, target) int32, the target so far; its token i predicts token i + 1.

    Returns:
        (rows, target, source); each row sums to 1. Of a transformer the mean of the heads of the last layer.

    Raises:
        ValueError: the decoder does not attend to the source.
    """
    names = [layer.name for layer in model.layers]
    if not has_attention(model):
        raise ValueError("this network has no attention")
    if "attention" in names:
        found = model.get_layer("attention").output
        weights = keras.Model(model.input, found[1] if isinstance(found, list | tuple) else found)
        return np.asarray(weights({"source": source, "target": target}, training=False))
    last = max(number for number in range(1, len(names)) if f"decoder_{number}_cross" in names)
    parts = {name: model.get_layer(name).output for name in (f"decoder_{last}_cross_normalized", "memory", "attended")}
    outputs: Any = keras.Model(model.input, parts)({"source": source, "target": target}, training=False)
    query, memory, mask = outputs.values()
    cross = model.get_layer(f"decoder_{last}_cross")
    _, by_head = cross(query, memory, attention_mask=mask, return_attention_scores=True)
    return np.asarray(by_head).mean(axis=1)

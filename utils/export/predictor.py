"""Predictions from raw arrays, whatever file the model came from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.datasets.splits import Inputs

LARGEST_BATCH = 5_000_000
"""Values of the pictures that a model predicts from at a time: its layers take many times their memory."""


class Predictor:
    """Predicts from raw arrays, whatever file the model came from.

    Attributes:
        signature: `{"inputs": {name: {"dtype", "shape"}}, "outputs": {…}}`; None stands for any number of rows.
    """

    def __init__(self, call: Callable[[Any], Any], signature: dict[str, dict[str, Any]], owner: Any) -> None:
        self._call = call
        # A signature of a SavedModel works only as long as the object that it was loaded with.
        self._owner = owner
        self.signature = signature
        self._dtype = next(iter(signature["inputs"].values()))["dtype"]

    def predict(self, inputs: Inputs) -> NDArray[Any]:
        """Predict in batches, so that memory does not grow with the rows: of 4,096 rows of a table, or of 256 pictures,
        fewer where they are large.

        Args:
            inputs: (rows, …) raw, as the lab's data set holds them.

        Returns:
            (rows, …); a last axis of length one is dropped.

        Raises:
            CallerError: the inputs do not have the model's shape.
        """
        expected = next(iter(self.signature["inputs"].values()))["shape"]
        if not tf.TensorShape(expected).is_compatible_with(inputs.shape):
            raise CallerError(
                f"the model takes inputs of shape {tuple(expected)}, these have {inputs.shape}",
                "give raw inputs as the lab's data set holds them",
            )
        if not len(inputs):
            raise CallerError("there are no rows to predict from", "give at least one")
        pictures = max(1, min(256, LARGEST_BATCH // int(np.prod(inputs.shape[1:]))))
        rows = pictures if inputs.ndim > 2 else 4096
        batches = [
            self._call(tf.constant(inputs[start : start + rows], dtype=self._dtype)).numpy()
            for start in range(0, len(inputs), rows)
        ]
        outputs = np.concatenate(batches)
        return outputs[..., 0] if outputs.ndim > 1 and outputs.shape[-1] == 1 else outputs


def predictor(model: keras.Model) -> Predictor:
    """A Predictor of a live Keras model with one input and one output."""
    (spec,) = (tf.TensorSpec(tensor.shape, tensor.dtype) for tensor in model.inputs)
    serve = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
    return Predictor(serve.get_concrete_function(spec), _signature(model), model)


def _signature(model: keras.Model) -> dict[str, dict[str, Any]]:
    def describe(name: str, tensor: Any) -> dict[str, Any]:
        return {name: {"dtype": str(tensor.dtype), "shape": list(tensor.shape)}}

    return {
        "inputs": describe(model.inputs[0].name, model.inputs[0]),
        "outputs": describe(model.output_names[0], model.outputs[0]),
    }

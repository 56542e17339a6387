"""Predict from raw arrays with a model in any format."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays, concatenate, each, row_count

LARGEST_BATCH = 5_000_000
"""Largest number of values in a batch of images. The activations of a model need many times their memory."""

TEXTS, SETS = 256, 16
"""Number of texts in a batch, and for a model that says which of hundreds of thousands of n-grams occur in each, or
that is not known."""
_UNKNOWN = re.compile(r"found OOV values \[(.*?)\], consider setting")
"""In the error of a lookup (Keras's IndexLookup) without a place for unknown levels."""

Tensors = dict[str, Any]
Signature = dict[str, dict[str, Any]]


class Predictor:
    """Predicts from raw arrays with a model in any format.

    Args:
        call: maps named input tensors to named output tensors.
        signature: see below.
        owner: an object to keep alive: the signature of a SavedModel only works while the loaded object exists.
        texts: number of texts in a batch.

    Attributes:
        signature: `{"inputs": {name: {"dtype", "shape"}}, "outputs": {…}}`; None is an axis of any size. A model with
            several inputs or outputs takes or returns a dict of arrays with these names.
    """

    def __init__(self, call: Callable[[Tensors], Tensors], signature: Signature, owner: Any, texts: int = SETS) -> None:
        self._call = call
        self._texts = texts
        self._owner = owner
        self.signature = signature

    def predict(self, inputs: Arrays) -> Any:
        """Predict in batches of 4,096 table rows, 256 texts or at most 256 images.

        Memory is bounded: texts of a model of many n-grams come in batches of 16.

        Args:
            inputs: (rows, …) raw values as in the data set of the lab, or a dict of such arrays for several inputs.

        Returns:
            (rows, …) predictions, without a last axis of size one, or a dict of such arrays for several outputs.

        Raises:
            CallerError: the inputs do not have the names, shapes or types of the model's inputs, a level of a category
                is not known to the model, or there are no rows.
            MemoryError: a batch does not fit in memory.
        """
        expected = self.signature["inputs"]
        named = inputs if isinstance(inputs, Mapping) else {next(iter(expected)): inputs}
        self._check(named)
        rows, size = row_count(named), _batch_size(named, self._texts)
        batches = []
        for start in range(0, rows, size):
            tensors = {
                name: _tensor(name, named[name][start : start + size], spec["dtype"]) for name, spec in expected.items()
            }
            try:
                batches.append({name: value.numpy() for name, value in self._call(tensors).items()})
            except tf.errors.ResourceExhaustedError as error:
                raise MemoryError(str(error)) from error
            except tf.errors.InvalidArgumentError as error:
                unknown = _UNKNOWN.search(str(error))
                if unknown is None:
                    raise
                raise CallerError(
                    f"the model does not know the level {unknown[1].replace(chr(92), '')} of a category",
                    "give levels of the training rows; labels.json of the run lists them",
                ) from error
        return plain(concatenate(batches))

    def _check(self, named: Mapping[str, Any]) -> None:
        expected = self.signature["inputs"]
        if set(named) != set(expected):
            raise CallerError(
                f"the model takes the inputs {', '.join(expected)}, not {', '.join(named)}",
                "give raw inputs as in the data set of the lab",
            )
        for name, spec in expected.items():
            if not tf.TensorShape(spec["shape"]).is_compatible_with(named[name].shape):
                raise CallerError(
                    f"the model takes inputs of shape {tuple(spec['shape'])}, these have {named[name].shape}",
                    "give raw inputs as in the data set of the lab",
                )
        if not row_count(named):
            raise CallerError("there are no rows to predict from", "give at least one row")


def _tensor(name: str, values: Any, dtype: str) -> Any:
    """Values as a tensor of the type that the model takes, if that does not change them.

    Raises:
        CallerError: words for a number, a number for words, or a fraction for a whole number.
    """
    words = values.dtype.kind in "OSU"
    whole = tf.as_dtype(dtype).is_integer
    changed = values[values != np.round(values)] if whole and values.dtype.kind == "f" else values[:0]
    if words != (dtype == "string") or len(changed):
        kind = f"{changed[0]}" if len(changed) else "words" if words else "numbers"
        raise CallerError(
            f"the model takes {dtype} for {name}, not {kind}", "give raw inputs as in the data set of the lab"
        )
    return tf.constant(values, dtype=dtype)


def _batch_size(named: Mapping[str, Any], texts: int) -> int:
    if len(named) == 1 and any(array.dtype.kind in "OUS" for array in named.values()):  # not the columns of a table
        return texts
    images = [int(np.prod(array.shape[1:])) for array in named.values() if array.ndim > 2]
    return max(1, min(256, LARGEST_BATCH // max(images))) if images else 4096


def plain(outputs: dict[str, NDArray[Any]]) -> Any:
    """Named outputs as `Predictor.predict` returns them: one array, or a dict of several."""
    found = each(_squeezed, outputs)
    return found if len(found) > 1 else next(iter(found.values()))


def _squeezed(outputs: NDArray[Any]) -> NDArray[Any]:
    return outputs[..., 0] if outputs.ndim > 1 and outputs.shape[-1] == 1 else outputs


def input_specs(model: keras.Model) -> dict[str, tf.TensorSpec]:
    """The inputs of a functional model by name; the names are the keys if the model takes a dict."""
    named = model.input if isinstance(model.input, dict) else {model.inputs[0].name: model.inputs[0]}
    return {name: tf.TensorSpec(tensor.shape, tensor.dtype, name=name) for name, tensor in named.items()}


def serving(model: keras.Model) -> Callable[[Tensors], Tensors]:
    """The model in inference mode as a function of named tensors, without dropout and with fixed statistics."""
    several = isinstance(model.input, dict)

    def call(tensors: Tensors) -> Tensors:
        outputs = model(tensors if several else next(iter(tensors.values())), training=False)
        return outputs if isinstance(outputs, dict) else {model.output_names[0]: outputs}

    return call


def predictor(model: keras.Model) -> Predictor:
    """A Predictor of a functional model in memory."""
    serve = tf.function(serving(model), autograph=False)
    texts = SETS if any(map(_is_set, _all_layers(model))) else TEXTS
    return Predictor(serve.get_concrete_function(input_specs(model)), _signature(model), model, texts)


def _is_set(layer: Any) -> bool:
    """Whether a layer says which entries of its vocabulary occur in a text."""
    return isinstance(layer, keras.layers.TextVectorization) and layer.get_config()["output_mode"] == "multi_hot"


def _all_layers(model: keras.Model) -> Iterator[Any]:
    """The layers of a model and of those in it."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)


def _signature(model: keras.Model) -> Signature:
    outputs = model.output if isinstance(model.output, dict) else {model.output_names[0]: model.outputs[0]}
    return {
        "inputs": {name: _described(spec) for name, spec in input_specs(model).items()},
        "outputs": {name: _described(tensor) for name, tensor in outputs.items()},
    }


def _described(tensor: Any) -> dict[str, Any]:
    """Data type and shape of a Keras tensor or a `tf.TensorSpec`."""
    return {"dtype": getattr(tensor.dtype, "name", tensor.dtype), "shape": list(tensor.shape)}

"""A trained model as files that others open: `.keras`, HDF5 and SavedModel, and one function that opens any of them."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from utils.contracts import Endpoint
from utils.errors import CallerError
from utils.splits import Inputs

FORMATS = {"keras": "model.keras", "h5": "model.h5", "saved_model": "saved_model"}
"""The three forms of every run, and their names in its folder."""

# Operations through which a graph reaches files, the network or Python; a SavedModel has no safe mode of its own.
_OUTSIDE = re.compile(
    r"File|PyFunc|Summary|Dataset|Reader|Debug|Rpc|RemoteCall|Save|Restore|Checkpoint|Print|Logging|Import|Export|Remap|DecodeProto"
)
_HARMLESS = {"ShardedFilename", "DatasetToGraphV2"}
# TensorFlow's own saver; the loader takes variables through it, and nothing else may call it.
_SAVER = re.compile(r"__inference__traced_(save|restore)_\d+")


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


def save_model(model: keras.Model, folder: Path, endpoints: Mapping[str, Endpoint] | None = None) -> None:
    """Write `model` into `folder` in the three forms.

    The SavedModel's signature `serving_default` takes and gives tensors by name: those of the Input and of the output
    layer. It is the network at inference: dropout off, statistics fixed.

    Args:
        model: functional, of plain Keras layers, with one input and one output.
        folder: exists.
        endpoints: further signatures of the SavedModel, by name.
    """
    model.save(folder / FORMATS["keras"])
    _save_h5(model, folder / FORMATS["h5"])
    name, tensor = model.inputs[0].name, model.inputs[0]
    output = model.output_names[0]
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serve",
        lambda inputs: {output: model(inputs, training=False)},
        input_signature=[tf.TensorSpec(tensor.shape, tensor.dtype, name=name)],
    )
    for endpoint, (function, signature) in (endpoints or {}).items():
        archive.add_endpoint(endpoint, function, input_signature=signature)
    archive.write_out(str(folder / FORMATS["saved_model"]), verbose=False)


def _save_h5(model: keras.Model, path: Path) -> None:
    """HDF5 is the courses' format and asked for by name, so Keras's advice against it is not repeated to the user."""
    import absl.logging

    level = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.ERROR)
    try:
        model.save(path)
    finally:
        absl.logging.set_verbosity(level)


def open_model(path: Path) -> Predictor:
    """Open a model by its path: `.keras`, `.h5`, the folder of a SavedModel, or a run's folder (its `.keras`).

    No code that the file brings is run: Keras's safe mode stays on, and a SavedModel is first searched for operations
    that reach files or Python.

    Raises:
        CallerError: there is nothing to open, or it is damaged, or it is not safe to open.
    """
    if (path / FORMATS["keras"]).is_file() or path.suffix in (".keras", ".h5"):
        return predictor(load_model(path))
    if (path / "saved_model.pb").is_file():
        return _open_saved_model(path)
    raise CallerError(f"{path}: there is no model here", "give a .keras or .h5 file, a SavedModel or a run's folder")


def load_model(path: Path) -> keras.Model:
    """The Keras model of a `.keras` or `.h5` file or of a run's folder, to look into or to train on after compiling.

    Raises:
        CallerError: there is none, or it is damaged, or Keras's safe mode refuses it.
    """
    if (path / FORMATS["keras"]).is_file():
        path = path / FORMATS["keras"]
    if path.suffix not in (".keras", ".h5") or not path.is_file():
        raise CallerError(f"{path}: there is no Keras model here", "give a .keras or .h5 file or a run's folder")
    try:
        # Compiled state is left out: an optimizer from .h5 is built from the wrong variables (Keras 3.15).
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CallerError(
            f"{path}: Keras cannot open it ({str(error).splitlines()[0]})",
            "open a model that this suite has saved",
        ) from error


def _open_saved_model(path: Path) -> Predictor:
    unsafe = outside_operations(path)
    if unsafe:
        raise CallerError(
            f"{path}: the SavedModel would reach out of its graph ({', '.join(sorted(unsafe))})",
            "open only models that you trust; this one is not opened",
        )
    loaded = tf.saved_model.load(path)
    serve = loaded.signatures["serving_default"]
    (name, spec), *_ = serve.structured_input_signature[1].items()
    (output, result), *_ = serve.structured_outputs.items()
    signature = {
        "inputs": {name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()}},
        "outputs": {output: {"dtype": result.dtype.name, "shape": result.shape.as_list()}},
    }
    return Predictor(lambda inputs: serve(**{name: inputs})[output], signature, loaded)


def outside_operations(path: Path) -> set[str]:
    """The operations of a SavedModel through which it could reach files, Python or its own saver.

    Raises:
        CallerError: the file is not a SavedModel.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString((path / "saved_model.pb").read_bytes())
    except DecodeError as error:
        raise CallerError(f"{path}: saved_model.pb is damaged ({error})", "save the model again") from error
    found: set[str] = set()
    for meta in saved.meta_graphs:
        nodes = list(meta.graph_def.node)
        for function in meta.graph_def.library.function:
            if _SAVER.fullmatch(function.signature.name):
                continue
            nodes += function.node_def
            found |= {
                f"{node.op} of the saver"
                for node in function.node_def
                for value in node.attr.values()
                if _SAVER.fullmatch(value.func.name)
            }
        found |= {node.op for node in nodes if _OUTSIDE.search(node.op) and node.op not in _HARMLESS}
        found |= {name for name in meta.object_graph_def.concrete_functions if _SAVER.fullmatch(name)}
    return found

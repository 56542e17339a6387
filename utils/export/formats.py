"""A trained model as files that others open: `.keras`, HDF5 and SavedModel, and one function that opens any of them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import keras
import tensorflow as tf

from utils.base.errors import CallerError
from utils.export.predictor import Predictor, input_specs, predictor, serving
from utils.export.saved_model_scan import outside_operations
from utils.training.results import Endpoint

FORMATS = {"keras": "model.keras", "h5": "model.h5", "saved_model": "saved_model"}
"""The three forms of every run, and their names in its folder."""


def save_model(model: keras.Model, folder: Path, endpoints: Mapping[str, Endpoint] | None = None) -> None:
    """Write `model` into `folder` in the three forms.

    The SavedModel's signature `serving_default` takes and gives tensors by name: those of the Input and of the output
    layer. It is the network at inference: dropout off, statistics fixed.

    Args:
        model: functional, of plain Keras layers, with one input or a dict of inputs, and the same for outputs.
        folder: exists.
        endpoints: further signatures of the SavedModel, by name.
    """
    model.save(folder / FORMATS["keras"])
    _save_h5(model, folder / FORMATS["h5"])
    specs, call = input_specs(model), serving(model)
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serve",
        lambda *tensors: call(dict(zip(specs, tensors, strict=True))),
        input_signature=list(specs.values()),
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
    tensors = {"inputs": serve.structured_input_signature[1], "outputs": serve.structured_outputs}
    signature = {
        side: {name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()} for name, spec in named.items()}
        for side, named in tensors.items()
    }
    return Predictor(lambda inputs: serve(**inputs), signature, loaded)

"""Save a model as `.keras`, HDF5 and SavedModel, and open any of these formats."""

from __future__ import annotations

import errno
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf

from utils.base.errors import CallerError
from utils.export.predictor import Predictor, input_specs, predictor, serving
from utils.export.scans import keras_files, saved_models
from utils.training.results import Endpoint

FORMATS = {"keras": "model.keras", "h5": "model.h5", "saved_model": "saved_model"}
"""The file name of each format in the folder of a run."""
_UNUSUAL = re.compile(r"[\[\]*?\\\ud800-\udfff]")


def save_model(model: keras.Model, folder: Path, endpoints: Mapping[str, Endpoint] | None = None) -> None:
    """Save `model` in all three formats.

    The signature `serving_default` of the SavedModel takes and returns tensors by name: the names of the Input layers
    and of the output layers. It runs the model in inference mode, without dropout and with fixed statistics.

    Args:
        model: a functional model of built-in Keras layers, with one input or a dict of inputs, and one output or a dict
            of outputs.
        folder: an existing folder.
        endpoints: additional signatures of the SavedModel, by name.

    Raises:
        OSError: a file cannot be written.
    """
    model.save(folder / FORMATS["keras"])
    save_h5(model, folder / FORMATS["h5"])
    save_saved_model(model, folder / FORMATS["saved_model"], endpoints)


def save_saved_model(model: keras.Model, path: Path, endpoints: Mapping[str, Endpoint] | None = None) -> None:
    """Save as the folder of a SavedModel; arguments as of `save_model`."""
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
    with for_tensorflow(path, written=True) as place:
        try:
            archive.write_out(str(place), verbose=False)
        except tf.errors.OpError as error:  # a full disk is an error of its own for TensorFlow
            raise OSError(errno.EIO, " ".join(str(error.message).split()), str(place)) from error


@contextmanager
def for_tensorflow(path: Path, *, written: bool = False) -> Iterator[Path]:
    """The folder of a SavedModel under a name that TensorFlow takes as it is; a copy, if its own name is none.

    TensorFlow reads `[`, `]`, `*`, `?` and a backslash as a pattern, and takes only names in UTF-8.

    Args:
        path: the folder.
        written: whether it is written in the block rather than read.
    """
    if not _UNUSUAL.search("".join(path.absolute().parts[1:])):
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / FORMATS["saved_model"]
        if not written:
            shutil.copytree(path, place)
        yield place
        if written:
            shutil.copytree(place, path)


def save_h5(model: keras.Model, path: Path) -> None:
    """Save as HDF5, the format of the courses, without Keras's warning that it is a legacy format."""
    import absl.logging

    level = absl.logging.get_verbosity()
    absl.logging.set_verbosity(absl.logging.ERROR)
    try:
        model.save(path)
    except RuntimeError as error:  # what HDF5 makes of a full disk
        raise OSError(errno.EIO, "HDF5 cannot write it; the disk may be full", str(path)) from error
    finally:
        absl.logging.set_verbosity(level)


def open_model(path: Path) -> Predictor:
    """Open a `.keras` or `.h5` file, the folder of a SavedModel, or the folder of a run (its `.keras` file).

    No code from the file is executed: it is scanned first, and Keras's safe mode stays on.

    Raises:
        CallerError: there is no model, or it is damaged, or it is not safe to open.
    """
    if (path / FORMATS["keras"]).is_file() or path.suffix in (".keras", ".h5"):
        return predictor(load_model(path))
    if (path / "saved_model.pb").is_file():
        return _open_saved_model(path)
    raise CallerError(
        f"{path}: there is no model here", "give a .keras or .h5 file, or the folder of a SavedModel or of a run"
    )


def load_model(path: Path) -> keras.Model:
    """Load the Keras model of a `.keras` or `.h5` file or of the folder of a run, not compiled.

    Raises:
        CallerError: there is no model, or it is damaged, or Keras's safe mode refuses it.
    """
    if (path / FORMATS["keras"]).is_file():
        path = path / FORMATS["keras"]
    if path.suffix not in (".keras", ".h5") or not path.is_file():
        raise CallerError(f"{path}: there is no Keras model here", "give a .keras or .h5 file or the folder of a run")
    try:
        with keras_files.limited_variables(keras_files.check(path)):
            # The compiled state is not loaded: Keras 3.15 builds an optimizer from .h5 with the wrong variables.
            return keras.saving.load_model(path, compile=False, safe_mode=True)
    except keras_files.UnsafeModelError as error:
        raise CallerError(
            f"{path}: the model is not opened: {error}", "give a model that was saved by a lab"
        ) from error
    except (OSError, ValueError, KeyError, TypeError, RecursionError, zipfile.BadZipFile) as error:
        raise CallerError(
            f"{path}: Keras cannot open it ({str(error).splitlines()[0]})",
            "give a model that was saved by a lab",
        ) from error


def _open_saved_model(path: Path) -> Predictor:
    saved_models.check(path)
    with for_tensorflow(path) as place:
        loaded = tf.saved_model.load(place)
    serve = loaded.signatures["serving_default"]
    tensors = {"inputs": serve.structured_input_signature[1], "outputs": serve.structured_outputs}
    signature = {
        side: {name: {"dtype": spec.dtype.name, "shape": spec.shape.as_list()} for name, spec in named.items()}
        for side, named in tensors.items()
    }
    return Predictor(lambda inputs: serve(**inputs), signature, loaded)

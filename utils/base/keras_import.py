"""Import Keras on TensorFlow, quietly and with the same settings for every user."""

from __future__ import annotations

import os

from utils.base.console import captured_stderr
from utils.base.errors import CallerError
from utils.base.paths import from_environment

BACKEND = "tensorflow"


def import_keras() -> None:
    """Import Keras on TensorFlow without the messages that TensorFlow prints; if the import fails, they are shown.

    TensorFlow 2.21 writes four to eight lines to the file descriptor of standard error (oneDNN, CUDA, absl), whatever
    the value of `TF_CPP_MIN_LOG_LEVEL`. The descriptor itself is therefore redirected during the import.

    A user's `keras.json` does not change what the labs compute: the backend, the image data format, the float type and
    epsilon are set to Keras's defaults.

    Raises:
        CallerError: the environment, or code that imported Keras before, chose another backend than TensorFlow, or
            KERAS_HOME cannot be expanded.
        ImportError: Keras or TensorFlow cannot be imported.
    """
    os.environ["KERAS_BACKEND"] = os.environ.get("KERAS_BACKEND") or BACKEND  # Keras reads "" as unset
    _check_backend(os.environ["KERAS_BACKEND"])
    home = from_environment("KERAS_HOME")
    if home is not None:
        os.environ["KERAS_HOME"] = str(home)  # Keras makes a folder named ~
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # later messages: errors only
    with captured_stderr():
        import keras
        import tensorflow

        tensorflow.config.list_physical_devices()  # looks for CUDA, and prints what it does not find
    _check_backend(keras.config.backend())
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)


def _check_backend(backend: str) -> None:
    if backend != BACKEND:
        raise CallerError(
            f"the Keras backend is {backend}, but the labs need {BACKEND}",
            f"unset KERAS_BACKEND, or set it to {BACKEND}, and start again",
        )

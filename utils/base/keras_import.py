"""Importing TensorFlow without the lines that its C++ code prints before any logger exists."""

from __future__ import annotations

import os
import sys
import tempfile


def import_keras() -> None:
    """Import Keras on TensorFlow, silently where it works; where it fails, what it printed is shown.

    TensorFlow 2.21 writes four to eight lines to the file descriptor of standard error (oneDNN, CUDA, absl) whatever
    `TF_CPP_MIN_LOG_LEVEL` says, so the descriptor itself is turned away for the seconds of the import.

    Raises:
        ImportError: Keras or TensorFlow cannot be imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # later messages: errors only
    os.environ["KERAS_BACKEND"] = "tensorflow"
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            import keras  # noqa: F401
            import tensorflow

            tensorflow.config.list_physical_devices()  # looks for CUDA, and prints what it does not find
        except BaseException:
            os.dup2(saved, 2)
            captured.seek(0)
            os.write(2, captured.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)

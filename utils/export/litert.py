"""Convert a signature of a SavedModel to LiteRT (TensorFlow Lite), with TensorFlow's converter."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from utils.base.console import captured_stderr
from utils.base.errors import CallerError
from utils.export.reading import SERVING

CALIBRATION_ROWS = 200
"""Rows by which the ranges of integers are chosen."""


def to_litert(
    saved_model: Path, signature: str = SERVING, *, int8: bool = False, calibration: dict[str, Any] | None = None
) -> bytes:
    """Convert a signature; it keeps its name, and any number of rows stays possible.

    Args:
        saved_model: the folder of a SavedModel.
        signature: its signature.
        int8: store weights as integers of eight bits. With calibration rows the activations are such integers, too;
            inputs and outputs keep their types.
        calibration: named inputs of training rows.

    Returns:
        The contents of a `.tflite` file.

    Raises:
        CallerError: LiteRT has no operation for one of the model.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=[signature])
    if int8:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if calibration is not None:
            converter.representative_dataset = lambda: _rows(signature, calibration)
    try:
        with captured_stderr(shown=False), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the interpreter that calibrates will be a package of its own
            content: bytes = converter.convert()
    except ConverterError as error:
        reason = re.findall(r"'(tf\.\w+)' op|TF Select ops: (.*)", str(error))
        named = next((first or second for first, second in reason), str(error).strip().splitlines()[0][:80])
        raise CallerError(
            f"litert cannot represent this model: it has no operation for {named}",
            "choose another format with --format",
        ) from error
    return content


def _rows(signature: str, inputs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    rows = len(next(iter(inputs.values())))
    for row in range(rows):
        yield signature, {name: array[row : row + 1] for name, array in inputs.items()}

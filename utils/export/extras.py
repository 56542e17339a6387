"""Which formats an export can have, for this model and on this machine; imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from importlib.util import find_spec
from typing import Any

from utils.base.errors import with_extra

FILES = {
    "keras": "model.keras",
    "h5": "model.h5",
    "saved_model": "saved_model",
    "onnx": "model.onnx",
    "litert": "model.tflite",
}
"""The formats, and the name of the file with the whole model."""
STEP_FILES = {"onnx": "step.onnx", "litert": "step.tflite"}
"""The file with one step of a model of sequences, where it is a file of its own."""
PART_FILES = {"encode": "encode.onnx", "step": "step.onnx"}
"""The files in ONNX of the parts of a model with an encoder and a decoder, by the name of the signature."""
INT8_FILES = {"model.tflite": "model.int8.tflite", "step.tflite": "step.int8.tflite"}
VOCABULARY = "vocabulary.json"
"""Next to a file that takes token ids: how to encode texts."""
RECORD = "exports.json"
EXTRA = "onnx"
NEEDED = {"onnx": ("onnx", "onnxruntime", "tf2onnx")}
"""The packages that a format needs beyond those of every lab."""
RECURRENT = {"LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
ATTENTION = {"MultiHeadAttention", "GroupQueryAttention", "Attention", "AdditiveAttention", "Dot"}
TEXT = {"TextVectorization", "StringLookup", "Hashing"}
LOOKUP = "IntegerLookup"
CONVOLUTIONS = {"Conv1D", "Conv2D", "Conv3D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"}
FEW = 4
"""Largest number of convolutions of a small network; residual networks have more."""


def versions() -> dict[str, str]:
    """The versions of the packages of the formats that are installed."""
    names = [name for packages in NEEDED.values() for name in packages]
    return {name: metadata.version(name) for name in names if find_spec(name) is not None}


def missing_extra(form: str) -> tuple[str, str] | None:
    """A sentence and a hint, if a package that the format needs is not installed."""
    missing = [name for name in NEEDED.get(form, ()) if find_spec(name) is None]
    if not missing:
        return None
    return f"the format {form} needs {', '.join(missing)}", with_extra(EXTRA)


def impossible(form: str, record: Mapping[str, Any], *, stepped: bool, tokenized: bool) -> str | None:
    """Why a format cannot represent the model of a run, in one sentence; None if it can.

    Args:
        form: the format.
        record: the contents of `run.json`.
        stepped: whether the lab has the model one step at a time.
        tokenized: whether the lab has the model on token ids.
    """
    if form not in ("onnx", "litert") or (form == "onnx" and tokenized):
        return None
    found = kinds(record)
    if text := sorted(set(found) & TEXT):
        return f"{form} cannot represent this model: it has no operation for the strings that {text[0]} processes"
    if LOOKUP in found:
        return (
            f"{form} cannot represent this model: it has no operation that looks up the levels of a column ({LOOKUP})"
        )
    strings = [name for name, spec in signature(record)["inputs"].items() if spec["dtype"] == "string"]
    if strings:
        return f"{form} cannot represent this model: its input {strings[0]} is a string"
    recurrent = sorted(set(found) & RECURRENT)
    if form == "litert" and recurrent and not stepped:
        return (
            f"litert cannot represent this model: its layer {recurrent[0]} loops over sequences of any length, and "
            "the lab defines no single step"
        )
    return None


def kinds(record: Mapping[str, Any]) -> list[str]:
    """The classes of the layers of a run's model; those of nested models, too."""
    return [layer["kind"] for layer in record.get("layers", [])]


def signature(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Inputs and outputs of a run's model."""
    empty: Mapping[str, Any] = {"inputs": {}, "outputs": {}}
    found: Mapping[str, Any] = record["parity"].get("keras", {}).get("signature", empty)
    return found


def limit(form: str, layers: Sequence[str]) -> float:
    """The largest difference of the predictions, relative to the largest prediction, at which a format passes."""
    if form in ("keras", "h5", "saved_model"):
        return 1e-7
    deep = sum(kind in CONVOLUTIONS for kind in layers) > FEW or set(layers) & (RECURRENT | ATTENTION)
    return 5e-6 if deep else 1e-6

"""Open an exported model in any format and predict with it, without this project.

This module imports nothing from the project. `python -P reading.py` is the fresh process of `utils.export.fresh`: it
reads requests from standard input, one line of JSON each, and answers each with one line. Arrays are passed in files.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Named = dict[str, Any]
"""Arrays by name."""
SERVING = "serving_default"
ONNX_TYPES = {"float": "float32", "double": "float64"}


class Opened(NamedTuple):
    """An exported model.

    Attributes:
        call: from named arrays to named arrays.
        signature: `inputs` and `outputs`, by name with `dtype` and `shape`; None is an axis of any size.
        signatures: the names of all signatures of the file.
        owner: an object to keep alive.
    """

    call: Callable[[Named], Named]
    signature: dict[str, dict[str, Any]]
    signatures: list[str]
    owner: Any


def open_keras(path: str, signature: str) -> Opened:
    """A `.keras` or `.h5` file; `signature` is not used, such a file has one function."""
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(path, compile=False)
    several = isinstance(model.input, dict)
    inputs = model.input if several else {model.inputs[0].name: model.inputs[0]}
    outputs = model.output if isinstance(model.output, dict) else {model.output_names[0]: model.outputs[0]}

    def serve(tensors: Named) -> Named:
        found = model(tensors if several else next(iter(tensors.values())), training=False)
        return found if isinstance(found, dict) else {model.output_names[0]: found}

    specs = {name: tf.TensorSpec(tensor.shape, tensor.dtype, name=name) for name, tensor in inputs.items()}
    function = tf.function(serve, autograph=False, input_signature=[specs])
    return Opened(on_tensors(function, specs), _described(specs, outputs), [signature], model)


def open_saved_model(path: str, signature: str) -> Opened:
    """One signature of the folder of a SavedModel."""
    import tensorflow as tf

    loaded = tf.saved_model.load(path)
    function = loaded.signatures[signature]
    specs = function.structured_input_signature[1]
    names = sorted(set(loaded.signatures) - {"serve"})
    about = _described(specs, function.structured_outputs)
    return Opened(on_tensors(lambda tensors: function(**tensors), specs), about, names, loaded)


def on_tensors(function: Callable[[Named], Named], specs: Mapping[str, Any]) -> Callable[[Named], Named]:
    """A function of tensors as a function of arrays."""
    import tensorflow as tf

    def call(arrays: Named) -> Named:
        tensors = {name: tf.constant(arrays[name], dtype=spec.dtype) for name, spec in specs.items()}
        return {name: value.numpy() for name, value in function(tensors).items()}

    return call


def _described(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    def each(tensors: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {"dtype": getattr(tensor.dtype, "name", tensor.dtype), "shape": list(tensor.shape)}
            for name, tensor in tensors.items()
        }

    return {"inputs": each(inputs), "outputs": each(outputs)}


def open_onnx(path: str, signature: str) -> Opened:
    """An ONNX file, with ONNX Runtime on the CPU."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads() or 0
    options.log_severity_level = 3
    # Threads that wait for work would take the cores of the runtime whose turn is next.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def each(values: Any) -> dict[str, Any]:
        return {
            value.name: {
                "dtype": ONNX_TYPES.get(kind := value.type.removeprefix("tensor(").removesuffix(")"), kind),
                "shape": [size if isinstance(size, int) else None for size in value.shape],
            }
            for value in values
        }

    about = {"inputs": each(session.get_inputs()), "outputs": each(session.get_outputs())}

    def call(arrays: Named) -> Named:
        feed = {name: np.asarray(arrays[name], dtype=spec["dtype"]) for name, spec in about["inputs"].items()}
        return dict(zip(names, session.run(names, feed), strict=True))

    return Opened(call, about, [signature], session)


def open_litert(path: str, signature: str) -> Opened:
    """A LiteRT file (`.tflite`), with the interpreter of TensorFlow."""
    import tensorflow as tf

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a newer interpreter is a package of its own
        interpreter = tf.lite.Interpreter(model_path=path, num_threads=_threads())
    names = sorted(interpreter.get_signature_list())
    runner = interpreter.get_signature_runner(signature)

    def each(details: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: {
                "dtype": np.dtype(found["dtype"]).name,
                "shape": [None if size < 0 else int(size) for size in found.get("shape_signature", found["shape"])],
            }
            for name, found in details.items()
        }

    about = {"inputs": each(runner.get_input_details()), "outputs": each(runner.get_output_details())}

    def call(arrays: Named) -> Named:
        feed = {name: np.asarray(arrays[name], dtype=spec["dtype"]) for name, spec in about["inputs"].items()}
        return {name: np.array(value) for name, value in runner(**feed).items()}

    return Opened(call, about, names, interpreter)


def _threads() -> int | None:
    """Number of threads of all runtimes; None is their default, all cores."""
    return int(os.environ.get("TF_NUM_INTRAOP_THREADS", 0)) or None


OPENERS: dict[str, Callable[[str, str], Opened]] = {
    "keras": open_keras,
    "h5": open_keras,
    "saved_model": open_saved_model,
    "onnx": open_onnx,
    "litert": open_litert,
}


def in_batches(call: Callable[[Named], Named], inputs: Named, size: int) -> Named:
    """The outputs for all rows, which go through the model in batches of `size`."""
    rows = len(next(iter(inputs.values())))
    parts = [
        call({name: array[start : start + size] for name, array in inputs.items()}) for start in range(0, rows, size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def stepwise(call: Callable[[Named], Named], tokens: Any, facts: Mapping[str, Any]) -> Any:
    """Pass sequences through a model one symbol at a time; its states go out and in again.

    Args:
        call: the model.
        tokens: (rows, length) int32.
        facts: names: `token` and `logits`; `states`: the shape of each state without rows, by name; `after`: what is
            appended to the name of a state in the outputs.

    Returns:
        Logits of each next symbol, (rows, length, symbols).
    """
    rows = len(tokens)
    states = {name: np.zeros((rows, *shape), "float32") for name, shape in facts["states"].items()}
    logits = []
    for place in range(tokens.shape[1]):
        found = call({facts["token"]: tokens[:, place], **states})
        logits.append(found[facts["logits"]])
        states = {name: found[name + facts["after"]] for name in states}
    return np.stack(logits, axis=1)


def milliseconds(calls: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, float]:
    """The median duration of each call. They take turns in a random order: a busy machine slows all of them alike, and
    none is always behind the same other one, which leaves caches and threads in its own state."""
    for call in calls.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in calls}
    order, shuffler = list(calls), random.Random(0)
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times[order[0]]) < 5:
        shuffler.shuffle(order)
        for name in order:
            start = time.perf_counter()
            calls[name]()
            times[name].append(time.perf_counter() - start)
    return {name: 1000 * statistics.median(found) for name, found in times.items()}


class Server:
    """The models that are open in the fresh process."""

    def __init__(self) -> None:
        self._models: dict[str, Opened] = {}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answer a request: `open`, `predict`, `stepwise` or `time`."""
        return {"open": self._open, "predict": self._predict, "stepwise": self._stepwise, "time": self._time}[
            request["do"]
        ](request)

    def _open(self, request: dict[str, Any]) -> dict[str, Any]:
        opened = OPENERS[request["form"]](request["path"], request["signature"])
        self._models[request["name"]] = opened
        return {"signature": opened.signature, "signatures": opened.signatures}

    def _predict(self, request: dict[str, Any]) -> dict[str, Any]:
        call, inputs = self._models[request["name"]].call, _loaded(request["inputs"])
        outputs = in_batches(call, inputs, request["batch"]) if request["batch"] else call(inputs)
        np.savez(request["outputs"], **outputs)
        return {}

    def _stepwise(self, request: dict[str, Any]) -> dict[str, Any]:
        tokens = _loaded(request["inputs"])["tokens"]
        opened, size = self._models[request["name"]], request["batch"]
        parts = [stepwise(opened.call, tokens[start : start + size], request) for start in range(0, len(tokens), size)]
        np.savez(request["outputs"], logits=np.concatenate(parts))
        return {}

    def _time(self, request: dict[str, Any]) -> dict[str, Any]:
        calls = {}
        for name, path in request["inputs"].items():
            calls[name] = _bound(self._models[name].call, _loaded(path))
        return milliseconds(calls, request["seconds"])


def _bound(call: Callable[[Named], Named], inputs: Named) -> Callable[[], Named]:
    return lambda: call(inputs)


def _loaded(path: str) -> Named:
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def main() -> None:
    """Answer requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what TensorFlow prints must not be among the answers
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    import keras  # noqa: F401  (while the parent converts)

    server = Server()
    for line in sys.stdin:
        answer = server.answer(json.loads(line))
        ours = sorted({name.split(".")[0] for name in sys.modules} & {"labs", "utils"})
        answers.write(json.dumps({"answer": answer, "imported": ours, "script": Path(__file__).name}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()

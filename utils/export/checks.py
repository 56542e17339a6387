"""Compare the predictions of exported models, which a fresh process returns, with those of the Keras model."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.base.console import captured_stderr
from utils.base.named_arrays import Arrays, largest_difference, largest_value, read, row_count
from utils.export.extras import limit
from utils.export.fresh import FreshReader
from utils.export.image_bytes import IMAGES, encoded, on_canvas
from utils.export.parity import parity_rows
from utils.export.predictor import input_specs, plain, predictor, serving
from utils.export.reading import in_batches, on_tensors
from utils.export.subject import Subject
from utils.images.decode import read_picture
from utils.text.generating.stepping import AFTER, GENERATE, LOGITS

BATCH = 33
"""A batch in which no runtime has a full vector at the end."""
MOST_BYTES = 64_000_000
"""Most bytes of predictions that are compared number by number; the metrics are computed from all rows."""
STEPPED_ALONE = 3
ENCODED = 8
"""Numbers of rows that are stepped through alone, and that are encoded as PNG and JPEG."""
REFERENCE = "reference"
TIMED_SECONDS = 1.0
PROMPT, LONGEST = 10, 100
"""Symbols of a prompt, and of a generated sequence."""


def named(inputs: Arrays, names: Sequence[str]) -> dict[str, Any]:
    """The inputs of a model by name, strings as Unicode."""
    found = dict(inputs) if isinstance(inputs, Mapping) else {names[0]: inputs}
    return {name: array.astype(str) if array.dtype.kind == "O" else array for name, array in found.items()}


class Remote:
    """A model in the fresh process, as a predictor."""

    def __init__(
        self,
        reader: FreshReader,
        name: str,
        names: Sequence[str],
        steps: Mapping[str, Any] | None,
        encode: Callable[[Any], dict[str, Any]] | None = None,
    ) -> None:
        self._reader, self._name, self._names, self._steps, self._encode = reader, name, names, steps, encode

    def given(self, arrays: dict[str, Any]) -> dict[str, Any]:
        """What the file receives for these inputs: the inputs, or their token ids."""
        return arrays if self._encode is None else self._encode(arrays[self._names[0]])

    def predict(self, inputs: Arrays) -> Any:
        """As `Predictor.predict`; the logits of a model that goes step by step become probabilities."""
        arrays = named(inputs, self._names)
        if self._steps is None:
            return plain(self._reader.predict(self._name, self.given(arrays), BATCH))
        tokens = arrays[self._names[0]].astype(np.int32)
        return softmax(self._reader.stepwise(self._name, tokens, BATCH, self._steps))


class Known:
    """A predictor whose outputs for some inputs are known already."""

    def __init__(self, predictor: Remote, inputs: Arrays, outputs: dict[str, Any]) -> None:
        self._predictor, self._inputs, self._outputs = predictor, inputs, outputs

    def predict(self, inputs: Arrays) -> Any:
        """The known outputs if these are the very inputs and all their rows were predicted; else as the predictor."""
        if inputs is self._inputs and row_count(self._outputs) == row_count(inputs):
            return plain(self._outputs)
        return self._predictor.predict(inputs)


def softmax(logits: Any) -> Any:
    """Probabilities over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


class Checker:
    """Checks the exports of one model.

    Args:
        subject: the model and the rows.
        reader: the fresh process.
    """

    def __init__(self, subject: Subject, reader: FreshReader) -> None:
        self.subject, self._reader = subject, reader
        specs = input_specs(subject.model)
        self._names = list(specs)
        self._live = on_tensors(tf.function(serving(subject.model), autograph=False, input_signature=[specs]), specs)
        rows = parity_rows(subject.test)
        self._inputs, self._targets = read(subject.test.inputs, rows), read(subject.test.targets, rows)
        # Of long sequences fewer rows are compared number by number.
        one = sum(array.nbytes for array in self._live(self._first(1)).values())
        self._compared = self._first(max(BATCH, MOST_BYTES // max(1, one)))
        self._expected = {size: in_batches(self._live, part, size) for size, part in self._batches().items()}
        self._kinds = [type(layer).__name__ for layer in subject.model._flatten_layers()]
        self._own = self._metrics(predictor(subject.model))
        self._timed: dict[str, Mapping[str, Any]] = {}

    def open_reference(self, path: Path) -> None:
        """Open the Keras model in the fresh process, to be timed next to the exports."""
        self._reader.open(REFERENCE, "keras", path)
        self._timed[REFERENCE] = self._first(1)

    def rows(self, name: str, form: str, *, int8: bool = False, tokens: bool = False) -> dict[str, Any]:
        """Check an export that takes raw rows, or token ids made from them; integers of eight bits are not compared in
        float64."""
        encode = self.subject.tokenized.encode if tokens and self.subject.tokenized is not None else None
        remote = Remote(self._reader, name, self._names, None, encode)
        self._timed[name] = remote.given(self._first(1))
        pairs = [
            (self._reader.predict(name, remote.given(part), size), self._expected[size])
            for size, part in self._batches().items()
        ]
        judged = self._compared_with(pairs, limit(form, self._kinds))
        if judged["failed"] and not int8:
            judged = self._judged_exactly(judged, pairs[-1][0])
        return judged | {
            "rows": len(next(iter(self._compared.values()))),
            "metrics": self._both(Known(remote, self._inputs, pairs[-1][0])),
        }

    def steps(self, name: str) -> dict[str, Any]:
        """Check an export that goes step by step, against the Keras model on whole sequences."""
        facts = self._step_facts()
        (tokens,) = self._first(BATCH).values()
        (expected,) = self._expected[BATCH].values()
        pairs = []
        for size, rows in ((1, STEPPED_ALONE), (BATCH, BATCH)):
            logits = self._reader.stepwise(name, tokens[:rows].astype(np.int32), size, facts)
            pairs.append(({"": softmax(logits)}, {"": expected[:rows]}))
        states = {state: np.zeros((1, *shape), "float32") for state, shape in facts["states"].items()}
        self._timed[name] = {facts["token"]: np.zeros(1, "int32"), **states}
        return self._compared_with(pairs, limit("onnx", self._kinds)) | {
            "rows": min(BATCH, len(tokens)),
            "metrics": self._both(Remote(self._reader, name, self._names, facts)),
        }

    def _step_facts(self) -> dict[str, Any]:
        stepped = self.subject.stepped
        assert stepped is not None, "only a model with steps has such an export"
        states = {name: list(shape) for name, shape in stepped.states.items()}
        return {"token": stepped.token, "logits": LOGITS, "after": AFTER, "states": states}

    def generated(self, name: str) -> dict[str, Any]:
        """Check that a SavedModel generates the same sequences as the Keras model with the same seed."""
        stepped = self.subject.stepped
        assert stepped is not None, "only a model with steps has such an export"
        (tokens,) = self._first(2).values()
        prompts = np.full((len(tokens), LONGEST), -1, dtype=np.int32)
        prompts[:, :PROMPT] = tokens[:, :PROMPT]
        options = {"temperature": np.float32(1), "top_k": np.int32(0), "top_p": np.float32(1), "seed": np.int64(7)}
        inputs = {"prompt": prompts, **options}
        tensors = {key: tf.constant(value) for key, value in inputs.items()}
        function, specs = self.subject.endpoints[GENERATE]
        with captured_stderr():  # oneDNN says that it has no integers of 32 bits
            expected = tf.function(function, autograph=False)(*(tensors[spec.name] for spec in specs))["tokens"].numpy()
        found = self._reader.predict(name, inputs, None)["tokens"]
        same = found.shape == expected.shape and bool((found == expected).all())
        self._timed[name] = inputs
        differing = 0.0 if same else float("inf")
        return {"rows": len(prompts)} | self._judged(differing, differing, 0.0)

    def part(self, name: str, signature: str, form: str) -> dict[str, Any]:
        """Check a signature against the function that it was made from, on inputs of its own."""
        inputs = dict(self.subject.parts[signature].inputs)
        function, specs = self.subject.endpoints[signature]
        tensors = [tf.constant(inputs[spec.name], dtype=spec.dtype) for spec in specs]
        expected = {key: value.numpy() for key, value in tf.function(function, autograph=False)(*tensors).items()}
        found = self._reader.predict(name, inputs, None)
        self._timed[name] = inputs
        rows = max(array.shape[0] for array in map(np.asarray, inputs.values()) if array.ndim)
        return {"rows": rows} | self._compared_with([(found, expected)], limit(form, self._kinds))

    def images(self, name: str) -> dict[str, Any]:
        """Check the signature for encoded images: test rows as PNG and JPEG, decoded here as `predict` does."""
        shape = self.subject.model.inputs[0].shape[1:]
        mode = "grey" if shape[2] == 1 else "rgb"
        contents, pixels = [], []
        with tempfile.TemporaryDirectory() as folder:
            for array in self._first(ENCODED)[self._names[0]]:
                for form in ("PNG", "JPEG"):
                    contents.append(encoded(on_canvas(array, self.subject.centre), form))
                    path = Path(folder) / "image"
                    path.write_bytes(contents[-1])
                    found = read_picture(path, shape[:2], mode, centre=self.subject.centre)  # type: ignore[arg-type]
                    assert not isinstance(found, str), found
                    pixels.append(found)
        inputs = {IMAGES: np.array(contents)}  # no file ends with a zero byte, which NumPy would cut off
        expected = self._live({self._names[0]: np.stack(pixels)})
        outputs = self._reader.predict(name, inputs, None)
        self._timed[name] = {IMAGES: inputs[IMAGES][:1]}
        return {"rows": len(contents)} | self._compared_with([(outputs, expected)], limit("keras", self._kinds))

    def int8(self, name: str, found: dict[str, Any], *, stepwise: bool) -> dict[str, Any]:
        """The report of integers of eight bits: no limit for the difference, but one for the loss in the metrics."""
        remote = Remote(self._reader, name, self._names, self._step_facts() if stepwise else None)
        test, recorded = self.subject.test, self.subject.recorded
        measured = self.subject.measure(remote, test.inputs, test.targets)
        metrics = {key: metric.function(test.targets, measured) for key, metric in self.subject.metrics.items()}
        both = {key: {"value": value, "keras": recorded[key]["value"]} for key, value in metrics.items()}
        lost = [
            f"{key} {recorded[key]['value']:.4g} becomes {value:.4g}, outside its interval"
            f" [{recorded[key]['low']:.4g}, {recorded[key]['high']:.4g}]"
            for key, value in metrics.items()
            if outside(value, recorded[key], self.subject.metrics[key].better)
        ]
        return found | {"metrics": both, "metric_rows": len(test), "limit": None, "failed": "; ".join(lost)}

    def times(self, names: Sequence[str]) -> dict[str, dict[str, float]]:
        """Milliseconds of a call of each export; of the Keras model, too, if that has the same row. They took turns.

        A call predicts one row, generates two sequences, or does one step of one sequence.
        """
        found = self._reader.milliseconds(self._timed, TIMED_SECONDS)
        times = {name: {"ms": found[name]} for name in names}
        for name in names:
            if self._timed[name].keys() == self._timed[REFERENCE].keys():
                times[name]["ms_keras"] = found[REFERENCE]
        return times

    def _judged_exactly(self, judged: dict[str, Any], found: Arrays) -> dict[str, Any]:
        """Compare with the model in float64 where the difference from float32 is too large: that rounds, too.

        An export that is within the limit of the exact predictions is not wrong, however the Keras model rounds.
        """
        expected = exact(self.subject.model, self._compared)
        if expected is None:
            return judged
        _, relative = differences([(found, expected)])
        return judged | {"exact_rel_diff": relative} | ({"failed": ""} if relative <= judged["limit"] else {})

    def _first(self, rows: int) -> dict[str, Any]:
        return {name: array[:rows] for name, array in named(self._inputs, self._names).items()}

    def _batches(self) -> dict[int, dict[str, Any]]:
        """The rows that are compared, by the size of the batches."""
        return {1: self._first(BATCH), BATCH: self._compared}

    def _metrics(self, model: Any) -> dict[str, float]:
        measured = self.subject.measure(model, self._inputs, self._targets)
        return {name: metric.function(self._targets, measured) for name, metric in self.subject.metrics.items()}

    def _both(self, model: Any) -> dict[str, dict[str, float]]:
        return {name: {"value": value, "keras": self._own[name]} for name, value in self._metrics(model).items()}

    def _compared_with(self, pairs: Sequence[tuple[Arrays, Arrays]], most: float) -> dict[str, Any]:
        """The largest differences of pairs of found and expected outputs, relative to the largest expected value."""
        absolute, relative = differences(pairs)
        return self._judged(absolute, relative, most)

    def _judged(self, absolute: float, relative: float, most: float) -> dict[str, Any]:
        differing = f"its predictions differ by {relative:.2g} of their scale, more than {most:g}"
        failed = "" if relative <= most else differing
        return {"max_abs_diff": absolute, "max_rel_diff": relative, "limit": most, "failed": failed}


def differences(pairs: Sequence[tuple[Arrays, Arrays]]) -> tuple[float, float]:
    """The largest difference of found and expected outputs, and that relative to the largest expected value."""
    absolute = relative = 0.0
    for found, expected in pairs:
        for name, array in expected.items():
            difference = largest_difference(found[name], array)
            absolute = max(absolute, difference)
            relative = max(relative, difference / (largest_value(array) or 1.0))
    return absolute, relative


def exact(model: keras.Model, inputs: dict[str, Any]) -> dict[str, Any] | None:
    """The outputs of the model computed in float64 from the same weights; None if a layer has no such computation."""
    try:
        keras.config.set_floatx("float64")
        config = json.loads(json.dumps(model.get_config()).replace('"float32"', '"float64"'))
        precise = type(model).from_config(config)
        precise.set_weights(model.get_weights())
        specs = input_specs(precise)
        function = tf.function(serving(precise), autograph=False, input_signature=[specs])
        return in_batches(on_tensors(function, specs), inputs, BATCH)
    except (TypeError, ValueError, tf.errors.InvalidArgumentError):
        return None
    finally:
        keras.config.set_floatx("float32")


def outside(value: float, score: Mapping[str, float], better: str) -> bool:
    """Whether a metric is worse than its interval."""
    if np.isnan(score["value"]):
        return False
    return not (value <= score["high"] if better == "lower" else value >= score["low"])

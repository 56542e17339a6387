"""Proof that what was saved predicts what was trained: every form reloaded in a process that never saw the model.

`python -m utils.export.parity` is that process: it imports Keras, then reads one line of JSON from standard input (the
run's folder and the metrics), and leaves `parity.json` in the folder.
"""

from __future__ import annotations

import importlib
import json
import math
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from utils.base.errors import CheckError
from utils.base.named_arrays import Arrays, flatten, largest_difference, largest_value, unflatten
from utils.base.paths import child_environment
from utils.metrics.metric import Metric, same
from utils.training.results import Measure
from utils.training.results import predictions as plain_predictions

Reference = Mapping[str, Any]
"""A function by its module and name, with the keywords it is called with."""


class FreshProcess:
    """A process that opens a run's models. It imports Keras while the caller is still writing them.

    Example:
        with FreshProcess() as process:
            save_model(model, folder)
            found = process.check(folder, inputs, targets, predictions, metrics)
    """

    def __enter__(self) -> FreshProcess:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "utils.export.parity"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # ours belongs to what the caller was asked for
            stderr=subprocess.PIPE,
            text=True,
            env=child_environment(),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        self._process.communicate()

    def check(
        self,
        folder: Path,
        inputs: Arrays,
        targets: Arrays,
        predictions: Arrays,
        metrics: Mapping[str, Metric],
        measure: Measure = plain_predictions,
    ) -> dict[str, dict[str, Any]]:
        """Compare what each form predicts in the other process with what the live model predicted here.

        Args:
            folder: that `save_model` wrote to.
            inputs: (rows, …) of the test split, or a dict of such arrays; so are the next two.
            targets: (rows,).
            predictions: (rows, …) of the live model.
            metrics: by name; each function must be importable by module and name, or be a `partial` of such a one.
            measure: what the metrics compare with the targets; likewise importable.

        Returns:
            By form: `max_abs_diff`, `metrics` (its own, evaluated there) and `signature`.

        Raises:
            CheckError: a prediction or a metric is not the same, or a form does not open.
        """
        question, answer = folder / "parity.npz", folder / "parity.json"
        arrays = {"inputs": inputs, "targets": targets, "predictions": predictions}
        named = {key: array for prefix, each in arrays.items() for key, array in flatten(each, prefix).items()}
        np.savez(question, **named, allow_pickle=False)
        names = {name: _reference(metric.function) for name, metric in metrics.items()}
        request = {"folder": str(folder), "metrics": names, "measure": _reference(measure)}
        _, errors = self._process.communicate(json.dumps(request) + "\n")
        if self._process.returncode != 0:
            last = errors.strip().splitlines()[-1] if errors.strip() else f"it ended with {self._process.returncode}"
            raise CheckError(
                f"the saved models do not open in a fresh process: {last}",
                "report it with the versions in run.json: this is a defect of the suite or of Keras",
            )
        found: dict[str, dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))
        for leftover in (question, answer):
            leftover.unlink()
        own = {name: metric.function(targets, predictions) for name, metric in metrics.items()}
        for form, result in found.items():
            _check(form, result, own, largest_value(predictions))
        return found


def _check(form: str, found: dict[str, Any], own: dict[str, float], largest: float) -> None:
    """A float32 of 60 MPa has steps of 4e-6, so a prediction's difference is held against the largest prediction."""
    differing = [name for name, value in own.items() if not _alike(found["metrics"][name], value)]
    if not same(largest + found["max_abs_diff"], largest) or differing:
        raise CheckError(
            f"{form}: reloaded, it predicts up to {found['max_abs_diff']:.2g} away from the trained model"
            + (f" and measures another {', '.join(differing)}" if differing else ""),
            "do not use this run's files; report it with the versions of Keras and TensorFlow",
        )


def _alike(value: float, other: float) -> bool:
    """Whether both forms measure the same; where a metric is not a number on these rows, it is so for both."""
    return same(value, other) or (math.isnan(value) and math.isnan(other))


def _reference(function: Any) -> dict[str, Any]:
    if isinstance(function, partial):
        return {**_reference(function.func), "keywords": function.keywords}
    return {"module": function.__module__, "name": function.__name__, "keywords": {}}


def _referred(reference: Reference) -> Any:
    function = getattr(importlib.import_module(reference["module"]), reference["name"])
    return partial(function, **reference["keywords"])


def answer(folder: Path, metrics: Mapping[str, Reference], measure: Reference) -> dict[str, dict[str, Any]]:
    """What each form in `folder` predicts, compared with the predictions in `parity.npz`.

    Args:
        folder: with `parity.npz`.
        metrics: by name, `module`, `name` and `keywords` of a function.
        measure: likewise, of what they compare with the targets.
    """
    from utils.export.formats import FORMATS, open_model

    with np.load(folder / "parity.npz", allow_pickle=False) as arrays:
        inputs, targets, expected = (unflatten(dict(arrays), part) for part in ("inputs", "targets", "predictions"))
    functions = {name: _referred(reference) for name, reference in metrics.items()}
    found = {}
    for form, file in FORMATS.items():
        model = open_model(folder / file)
        predictions = _referred(measure)(model, inputs, targets)
        found[form] = {
            "max_abs_diff": largest_difference(predictions, expected),
            "metrics": {name: function(targets, predictions) for name, function in functions.items()},
            "signature": model.signature,
        }
    return found


def main() -> None:
    """Import Keras, wait for the question on standard input, answer it in the folder; no question, no answer."""
    from utils.base.keras_import import import_keras

    import_keras()
    line = sys.stdin.readline()
    if line:
        request = json.loads(line)
        folder = Path(request["folder"])
        (folder / "parity.json").write_text(
            json.dumps(answer(folder, request["metrics"], request["measure"])), encoding="utf-8"
        )


if __name__ == "__main__":
    main()

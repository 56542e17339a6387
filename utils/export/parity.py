"""Check that the saved models predict the same as the trained model, after loading them in a fresh process.

`python -m utils.export.parity` is that process. It imports Keras, reads one line of JSON from standard input (the
folder of the run and the metrics) and writes `parity.json` to the folder.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.atomic_files import replacing
from utils.base.errors import CheckError
from utils.base.named_arrays import Arrays, flatten, largest_difference, largest_value, listed, unflatten
from utils.base.paths import child_environment
from utils.datasets.splits import Split
from utils.metrics.metric import Metric, same
from utils.training.results import Measure
from utils.training.results import predictions as plain_predictions

PARITY_BYTES = 16_000_000
PARITY_TOKENS = 1 << 16
"""Most tokens, that is integers of at least 32 bits, of the rows on which formats are compared: a network computes more
for a token of four bytes than for as many bytes of an image."""
Reference = Mapping[str, Any]
"""The module, name and keyword arguments of a function."""


def parity_rows(test: Split) -> slice | NDArray[np.intp]:
    """The test rows on which every format is compared: all, or evenly spaced ones of PARITY_BYTES and PARITY_TOKENS."""
    first = [np.asarray(array[:1]) for array in listed(test.inputs)]
    tokens = sum(array.size for array in first if array.dtype.kind == "i" and array.itemsize >= 4)
    most = min(PARITY_BYTES // max(1, sum(array.nbytes for array in first)), PARITY_TOKENS // max(1, tokens))
    rows = max(2, most)
    return slice(None) if rows >= len(test) else np.linspace(0, len(test) - 1, rows).astype(np.intp)


class FreshProcess:
    """A process that loads the saved models of a run. It imports Keras while the caller is still saving them.

    Example:
        with FreshProcess() as process:
            save_model(model, folder)
            found = process.check(folder, inputs, targets, predictions, metrics)
    """

    def __enter__(self) -> FreshProcess:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "utils.export.parity"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # standard output belongs to the command
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
        """Compare the predictions of each saved model with those of the trained model.

        Args:
            folder: the folder that `save_model` wrote to.
            inputs: (rows, …) inputs of the test split, or a dict of such arrays. The same holds for the next two.
            targets: (rows,).
            predictions: (rows, …) predictions of the trained model.
            metrics: by name. Each function must be importable by module and name, or a `partial` of such a function.
            measure: computes what the metrics compare with the targets; must be importable, too.

        Returns:
            By format: `max_abs_diff`, `metrics` (computed in the other process) and `signature`.

        Raises:
            CheckError: predictions or metrics differ, or a saved model cannot be loaded.
        """
        question, answer = folder / "parity.npz", folder / "parity.json"
        arrays = {"inputs": inputs, "targets": targets, "predictions": predictions}
        named = {key: array for prefix, each in arrays.items() for key, array in flatten(each, prefix).items()}
        np.savez(question, **named, allow_pickle=False)
        names = {name: _reference(metric.function) for name, metric in metrics.items()}
        request = {"folder": str(folder), "metrics": names, "measure": _reference(measure)}
        _, errors = self._process.communicate(json.dumps(request) + "\n")
        if self._process.returncode != 0:
            last = errors.strip().splitlines()[-1] if errors.strip() else f"exit status {self._process.returncode}"
            raise CheckError(
                f"the saved models cannot be loaded in a fresh process: {last}",
                "please report this as a bug, with your versions of Keras and TensorFlow",
            )
        found: dict[str, dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))
        for leftover in (question, answer):
            leftover.unlink()
        own = {name: metric.function(targets, predictions) for name, metric in metrics.items()}
        for form, result in found.items():
            _check(form, result, own, largest_value(predictions))
        return found


def _check(form: str, found: dict[str, Any], own: dict[str, float], largest: float) -> None:
    """Compare differences relative to the largest prediction: a float32 of about 60 has a resolution of 4e-6."""
    differing = [name for name, value in own.items() if not _alike(found["metrics"][name], value)]
    if not same(largest + found["max_abs_diff"], largest) or differing:
        raise CheckError(
            f"{form}: predictions differ by up to {found['max_abs_diff']:.2g} after reloading the model"
            + (f"; these metrics differ: {', '.join(differing)}" if differing else ""),
            "do not use the files of this run; please report this with your versions of Keras and TensorFlow",
        )


def _alike(value: float, other: float) -> bool:
    """Whether two metrics agree. NaN agrees with NaN: some metrics are undefined on some rows."""
    return same(value, other) or (math.isnan(value) and math.isnan(other))


def _reference(function: Any) -> dict[str, Any]:
    if isinstance(function, partial):
        return {**_reference(function.func), "keywords": function.keywords}
    return {"module": function.__module__, "name": function.__name__, "keywords": {}}


def _referred(reference: Reference) -> Any:
    function = getattr(importlib.import_module(reference["module"]), reference["name"])
    return partial(function, **reference["keywords"])


def answer(folder: Path, metrics: Mapping[str, Reference], measure: Reference) -> dict[str, dict[str, Any]]:
    """Compare the predictions of each saved model in `folder` with the predictions in `parity.npz`.

    Args:
        folder: contains `parity.npz` and the saved models.
        metrics: `module`, `name` and `keywords` of a function, by name of the metric.
        measure: the same for the function that computes what the metrics compare with the targets.

    Returns:
        See `FreshProcess.check`.
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


def _end_with(parent: int) -> None:
    """End when the process that started this one was killed: it must not write into a run that is resumed."""
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(1)


def main() -> None:
    """Import Keras, wait for a request on standard input and write `parity.json`. Without a request, write nothing."""
    from utils.base.keras_import import import_keras

    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    import_keras()
    line = sys.stdin.readline()
    if line:
        request = json.loads(line)
        folder = Path(request["folder"])
        with replacing(folder / "parity.json") as temporary:
            found = answer(folder, request["metrics"], request["measure"])
            temporary.write_text(json.dumps(found), encoding="utf-8")  # a metric may be NaN


if __name__ == "__main__":
    main()

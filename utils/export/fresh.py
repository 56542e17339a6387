"""A fresh process that opens exported models and predicts with them; it imports nothing from this project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from utils.base.errors import CheckError
from utils.export import reading

SCRIPT = Path(reading.__file__)


class FreshReader:
    """A process that opens exported models. It imports Keras while the caller still converts.

    Example:
        with FreshReader() as reader:
            reader.open("onnx", "onnx", path)
            outputs = reader.predict("onnx", {"features": rows}, batch=33)
    """

    def __enter__(self) -> FreshReader:
        self._folder = tempfile.TemporaryDirectory(prefix="labs-export-")
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(SCRIPT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=self._folder.name,  # a `utils.py` of the user is not found from there
            env={**os.environ, "PYTHONWARNINGS": "ignore"},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._process.kill()
        self._process.communicate()
        self._errors.close()
        self._folder.cleanup()

    def open(self, name: str, form: str, path: Path, signature: str = reading.SERVING) -> dict[str, Any]:
        """Open a model under a name.

        Returns:
            `signature`, as of `reading.Opened`, and `signatures`, the names of all.
        """
        return self._ask(do="open", name=name, form=form, path=str(path.absolute()), signature=signature)

    def predict(self, name: str, inputs: Mapping[str, Any], batch: int | None) -> dict[str, Any]:
        """Named outputs for named inputs, in batches of rows; None passes the inputs as they are."""
        return self._arrays(inputs, do="predict", name=name, batch=batch)

    def stepwise(self, name: str, tokens: Any, batch: int, facts: Mapping[str, Any]) -> Any:
        """Logits of each next symbol, (rows, length, symbols), one symbol at a time; see `reading.stepwise`."""
        return self._arrays({"tokens": tokens}, do="stepwise", name=name, batch=batch, **facts)["logits"]

    def milliseconds(self, inputs: Mapping[str, Mapping[str, Any]], seconds: float) -> dict[str, float]:
        """The median duration of a call of each model, by name; the models take turns.

        Args:
            inputs: the named inputs of a call, by name of the model.
            seconds: duration of the whole measurement.
        """
        paths = {}
        for number, (name, arrays) in enumerate(inputs.items()):
            paths[name] = str(Path(self._folder.name) / f"time-{number}.npz")
            np.savez(paths[name], **arrays)
        found: dict[str, float] = self._ask(do="time", inputs=paths, seconds=seconds)
        return found

    def _arrays(self, inputs: Mapping[str, Any], **request: Any) -> dict[str, Any]:
        question, answer = (Path(self._folder.name) / f"{part}.npz" for part in ("question", "answer"))
        np.savez(question, **inputs)
        self._ask(**request, inputs=str(question), outputs=str(answer))
        with np.load(answer, allow_pickle=False) as arrays:
            return dict(arrays)

    def _ask(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = ""
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            pass  # it ended, and said why
        if not line:
            raise CheckError(
                f"the model cannot be used in a fresh process: {self._last_error()}",
                "please report this as a bug, with the versions in run.json",
            )
        reply = json.loads(line)
        assert not reply["imported"], f"the fresh process imported {reply['imported']}"
        answer: dict[str, Any] = reply["answer"]
        return answer

    def _last_error(self) -> str:
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.returncode}"

"""Neither the environment nor a user's keras.json changes what the labs compute with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras

SETTINGS = """
import sys
from utils.base.keras_import import import_keras
import_keras()
import keras
print(keras.config.backend(), keras.config.image_data_format(), keras.config.floatx(), keras.config.epsilon())
layer = keras.layers.Conv2D(2, 3)
print(layer(keras.ops.ones((1, 5, 6, 1))).shape, layer.compute_dtype)
"""
"""Prints the settings after the import, and what a convolution makes of an image."""


def python(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("backend", ["jax", "torch", "zebra"])
def test_another_backend_is_refused_before_the_import(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", backend)
    # Without the check, this import would fail: the module is blocked.
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(CallerError, match=f"the Keras backend is {backend}, but the labs need tensorflow") as caught:
        import_keras()
    assert "unset KERAS_BACKEND" in caught.value.hint
    assert os.environ["KERAS_BACKEND"] == backend


def test_a_backend_that_was_imported_before_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.config.backend", lambda: "jax")
    with pytest.raises(CallerError, match="the Keras backend is jax"):
        import_keras()


@pytest.mark.parametrize("backend", [None, "", "tensorflow"])
def test_a_keras_json_changes_nothing(backend: str | None, tmp_path: Path) -> None:
    other = {"floatx": "float16", "epsilon": 1e-3, "backend": "jax", "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(other), encoding="utf-8")
    environment = {} if backend is None else {"KERAS_BACKEND": backend}
    ended = python(SETTINGS, tmp_path, KERAS_HOME=str(tmp_path), **environment)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines() == ["tensorflow channels_last float32 1e-07", "(1, 3, 4, 2) float32"]
    assert ended.stderr == ""


def test_the_command_line_reports_the_backend(tmp_path: Path) -> None:
    run = "import sys; sys.argv[1:] = ['--preset', 'quick']; from labs.cli.main import run_lab; run_lab('regression')"
    ended = python(run, tmp_path, KERAS_BACKEND="jax")
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-2:] == [
        "error: the Keras backend is jax, but the labs need tensorflow",
        "hint: unset KERAS_BACKEND, or set it to tensorflow, and start again",
    ]
    assert not list(tmp_path.rglob("*.json")), "nothing is left of the run"

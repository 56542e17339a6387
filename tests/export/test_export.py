"""Saved models load without this project, predict the same as the trained model, and are refused if unsafe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from labs.regression.lab import lab
from utils.base.errors import CallerError, CheckError
from utils.datasets.splits import Split
from utils.export.formats import FORMATS, open_model, save_model
from utils.export.parity import PARITY_TOKENS, FreshProcess, _check, parity_rows
from utils.export.predictor import predictor

SPLITS = lab.splits(lab.preset("best"))
TEST = SPLITS.test


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The untrained `best` network, which has every kind of layer of the lab, saved in all formats."""
    keras.utils.set_random_seed(2)
    path = tmp_path_factory.mktemp("saved")
    save_model(lab.build(lab.preset("best"), SPLITS), path)
    return path


def live() -> keras.Model:
    keras.utils.set_random_seed(2)
    return lab.build(lab.preset("best"), SPLITS)


@pytest.mark.parametrize(
    ("inputs", "rows"),
    [
        (np.zeros((100, 8), "float32"), 100),
        (np.zeros((1000, 128), "int32"), PARITY_TOKENS // 128),
        (np.zeros((1000, 128), "uint8"), 1000),
        (np.zeros((1000, 128, 128), "uint8"), 976),
        (np.zeros((3, PARITY_TOKENS), "int32"), 2),
    ],
)
def test_large_test_splits_are_compared_in_part(inputs: np.ndarray, rows: int) -> None:
    chosen = np.arange(len(inputs))[parity_rows(Split(inputs, np.zeros(len(inputs))))]
    assert len(chosen) == rows
    assert (chosen[0], chosen[-1]) == (0, len(inputs) - 1)


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_predicts_the_same(form: str, folder: Path) -> None:
    opened = open_model(folder / FORMATS[form])
    np.testing.assert_allclose(opened.predict(TEST.inputs), predictor(live()).predict(TEST.inputs), rtol=1e-6)
    assert opened.signature["inputs"] == {"features": {"dtype": "float32", "shape": [None, 8]}}
    assert opened.signature["outputs"] == {"compressive_strength": {"dtype": "float32", "shape": [None, 1]}}


def test_batches_do_not_change_predictions(folder: Path) -> None:
    opened = open_model(folder)
    sevens = [opened.predict(TEST.inputs[start : start + 7]) for start in range(0, len(TEST), 7)]
    np.testing.assert_allclose(np.concatenate(sevens), opened.predict(TEST.inputs), rtol=1e-5)


PLAIN = """
import sys, numpy as np
inputs, expected = np.load("inputs.npy"), np.load("expected.npy")
if sys.argv[1] == "saved_model":
    import tensorflow as tf
    loaded = tf.saved_model.load(sys.argv[1])
    outputs = loaded.signatures["serving_default"](features=tf.constant(inputs))["compressive_strength"].numpy()
else:
    import keras
    outputs = keras.saving.load_model(sys.argv[1], compile=False).predict(inputs, verbose=0)
assert "utils" not in sys.modules and "labs" not in sys.modules
np.testing.assert_allclose(outputs[:, 0], expected, rtol=1e-5)
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_each_format_loads_without_this_project(form: str, folder: Path) -> None:
    np.save(folder / "inputs.npy", TEST.inputs)
    np.save(folder / "expected.npy", predictor(live()).predict(TEST.inputs))
    process = subprocess.run(
        [sys.executable, "-I", "-c", PLAIN, FORMATS[form]], cwd=folder, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr


def test_wrong_shape_is_refused(folder: Path) -> None:
    with pytest.raises(CallerError, match="takes inputs of shape"):
        open_model(folder).predict(TEST.inputs[:, :5])


def test_a_missing_or_damaged_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="no model here"):
        open_model(tmp_path)
    for name in ("model.keras", "model.h5"):
        (tmp_path / name).write_bytes(b"not a model")
        with pytest.raises(CallerError, match="Keras cannot open it"):
            open_model(tmp_path / name)
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "saved_model.pb").write_bytes(b"not a model")
    with pytest.raises(CallerError, match="damaged"):
        open_model(tmp_path / "saved_model")


@pytest.mark.slow
def test_a_fresh_process_detects_other_predictions(tmp_path: Path) -> None:
    model = live()
    predictions = predictor(model).predict(TEST.inputs)
    with FreshProcess() as process:
        save_model(model, tmp_path)
        found = process.check(tmp_path, TEST.inputs, TEST.targets, predictions, lab.metrics)
    assert set(found) == set(FORMATS)
    assert all(form["max_abs_diff"] < 1e-4 for form in found.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.h5", "model.keras", "saved_model"]
    with pytest.raises(CheckError, match="keras: predictions differ by up to"), FreshProcess() as process:
        process.check(tmp_path, TEST.inputs, TEST.targets, predictions + 0.01, lab.metrics)


def test_a_metric_that_is_undefined_on_both_sides_is_no_difference() -> None:
    nothing, half = {"auc": float("nan")}, {"auc": 0.5}
    _check("h5", {"max_abs_diff": 0.0, "metrics": nothing}, nothing, 1.0)
    for found, own in ((nothing, half), (half, nothing)):
        with pytest.raises(CheckError, match="these metrics differ: auc"):
            _check("h5", {"max_abs_diff": 0.0, "metrics": found}, own, 1.0)


ODD = [
    "[2026] runs",
    "a*b",
    "why?",
    "back\\slash",
    "percent%20",
    "#1",
    "äöü 中 \U0001f600",
    "q'\"uote",
    os.fsdecode(b"caf\xe9"),
]


@pytest.mark.parametrize("name", ODD)
def test_any_legal_path(name: str, tmp_path: Path) -> None:
    """A name that TensorFlow takes for a pattern or cannot take at all."""
    folder = tmp_path / name
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name")
    inputs = keras.Input((3,), name="x")
    model = keras.Model(inputs, keras.layers.Dense(2, name="y")(inputs))
    save_model(model, folder)
    rows = np.ones((2, 3), "float32")
    expected = np.asarray(model(rows))
    for file in FORMATS.values():
        np.testing.assert_allclose(open_model(folder / file).predict(rows), expected, rtol=1e-6)

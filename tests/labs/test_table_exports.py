"""The exports of runs on tables take the rows as they are in the file: a program without this project predicts as
`predict` does, and an unknown level is refused by it and by the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import labs
from labs.cli.records.evaluate import own_data
from tests.conftest import Command
from utils.base.errors import CallerError

PROGRAM = """
import json, sys
import keras, numpy as np, pandas as pd, tensorflow as tf

def rows(path, kinds):
    table = pd.read_csv(path, dtype=str)
    return {name: tf.constant(table[name].to_numpy(kind), dtype=kind) if kind != "string"
            else tf.constant(table[name].tolist()) for name, kind in kinds.items()}

def said(call, path, kinds):
    try:
        return np.asarray(call(rows(path, kinds))).tolist()
    except tf.errors.InvalidArgumentError as error:
        return str(error)

found = {}
for file in ("model.keras", "model.h5"):
    model = keras.saving.load_model(file, compile=False)
    kinds = {name: tensor.dtype for name, tensor in model.input.items()}
    found[file] = [said(model, path, kinds) for path in sys.argv[1:]]
loaded = tf.saved_model.load("saved_model")
serve = loaded.signatures["serving_default"]
kinds = {name: spec.dtype.name for name, spec in serve.structured_input_signature[1].items()}
call = lambda tensors: next(iter(serve(**tensors).values()))
found["saved_model"] = [said(call, path, kinds) for path in sys.argv[1:]]
assert not {"utils", "labs"} & {name.split(".")[0] for name in sys.modules}
print(json.dumps(found))
"""
ADMISSIONS = ("gre,gpa,rank", ["380,3.61,3", "800,4,1", "640,3.19,4"], "520,2.93,0")
BIKES = (
    "season,yr,mnth,hr,holiday,weekday,workingday,weathersit,temp,hum,windspeed",
    ["1,0,1,0,0,6,0,1,0.24,0.81,0", "4,1,12,23,0,1,1,4,0.26,0.65,0.1343"],
    "0,0,1,0,0,6,0,1,0.24,0.81,0",  # the seasons are 1 to 4
)
CARS = (
    "buying,maint,doors,persons,lug_boot,safety",
    ["vhigh,vhigh,2,2,small,low", "low,low,5more,more,big,high", "med,high,4,4,med,med"],
    "vhigh,vhigh,6,2,small,low",
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("lab", "data", "table"),
    [
        ("classification", "admissions", ADMISSIONS),
        ("classification", "car-evaluation", CARS),
        ("regression", "bike-sharing", BIKES),
        ("foundations", "admissions", ADMISSIONS),
        ("foundations", "bike-sharing", BIKES),
    ],
)
def test_a_program_predicts_from_rows_as_in_the_file(
    lab: str, data: str, table: tuple[str, list[str], str], command: Command, tmp_path: Path
) -> None:
    header, known, unknown = table
    assert command(f"labs.{lab}", "--data", data, "--epochs", "2", "--out", "run").status == 0
    for name, lines in (("known.csv", known), ("unknown.csv", [*known, unknown])):
        (tmp_path / name).write_text("\n".join([header, *lines, ""]))
    predicted = command("labs", "predict", "run", "known.csv", "--json")
    assert predicted.status == 0, predicted.err
    expected = np.array(predicted.json["predictions"]).reshape(len(known), -1)
    assert expected.std() > 0
    close = 2e-6 * max(1.0, float(np.abs(expected).max()))  # of float32; Keras rounds otherwise outside of a graph

    paths = [str(tmp_path / name) for name in ("known.csv", "unknown.csv")]
    done = subprocess.run(
        [sys.executable, "-P", "-c", PROGRAM, *paths], cwd=tmp_path / "run", capture_output=True, text=True, check=True
    )
    for file, (values, refusal) in json.loads(done.stdout).items():
        np.testing.assert_allclose(values, expected, rtol=0, atol=close, err_msg=file)
        assert isinstance(refusal, str), file
        assert "found OOV values" in refusal, file

    refused = command("labs", "predict", "run", "unknown.csv")
    assert (refused.status, "is none of" in refused.err) == (2, True)
    labels = json.loads((tmp_path / "run" / "labels.json").read_text())
    (tmp_path / "measured").mkdir()
    target = labels["class_names"][0] if labels["class_names"] else "1"
    lines = [f"{header},{labels['target']}", f"{unknown},{target}", ""]
    (tmp_path / "measured" / "unknown.csv").write_text("\n".join(lines))
    refused = command("labs", "evaluate", "run", "--data-dir", "measured")
    assert (refused.status, "is none of" in refused.err) == (2, True)

    kinds = labels["input_dtype"]
    assert set(kinds) == set(labels["input_shape"]) == set(header.split(","))
    signature = json.loads((tmp_path / "run" / "run.json").read_text())["parity"]["saved_model"]["signature"]
    assert {name: spec["dtype"] for name, spec in signature["inputs"].items()} == kinds
    assert "the model looks up the levels itself" in (tmp_path / "run" / "README.md").read_text()
    for form in ("onnx", "litert"):
        exported = command("labs", "export", "run", "--format", form)
        assert exported.status == 2
        assert f"{form} cannot represent this model" in exported.err


def test_a_run_of_an_earlier_version_is_refused() -> None:
    labels = {"features": ["rank"], "categories": {"rank": ["1", "2"]}, "input_shape": [1]}
    run: Any = SimpleNamespace(record={"files": {"labels.json": ""}}, labels=labels)
    with pytest.raises(CallerError, match="trained by an earlier version"):
        own_data(run, labs.find_definition("foundations"))

"""The regression lab from its own command line: what it leaves, what it repeats, what survives a kill."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labs.regression.data import FEATURES, TARGET
from labs.regression.lab import lab
from tests.conftest import ROOT, Command, Ended
from utils.base.config import to_json
from utils.base.text_tables import number
from utils.datasets.catalog import data_folder

pytestmark = pytest.mark.slow

FILES = {"run.json", "history.csv", "model.keras", "model.h5", "saved_model", "labels.json", "figures", "README.md"}
FIGURES = {"learning_curves.png", "predicted.png", "residuals.png", "importance.png"}


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A run of the quick preset, made once for the tests that only look at it."""
    folder = tmp_path_factory.mktemp("runs")
    process = subprocess.run(
        [sys.executable, "-m", "labs.regression", "--preset", "quick", "--out", "run", "--json"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0, process.stderr
    return folder / "run", Ended(process.returncode, process.stdout, process.stderr)


def test_run_folder(quick: tuple[Path, Ended]) -> None:
    run, ended = quick
    assert {path.name for path in run.iterdir()} == FILES
    assert {path.name for path in (run / "figures").iterdir()} == FIGURES
    assert {path.name for path in run.parent.iterdir()} == {"run"}
    record = json.loads((run / "run.json").read_text())
    assert ended.json == record
    assert ended.err.count("\nepoch ") == 20
    with (run / "history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in history] == list(range(1, 21))
    assert float(history[-1]["val_loss"]) < float(history[0]["val_loss"])


def test_record(quick: tuple[Path, Ended]) -> None:
    record: dict[str, Any] = json.loads((quick[0] / "run.json").read_text())
    assert (record["schema"], record["lab"], record["preset"], record["seed"]) == (1, "regression", "quick", 7)
    assert record["config"] == to_json(lab.preset("quick", "concrete")), "auto is the set that it stood for"
    assert record["command"] == "python -m labs.regression --preset quick --data concrete"
    assert record["data"]["name"] == "concrete"
    assert record["data"]["simulated"] is False
    assert sum(record["data"]["rows"].values()) == 1030
    assert list(record["metrics"]) == ["test", "validation", "train"]
    for scores in record["metrics"].values():
        assert list(scores) == ["rmse", "mae", "r2"]
        assert all(score["low"] <= score["value"] <= score["high"] for score in scores.values())
    assert list(record["baselines"]) == ["mean", "linear_regression", "gradient_boosting"]
    assert set(record["parity"]) == {"keras", "h5", "saved_model"}
    assert all(form["max_abs_diff"] < 1e-4 for form in record["parity"].values())
    assert record["parity"]["saved_model"]["signature"]["inputs"]["features"]["dtype"] == "float32"
    assert record["audit"]["groups_across_splits"] == record["audit"]["duplicates_across_splits"] == 0
    assert set(record["seconds"]) == {"load", "fit", "evaluate", "save", "total"}
    assert record["peak_mb"] > 100
    assert record["warnings"] == []
    assert {"python", "tensorflow", "keras"} <= set(record["versions"])


def test_card_says_what_the_record_says(quick: tuple[Path, Ended]) -> None:
    record = json.loads((quick[0] / "run.json").read_text())
    card = (quick[0] / "README.md").read_text()
    assert number(record["metrics"]["test"]["rmse"]["value"]) in card
    assert record["data"]["digest"] in card
    assert "CC BY 4.0" in card
    assert "SIMULATED" not in card
    for figure in FIGURES:
        assert f"figures/{figure}" in card


def test_predict(quick: tuple[Path, Ended], command: Command, tmp_path: Path) -> None:
    run = quick[0]
    with (data_folder() / "concrete.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[:5]
    for order, name in ((FEATURES, "straight.csv"), (FEATURES[::-1], "reversed.csv")):
        with (tmp_path / name).open("w", newline="") as file:
            writer = csv.DictWriter(file, order, extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows)
    predicted = command("labs", "predict", run, "straight.csv", "reversed.csv", "--json")
    assert predicted.status == 0, predicted.err
    values = predicted.json["predictions"]
    assert values[:5] == pytest.approx(values[5:], rel=1e-6)
    assert np.corrcoef(values[:5], [float(row[TARGET]) for row in rows])[0, 1] > 0
    for form in ("model.h5", "saved_model"):
        assert command("labs", "predict", run / form, "straight.csv").status == 2
    (tmp_path / "far.csv").write_text(",".join(FEATURES) + "\n540,0,0,162,2.5,1040,676,9999\n")
    assert "age: 1 of 1 rows lie outside 1 to 365" in command("labs", "predict", run, "far.csv").err


def test_evaluate_and_compare(quick: tuple[Path, Ended], command: Command) -> None:
    run = quick[0]
    evaluated = command("labs", "evaluate", run, "--json")
    assert evaluated.status == 0, evaluated.err
    assert evaluated.json["moved"] == []
    compared = command("labs", "compare", run, run)
    assert "config, data and versions are the same" in compared.out
    assert compared.out.count("the same\n") == 4


def test_tampered_or_incomplete_run(quick: tuple[Path, Ended], command: Command, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", quick[0], copy], check=True)
    record = json.loads((copy / "run.json").read_text())
    record["metrics"]["test"]["rmse"]["value"] -= 1
    (copy / "run.json").write_text(json.dumps(record))
    moved = command("labs", "evaluate", copy)
    assert moved.status == 1
    assert "rmse moved since the run was recorded" in moved.err
    with (copy / "model.keras").open("ab") as file:
        file.write(b"\0")
    tampered = command("labs", "predict", copy, "none.csv")
    assert tampered.status == 2
    assert "model.keras is not what the run wrote" in tampered.err
    (copy / "model.keras").unlink()
    assert "model.keras is missing" in command("labs", "compare", copy, quick[0]).err
    (copy / "run.json").write_text("{}")
    assert "run.json is damaged" in command("labs", "evaluate", copy).err
    (copy / "run.json").unlink()
    assert "there is no run here" in command("labs", "evaluate", copy).err
    assert "this run is finished" in command("labs.regression", "--resume", quick[0]).err


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "labs.regression", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background hands its children a SIGINT that is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_resumes_to_the_same_metrics(how: signal.Signals, command: Command, tmp_path: Path) -> None:
    """With Dropout, which needs the state of the random seeds as well."""
    words = ["--epochs", "300", "--dropout", "0.2", "--out", "cut"]
    process = started(tmp_path, *words)
    state = tmp_path / "cut.partial" / "state.npz"
    deadline = time.monotonic() + 120
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(how)
    _, errors = process.communicate()
    assert not (tmp_path / "cut").exists()
    if how == signal.SIGINT:
        assert process.returncode == 130
        assert "hint: go on with: python -m labs.regression --resume cut.partial" in errors
        assert "Traceback" not in errors
    assert "an unfinished run is in cut.partial" in command("labs.regression", *words).err
    resumed = command("labs.regression", "--resume", "cut.partial", "--json")
    assert resumed.status == 0, resumed.err
    assert 0 < resumed.json["resumed_at"] < 300
    assert {path.name for path in (tmp_path / "cut").iterdir()} == FILES
    whole = command("labs.regression", *words[:-1], "whole", "--json")
    assert whole.json["metrics"] == resumed.json["metrics"]
    assert whole.json["resumed_at"] == 0


def test_overwrite_and_repeat(command: Command, tmp_path: Path) -> None:
    """The same seed gives the same metrics to the last digit; a run is replaced only when asked."""
    words = ["--preset", "quick", "--seed", "3", "--json"]
    first = command("labs.regression", *words, "--out", "a")
    assert command("labs.regression", *words, "--out", "a").status == 2
    again = command("labs.regression", *words, "--out", "a", "--overwrite")
    assert first.json["metrics"] == again.json["metrics"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    other = command("labs.regression", "--preset", "quick", "--seed", "4", "--json")
    assert other.json["metrics"] != first.json["metrics"]
    (run,) = (tmp_path / "models" / "regression").iterdir()
    assert run.name.endswith("Z-s4")


def test_divergence_leaves_nothing(command: Command, tmp_path: Path) -> None:
    ended = command("labs.regression", "--optimizer", "sgd", "--learning-rate", "10", "--no-normalize", "--out", "x")
    assert ended.status == 2
    assert "error: the loss is" in ended.err
    assert "hint: try a learning rate ten times smaller" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_protocol(command: Command, tmp_path: Path) -> None:
    words = ["protocol", "--split", "random", "--splits", "2", "--preset", "quick", "--out", "p", "--json"]
    ended = command("labs.regression", *words)
    assert ended.status == 0, ended.err
    assert ended.json == json.loads((tmp_path / "p" / "protocol.json").read_text())
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"protocol.json", "rmse.png"}
    assert [result["split_seed"] for result in ended.json["results"]] == [0, 1]
    assert ended.json["summary"]["test_rows_of_trained_mixes"] > 0.7
    values = [result["rmse"]["gradient_boosting"] for result in ended.json["results"]]
    assert ended.json["summary"]["rmse"]["gradient_boosting"]["mean"] == pytest.approx(np.mean(values))
    assert ended.json["summary"]["rmse"]["gradient_boosting"]["std"] == pytest.approx(np.std(values, ddof=1))
    assert command("labs.regression", *words).status == 2
    (tmp_path / "p").rename(tmp_path / "p.partial")  # killed after the last split, before it had its name
    again = command("labs.regression", *words)
    assert again.status == 0, again.err
    assert again.json["results"] == ended.json["results"]


def test_the_bare_command_runs_the_course(command: Command, tmp_path: Path) -> None:
    ended = command("labs.regression")
    assert ended.status == 0, ended.err
    (run,) = (tmp_path / "models" / "regression").iterdir()
    record = json.loads((run / "run.json").read_text())
    assert (record["preset"], record["seed"], record["epochs_run"]) == ("course", 7, 50)
    assert "network (95 % interval)" in ended.out
    assert "concrete (real data, embedded)" in ended.out
    assert f"the run: models/regression/{run.name}" in ended.out
    assert "SIMULATED" not in ended.out
    assert record["config"]["data"] == "concrete", "the set that auto stood for"

"""The regression lab from its own command line: what it leaves, what it repeats, what survives a kill."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labs.cli.gate.verify import FIRST_FRESH
from labs.regression.data import FEATURES, TARGET
from labs.regression.lab import lab
from tests.conftest import ROOT, Command, QuickRun
from utils.base.config import to_json
from utils.datasets.catalog import data_folder
from utils.gate.trial import Outcome, Trial

pytestmark = pytest.mark.slow

FILES = {
    *("run.json", "history.csv", "predictions.npz", "labels.json", "figures", "README.md", "report.html"),
    *("model.keras", "model.h5", "saved_model"),
}


@pytest.fixture
def quick(quick_run: QuickRun) -> Path:
    """A run of the quick preset; what every run has is tested in test_every_lab."""
    return quick_run("regression")[0]


def test_record(quick: Path) -> None:
    record: dict[str, Any] = json.loads((quick / "run.json").read_text())
    assert record["config"] == to_json(replace(lab.preset("quick", "concrete"), seed=FIRST_FRESH)), (
        "auto is the set that it stood for"
    )
    assert record["command"] == f"python -m labs.regression --preset quick --seed {FIRST_FRESH} --data concrete"
    assert sum(record["data"]["rows"].values()) == 1030
    assert list(record["baselines"]) == ["mean", "linear_regression", "gradient_boosting"]
    assert record["parity"]["saved_model"]["signature"]["inputs"]["features"]["dtype"] == "float32"
    assert record["audit"]["groups_across_splits"] == record["audit"]["duplicates_across_splits"] == 0
    assert set(record["seconds"]) == {"load", "fit", "evaluate", "save", "total"}
    assert record["warnings"] == []
    with (quick / "history.csv").open(newline="") as file:
        history = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in history] == list(range(1, 21))
    assert float(history[-1]["val_loss"]) < float(history[0]["val_loss"])


def test_predict(quick: Path, command: Command, tmp_path: Path) -> None:
    run = quick
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
    assert "age: 1 of 1 rows are outside the training range, 1 to 365" in command("labs", "predict", run, "far.csv").err


def test_tampered_or_incomplete_run(quick: Path, command: Command, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", quick, copy], check=True)
    record = json.loads((copy / "run.json").read_text())
    record["metrics"]["test"]["rmse"]["value"] -= 1
    (copy / "run.json").write_text(json.dumps(record))
    moved = command("labs", "evaluate", copy)
    assert moved.status == 1
    assert "rmse differ from the record of the run" in moved.err
    with (copy / "model.keras").open("ab") as file:
        file.write(b"\0")
    tampered = command("labs", "predict", copy, "none.csv")
    assert tampered.status == 2
    assert "model.keras is not what the run wrote" in tampered.err
    (copy / "model.keras").unlink()
    assert "model.keras is missing" in command("labs", "compare", copy, quick).err
    (copy / "run.json").write_text("{}")
    assert "run.json is damaged" in command("labs", "evaluate", copy).err
    (copy / "run.json").unlink()
    assert "there is no run here" in command("labs", "evaluate", copy).err
    assert "this run is finished" in command("labs.regression", "--resume", quick).err


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


def interrupted(process: subprocess.Popen[str], state: Path) -> str:
    """Interrupt a training after it has written a state, as Ctrl-C does; what it printed on standard error."""
    deadline = time.monotonic() + 120
    while not state.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    return process.communicate()[1]


def test_an_interrupted_run_resumes_to_the_same_metrics(command: Command, tmp_path: Path) -> None:
    """With Dropout, which needs the state of the random seeds as well. Kills are drilled in tests/faults."""
    words = ["--epochs", "300", "--dropout", "0.2", "--out", "cut"]
    state = tmp_path / "cut.partial" / "state.npz"
    process = started(tmp_path, *words)
    errors = interrupted(process, state)
    assert not (tmp_path / "cut").exists()
    assert process.returncode == 130
    assert "hint: resume it with: python -m labs.regression --resume cut.partial" in errors
    assert "Traceback" not in errors
    assert "there is an unfinished run in cut.partial" in command("labs.regression", *words).err
    resumed = command("labs.regression", "--resume", "cut.partial", "--json")
    assert resumed.status == 0, resumed.err
    assert 0 < resumed.json["resumed_at"] < 300
    assert {path.name for path in (tmp_path / "cut").iterdir()} == FILES
    whole = command("labs.regression", *words[:-1], "whole", "--json")
    assert whole.json["metrics"] == resumed.json["metrics"]
    assert whole.json["resumed_at"] == 0


def test_overwrite_and_repeat(quick: Path, command: Command, tmp_path: Path) -> None:
    """The same seed gives the same metrics to the last digit; a run is replaced only when asked."""
    words = ["--preset", "quick", "--seed", str(FIRST_FRESH), "--out", "a", "--json"]
    first = command("labs.regression", *words)
    assert first.json["metrics"] == json.loads((quick / "run.json").read_text())["metrics"]
    assert command("labs.regression", *words).status == 2
    other = command("labs.regression", *words[:2], "--seed", "4", *words[4:], "--overwrite")
    assert other.json["metrics"] != first.json["metrics"]
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


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


def outcome(trial: Trial) -> Outcome:
    """What a trial gives, without training."""
    scores = {"rmse": 4.0, "mae": 3.0, "r2": 0.9}
    return {
        "trial": asdict(trial),
        "seconds": 1.0,
        "measures": {f"test {name}": value for name, value in scores.items()},
        "baselines": dict.fromkeys(("mean", "linear_regression", "gradient_boosting"), scores),
        "facts": {"train rows": 80, "validation rows": 10, "test rows": 10},
        "audit": {"test_rows_of_trained_groups": 5},
    }


def test_an_interrupted_protocol_is_resumed(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []

    def in_turn(trials: Sequence[Trial], _: int) -> Generator[tuple[Trial, Outcome], None, None]:
        for trial in trials:
            if len(trained) == 2:
                trained.append(-1)
                raise KeyboardInterrupt
            trained.append(trial.changes["split_seed"])
            yield trial, outcome(trial)

    monkeypatch.setattr("utils.gate.parallel._in_processes", in_turn)
    words = ["protocol", "--splits", "4", "--preset", "quick", "--out", "p"]
    ended = command("labs.regression", *words)
    assert ended.status == 130
    assert "hint: resume it with: python -m labs.regression protocol --split mix --splits 4" in ended.err
    assert "split 0: RMSE network 4.00, mean 4.00" in ended.err
    other = command("labs.regression", *words, "--seed", "8")
    assert other.status == 2
    assert "belongs to another command" in other.err
    ended = command("labs.regression", *words, "--json")
    assert ended.status == 0, ended.err
    assert trained == [0, 1, -1, 2, 3], "finished splits are not trained again"
    assert [result["split_seed"] for result in ended.json["results"]] == [0, 1, 2, 3]
    assert ended.json["summary"]["test_rows_of_trained_mixes"] == 0.5
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"protocol.json", "rmse.png"}
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_split_that_fails_is_reported(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"error": "the loss is not finite", "hint": "give a smaller --learning-rate"}

    def in_turn(trials: Sequence[Trial], _: int) -> Generator[tuple[Trial, Outcome], None, None]:
        yield from ((trial, {"trial": asdict(trial), **failed}) for trial in trials)

    monkeypatch.setattr("utils.gate.parallel._in_processes", in_turn)
    ended = command("labs.regression", "protocol", "--splits", "2", "--preset", "quick", "--out", "p")
    assert (ended.status, ended.out) == (2, "")
    assert "error: the loss is not finite\nhint: give a smaller --learning-rate" in ended.err


def test_the_bare_command_runs_the_course(command: Command, tmp_path: Path) -> None:
    ended = command("labs.regression")
    assert ended.status == 0, ended.err
    (run,) = (tmp_path / "models" / "regression").iterdir()
    assert run.name.endswith("Z-s7")
    record = json.loads((run / "run.json").read_text())
    assert (record["preset"], record["seed"], record["epochs_run"]) == ("course", 7, 50)
    assert "model (95 % interval)" in ended.out
    assert "concrete (real data, embedded)" in ended.out
    assert f"run: models/regression/{run.name}" in ended.out
    assert "SIMULATED" not in ended.out
    assert record["config"]["data"] == "concrete", "the set that auto stood for"

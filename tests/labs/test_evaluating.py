"""`evaluate` on other data, on the quick runs of two labs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labs.regression.data import FEATURES, TARGET
from tests.conftest import Command, QuickRun
from utils.base.paths import DATA

pytestmark = pytest.mark.slow


def concrete() -> list[dict[str, str]]:
    with (DATA / "concrete.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def write(folder: Path, rows: list[dict[str, str]]) -> Path:
    folder.mkdir()
    with (folder / "rows.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, [*FEATURES, TARGET])
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.mark.xdist_group("regression")
def test_a_table(quick_run: QuickRun, command: Command, tmp_path: Path) -> None:
    run, ended = quick_run("regression")
    seen = write(tmp_path / "seen", concrete())
    found = command("labs", "evaluate", run, "--data-dir", seen, "--json")
    rows = ended.json["data"]["rows"]
    assert found.json["data"]["rows"] == 1030
    assert found.json["data"]["which"] == "all its rows"
    assert found.json["data"]["trained_on"] >= rows["train"] + rows["validation"]
    told = command("labs", "evaluate", run, "--data-dir", seen)
    assert "the metrics are too good" in told.err
    assert "seen, real data, your folder: all its rows, 1,030 rows" in told.err

    changed = [{**row, "age": str(float(row["age"]) + 0.5), TARGET: str(float(row[TARGET]) + 40)} for row in concrete()]
    other = write(tmp_path / "other", changed[::7])
    found = command("labs", "evaluate", run, "--data-dir", other, "--json").json
    assert found["data"]["trained_on"] == 0
    rmse = found["test"]["rmse"]
    assert rmse["own"] == ended.json["metrics"]["test"]["rmse"]
    assert rmse["difference"]["value"] == pytest.approx(rmse["measured"]["value"] - rmse["own"]["value"])
    assert rmse["difference"]["low"] > 20
    assert rmse["verdict"] == "worse"
    table = command("labs", "evaluate", run, "--data-dir", other)
    assert (table.status, "too good" in table.err) == (0, False)
    assert "own test split" in table.out


@pytest.mark.xdist_group("regression")
def test_bad_input(quick_run: QuickRun, command: Command, tmp_path: Path) -> None:
    run, _ = quick_run("regression")
    for words, said in (
        (["--data", "concrete", "--data-dir", tmp_path], "--data concrete and --data-dir exclude each other"),
        (["--data", "mnist"], "--data mnist: no data set of the lab regression"),
        (["--data-dir", tmp_path / "nowhere"], "no such folder"),
        (["--data-dir", tmp_path], "contains no .csv file"),
    ):
        ended = command("labs", "evaluate", run, *words)
        assert (ended.status, ended.out) == (2, ""), words
        assert said in ended.err
    own = command("labs", "evaluate", run, "--data", "concrete", "--json")
    assert own.json["moved"] == []
    assert "its own test split is measured" in own.err


@pytest.mark.xdist_group("pneumonia")
def test_images_of_another_hospital(quick_run: QuickRun, command: Command, tmp_path: Path) -> None:
    run, ended = quick_run("pneumonia")
    random = np.random.default_rng(0)
    for name in ended.json["classes"]:
        for part in ("train", "test"):
            folder = tmp_path / "hospital" / part / name.upper()
            folder.mkdir(parents=True)
            for number in range(4):
                pixels = random.integers(0, 255, (50, 60)).astype("uint8")
                Image.fromarray(pixels).save(folder / f"{part}{number}.png")
    found = command("labs", "evaluate", run, "--data-dir", tmp_path / "hospital")
    assert found.status == 0, found.err
    assert "hospital, real data, your folder: its test split, 8 rows" in found.err
    assert "must not be used to judge the radiograph of a patient" in found.err
    (tmp_path / "hospital" / "test" / "OTHER").mkdir()
    Image.fromarray(np.zeros((9, 9), "uint8")).save(tmp_path / "hospital" / "test" / "OTHER" / "a.png")
    found = command("labs", "evaluate", run, "--data-dir", tmp_path / "hospital")
    assert found.status == 2
    assert "the class OTHER has images in test" in found.err

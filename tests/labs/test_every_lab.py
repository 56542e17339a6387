"""What every lab must do, on one quick run of each."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import labs
from labs.cli.gate.verify import FIRST_FRESH
from labs.cli.options import options_of
from tests.conftest import Command, QuickRun
from tests.runs.test_report_page import Reader
from utils.base.config import from_json
from utils.base.named_arrays import largest_difference, largest_value, listed, read, take
from utils.base.text_tables import interval, number
from utils.export.formats import FORMATS, open_model
from utils.runs.record import Run

pytestmark = pytest.mark.slow
EACH = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in labs.NAMES]
"""The labs; the tests of one run on one worker, which trains it once."""
MADE = ("SIMULATED", "GENERATED")
"""How data that are not real are labelled."""
MORE = {"word_vectors": {"vectors.bin"}}
"""Files of the runs of a lab besides those of all labs."""
SPLITS = {"word_vectors": ["test", "validation", "all"]}
"""The splits of a lab that trains on none of them; the others have those of supervised learning."""
FILES = {
    *("run.json", "history.csv", "predictions.npz", "labels.json", "figures", "README.md", "report.html"),
    *("model.keras", "model.h5", "saved_model"),
}


@pytest.mark.parametrize("name", EACH)
def test_a_run_and_its_record(name: str, quick_run: QuickRun) -> None:
    folder, ended = quick_run(name)
    lab, record = labs.find_lab(name), Run.open(folder).record
    assert ended.json == record
    assert {path.name for path in folder.iterdir()} == FILES | MORE.get(name, set())
    assert ended.err.count("\nepoch ") == record["epochs_run"]
    assert (record["schema"], record["lab"], record["preset"], record["seed"]) == (1, name, "quick", FIRST_FRESH)
    assert record["command"].startswith(f"python -m labs.{name} --preset quick")
    assert list(record["metrics"]) == SPLITS.get(name, ["test", "validation", "train"])
    metrics = lab.metrics_of(Run.open(folder))
    assert set(metrics) >= set(lab.metrics) - {"simlex"}  # simlex is not on every machine
    for scores in record["metrics"].values():
        assert list(scores) == list(metrics)
        assert all(score["low"] <= score["value"] <= score["high"] for score in scores.values())
    assert all(set(values) == set(metrics) for values in record["baselines"].values())
    assert record["baselines"]
    assert record["audit"]["duplicates_across_splits"] == 0
    assert record["peak_mb"] > 100
    assert {"python", "tensorflow", "keras"} <= set(record["versions"])
    with (folder / "history.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == record["epochs_run"]


@pytest.mark.parametrize("name", EACH)
def test_the_card_says_what_the_record_says(name: str, quick_run: QuickRun) -> None:
    folder, ended = quick_run(name)
    record, card = ended.json, (folder / "README.md").read_text()
    first = next(iter(record["metrics"]["test"].values()))
    assert number(first["value"]) in card
    assert record["data"]["digest"] in card
    assert any(kind in card for kind in MADE) == record["data"]["simulated"]
    assert f"{record['data']['kind']} data" in ended.err
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert figures == set(record["figures"])
    assert all(f"figures/{figure}" in card for figure in figures)


@pytest.mark.parametrize("name", EACH)
def test_the_report_is_one_small_file_with_everything(name: str, quick_run: QuickRun) -> None:
    folder, ended = quick_run(name)
    record, path = ended.json, folder / "report.html"
    page = Reader(path.read_text(encoding="utf-8"))
    assert path.stat().st_size < 3_000_000
    assert [source for source in page.loads if not source.startswith("data:")] == []
    assert len(page.images) == len(record["figures"])
    for scores in record["metrics"].values():
        assert all(interval(score) in page.text for score in scores.values())
    for figure in record["figures"]:
        assert record["captions"][figure].endswith("."), f"{figure} needs a sentence on how to read it"
        assert record["captions"][figure] in page.text
    assert all(layer["name"] in page.text for layer in record["layers"])
    assert record["command"] in page.text
    assert any(kind in page.text for kind in MADE) == record["data"]["simulated"]


@pytest.mark.parametrize("name", EACH)
def test_exports_predict_the_same(name: str, quick_run: QuickRun) -> None:
    """As the run found in a fresh process, and again here, on rows of one batch and of several."""
    folder, ended = quick_run(name)
    record = ended.json
    assert set(record["parity"]) == set(FORMATS)
    assert all(form["max_abs_diff"] < 1e-4 for form in record["parity"].values())
    lab = labs.find_lab(name)
    data = labs.find_data(name).load(from_json(lab.config, json.dumps(record["config"])))
    test = lab.subject(Run.open(folder), data).test
    rows = np.arange(min(33, len(test)))
    inputs = read(take(test.inputs, rows))
    found = [open_model(folder / form).predict(inputs) for form in FORMATS.values()]
    close = max(1e-5, 1e-6 * largest_value(found[0]))  # a float32 of 600 bikes has a resolution of 6e-5
    for other in found[1:]:
        assert largest_difference(other, found[0]) <= close
    assert largest_difference(open_model(folder).predict(take(inputs, slice(1))), take(found[0], slice(1))) <= close


@pytest.mark.parametrize("name", EACH)
def test_evaluate_compare_and_predict(
    name: str, quick_run: QuickRun, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, ended = quick_run(name)
    monkeypatch.setenv("LABS_MIRROR", "")
    evaluated = command("labs", "evaluate", folder, "--json")
    assert (evaluated.status, evaluated.json["moved"]) == (0, [])
    compared = command("labs", "compare", folder, folder)
    assert "config, data and versions are the same" in compared.out
    assert compared.out.count("the same\n") == len(ended.json["units"]) + 1
    predicted = command("labs", "predict", folder, _input(folder, tmp_path), "--json")
    assert predicted.status == 0, predicted.err
    assert len(listed(predicted.json["predictions"])[0]) == 1


def _input(folder: Path, place: Path) -> Path:
    """A file that the run can predict from: a row, an image, a word, a date or a tune."""
    labels = json.loads((folder / "labels.json").read_text())
    if labels["features"]:
        between, levels = labels["trained_between"], labels["categories"]
        row = [levels[name][0] if name in levels else str(between[name][0]) for name in labels["features"]]
        (place / "in.csv").write_text(f"{','.join(labels['features'])}\n{','.join(row)}\n")
        return place / "in.csv"
    if len(labels["input_shape"]) == 3:
        Image.fromarray(np.full((90, 70), 99, "uint8")).save(place / "in.png")
        return place / "in.png"
    if "word" in labels["categories"]:
        (place / "in.txt").write_text("good\n")
        return place / "in.txt"
    if "source" in labels["categories"]:
        (place / "in.txt").write_text("3 mars 1992\n")
        return place / "in.txt"
    (place / "in.abc").write_text("X:1\nT:Begun\nM:6/8\nL:1/8\nK:D\nA|dcd efg|\n")
    return place / "in.abc"


@pytest.mark.parametrize("name", EACH)
def test_help_lists_every_option(name: str, command: Command, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        command(f"labs.{name}", "--help")
    assert end.value.code == 0
    text = capfd.readouterr().out
    for option in options_of(labs.find_definition(name).config):
        assert option in text
    for further in labs.find_definition(name).commands:
        assert f"{further} --help" in text

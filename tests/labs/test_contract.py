"""What every command does with any lab, shown on three labs outside the suite."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

from labs import find_definition, find_lab
from labs.cli.gate.baseline import of_command
from tests.conftest import Command
from utils.base.errors import CallerError
from utils.gate import trial as trial_module
from utils.gate.trial import Outcome, Trial
from utils.runs.lab import Lab

TEMPLATES = (*(pytest.param(name, marks=pytest.mark.slow) for name in ("supervised", "named")), "episodes")
INPUTS = {"supervised": "0.5\n1.5\n", "episodes": "0\n4\n", "named": "word,weight\nsaw,0.5\npear,0.25\n"}
FILES = {
    "supervised": {"history.csv", "model.keras", "model.h5", "labels.json", "figures/learning_curves.png"},
    "episodes": {"values.npz", "labels.json"},
    "named": {"history.csv", "model.keras", "model.h5", "labels.json"},
}
KERAS = {"keras", "h5", "saved_model"}
EXPORTS = {"supervised": {*KERAS, "onnx", "litert"}, "named": KERAS}  # no other format has strings


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_command_works_on_a_lab_elsewhere(template: str, command: Command, tmp_path: Path) -> None:
    name = f"tests.templates.{template}"
    lab = find_lab(name)
    record = command(name, "--preset", "quick", "--seed", "3", "--out", "run", "--json").json
    assert record["lab"] == name
    assert record["command"] == f"python -m {name} --preset quick --seed 3"
    assert record["data"]["simulated"] is True
    assert set(record["metrics"]["test"]) == set(lab.metrics)
    assert FILES[template] <= set(record["files"])
    assert record["data"]["kind"] in (tmp_path / "run" / "README.md").read_text()

    evaluated = command("labs", "evaluate", "run", "--json")
    assert (evaluated.status, evaluated.json["moved"]) == (0, [])
    assert command(name, "--preset", "quick", "--seed", "4", "--out", "other").status == 0
    compared = command("labs", "compare", "run", "other")
    assert compared.status == 0
    assert "config.seed: 3 | 4" in compared.out

    (tmp_path / "inputs").write_text(INPUTS[template])
    predictions = command("labs", "predict", "run", "inputs", "--json").json["predictions"]
    for values in predictions.values() if isinstance(predictions, dict) else [predictions]:
        assert len(values) == 2
    assert command("labs", "predict", "run", "inputs").status == 0

    exported = command("labs", "export", "run", "--json")
    if template == "episodes":
        assert exported.status == 2
        assert f"error: run: the lab {name} saves no Keras model to export" in exported.err
        return
    assert exported.status == 0, exported.err
    assert set(exported.json["exports"]) == EXPORTS[template]


def trained_here(trials: Sequence[Trial], _: int) -> Generator[tuple[Trial, Outcome], None, None]:
    """Trials one after the other in this process; processes have tests of their own."""
    return ((trial, trial_module.run(trial)) for trial in trials)


@pytest.mark.parametrize("template", TEMPLATES)
def test_bands_and_sweeps_of_a_lab_elsewhere(
    template: str, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.gate.parallel._in_processes", trained_here)
    monkeypatch.setattr("utils.gate.trial.limit_threads", lambda _: None)
    monkeypatch.setattr("utils.gate.bands.FEWEST_SEEDS", 3)
    monkeypatch.setattr("labs.cli.gate.baseline.of_command", lambda *_: {})
    name, change = f"tests.templates.{template}", "epsilon=0.1,0.9" if template == "episodes" else "epochs=1,2"
    words = ("--preset", "quick", "--bands", tmp_path / "bands")
    assert command("labs", "baseline", name, "--seeds", "3", "--reason", "a test", *words).status == 0
    held = command("labs", "verify", name, "--seeds", "1", *words, "--json")
    assert held.json[0]["lab"] == name
    assert not held.json[0]["differences"]
    swept = command("labs", "sweep", name, "--set", change, "--seeds", "1", "--preset", "quick", "--json").json
    assert len(swept["settings"]) == 2


@pytest.mark.slow
def test_a_lab_elsewhere_has_a_command_of_its_own(tmp_path: Path) -> None:
    found = of_command("tests.templates.episodes", "quick", "auto")
    assert found["seconds"] > 0


def test_a_lab_that_was_not_imported_is_not_opened(command: Command, tmp_path: Path) -> None:
    """A run.json cannot make a command import a module."""
    assert command("tests.templates.episodes", "--preset", "quick", "--out", "run").status == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "trap.py").write_text("raise SystemExit('imported')")
    (tmp_path / "run" / "run.json").write_text(json.dumps({**record, "lab": "trap.lab"}))
    ended = command("labs", "evaluate", "run")
    assert (ended.status, ended.out) == (2, "")
    assert "there is no lab trap.lab" in ended.err


def test_labs_are_found_by_name_or_module() -> None:
    assert find_definition("regression").program == "python -m labs.regression"
    assert find_definition("tests.templates.named").program == "python -m tests.templates.named"
    for name in ("astrology", "tests.templates.astrology", "no.such.package"):
        with pytest.raises(CallerError, match=f"there is no lab {name}"):
            find_lab(name)


def test_what_a_lab_lacks_is_reported(tmp_path: Path) -> None:
    class Bare(Lab):
        definition = find_definition("tests.templates.episodes")

    run: Any = None
    for call in (
        lambda: Bare().evaluate(run, None),
        lambda: Bare().read([tmp_path], {}),
        lambda: Bare().predict(run, None),
    ):
        with pytest.raises(CallerError, match=r"the lab tests\.templates\.episodes"):
            call()
    with pytest.raises(TypeError, match="no flight"):
        Bare().replace(flight=lambda: None)

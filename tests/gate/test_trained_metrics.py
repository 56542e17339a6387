"""The trained metrics of the labs are in their bands, and a broken training is noticed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd
import pytest

import labs
from benchmarks.sabotages import CATALOGUE
from labs.cli.gate.verify import FIRST_FRESH, judge
from tests.conftest import Command, QuickRun
from utils.gate import bands, verdicts
from utils.gate.bands import Band
from utils.gate.trial import Outcome
from utils.runs.lab import JUDGED_SPLITS
from utils.runs.record import Run

pytestmark = pytest.mark.metrics
EACH = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in labs.finished()]
"""The labs; the tests of one run on one worker, which trains it once."""


def every_band() -> list[Band]:
    """All bands of all labs, among which `verify` divides its false alarms."""
    return [band for name in labs.finished() for band in bands.read_bands(bands.bands_folder(), name)]


def quick_bands() -> dict[str, list[Band]]:
    """The bands of the preset quick, by lab."""
    return {
        name: [band for band in every_band() if (band.lab, band.preset) == (name, "quick")] for name in labs.finished()
    }


def test_every_lab_has_bands_of_seeds_enough_and_none_of_the_verdicts() -> None:
    for name in labs.finished():
        found = bands.read_bands(bands.bands_folder(), name)
        assert {band.preset for band in found} >= {"quick", "course"}, name
        for band in found:
            assert len(band.seeds) >= bands.FEWEST_SEEDS
            assert max(band.seeds) < FIRST_FRESH


@pytest.mark.parametrize("name", EACH)
def test_the_quick_preset_is_in_its_band(name: str, quick_run: QuickRun) -> None:
    """One new seed of every lab, in the run that all tests share; `make verify` trains three."""
    folder, _ = quick_run(name)
    record = Run.open(folder).record
    (band,) = [band for band in quick_bands()[name] if band.data == record["data"]["name"]]
    assert record["seed"] not in band.seeds
    assert {key: value for key, value in record["config"].items() if key in band.config} == dict(band.config)
    rows = {f"{split} rows": rows for split, rows in record["data"]["rows"].items()}
    facts = record.get("facts", {"data digest": record["data"]["digest"], **rows})
    assert facts.items() <= band.facts.items()
    compared = verdicts.compare(band, [outcome_of(folder, record)], verdicts.error_of_each(every_band()))
    assert [each for each in compared if not each.holds] == []


def outcome_of(folder: Path, record: dict[str, Any]) -> Outcome:
    """What `verify` would have measured. The machine is shared, so neither duration nor memory is compared."""
    history = pd.read_csv(folder / "history.csv")
    ends = {"first": history.iloc[0], "last": history.iloc[-1]}
    known = [name for name in ("loss", "val_loss") if name in history]
    losses = {f"{when} {name}": row[name] for when, row in ends.items() for name in known}
    metrics = {
        f"{split} {name}": score["value"]
        for split in JUDGED_SPLITS
        for name, score in record["metrics"].get(split, {}).items()
    }
    return {"measures": {**metrics, **losses}, "seconds": 0.0, "pace": 1.0, "peak_mb": 0.0}


def test_the_command_gives_a_verdict(command: Command, tmp_path: Path) -> None:
    """`verify` on one lab. Its status is not asserted: on a shared machine a duration may be outside its band."""
    ended = command(
        *("labs", "verify", "regression", "--preset", "quick", "--seeds", "1", "--json"),
        *("--junit", tmp_path / "verdict.xml"),
    )
    (verdict,) = json.loads(ended.out)
    assert verdict["lab"] == "regression"
    assert len(verdict["seeds"]) == 1
    durations = ("fit ", "peak ")
    assert all(each["holds"] for each in verdict["measures"] if not each["measure"].startswith(durations)), ended.err
    assert ended.status == (0 if verdict["holds"] else 1)
    assert len(ElementTree.parse(tmp_path / "verdict.xml").getroot()) == 1


@pytest.mark.parametrize(("sabotage", "words"), [("shuffled_labels", "training"), ("leaked_test_rows", "a leak")])
def test_a_sabotage_is_red_and_the_sentence_points_there(sabotage: str, words: str) -> None:
    assert "regression" in CATALOGUE[sabotage]
    (band,) = quick_bands()["regression"]
    (verdict,) = judge(
        [band],
        range(FIRST_FRESH, FIRST_FRESH + 2),
        verdicts.error_of_each([band]),
        altered=f"benchmarks.sabotages:{sabotage}",
        workers=os.cpu_count(),
    )
    assert not verdict.holds
    assert words in " ".join(verdicts.explain(verdict))

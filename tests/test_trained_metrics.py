"""The trained metrics of every lab are in their bands, and a broken training is noticed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

import labs
from benchmarks.sabotages import CATALOGUE
from labs.verifying import FIRST_FRESH, judge
from tests.conftest import Command
from utils import bands, verdicts

pytestmark = pytest.mark.metrics


def test_every_lab_has_a_band_of_its_quick_preset() -> None:
    for name in labs.NAMES:
        found = [band for band in bands.read_bands(bands.bands_folder(), name) if band.preset == "quick"]
        assert found, name
        for band in found:
            assert len(band.seeds) >= bands.FEWEST_SEEDS
            assert max(band.seeds) < FIRST_FRESH


def test_the_quick_presets_hold(command: Command, tmp_path: Path) -> None:
    """The verdict itself, from its command line, with three fresh seeds of every lab."""
    ended = command("labs", "verify", "--preset", "quick", "--json", "--junit", tmp_path / "verdict.xml")
    assert ended.status == 0, ended.err
    verdict = json.loads(ended.out)
    assert {each["lab"] for each in verdict} == set(labs.NAMES)
    assert all(each["holds"] and len(each["seeds"]) == 3 for each in verdict)
    assert len(ElementTree.parse(tmp_path / "verdict.xml").getroot()) == len(verdict)


@pytest.mark.parametrize(("sabotage", "words"), [("shuffled_labels", "training"), ("leaked_test_rows", "a leak")])
def test_a_sabotage_is_red_and_the_sentence_points_there(sabotage: str, words: str) -> None:
    assert "regression" in CATALOGUE[sabotage]
    (band,) = (band for band in bands.read_bands(bands.bands_folder(), "regression") if band.preset == "quick")
    (verdict,) = judge(
        [band],
        range(FIRST_FRESH, FIRST_FRESH + 3),
        verdicts.error_of_each([band]),
        altered=f"benchmarks.sabotages:{sabotage}",
        workers=os.cpu_count(),
    )
    assert not verdict.holds
    assert words in " ".join(verdicts.explain(verdict))

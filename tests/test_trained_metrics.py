"""The trained metrics of the labs are in their bands, and a broken training is noticed."""

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
from utils.bands import Band

pytestmark = pytest.mark.metrics


def quick_bands() -> dict[str, list[Band]]:
    """The bands of the preset quick, by lab; a lab that nobody has measured has none."""
    known = {name: bands.read_bands(bands.bands_folder(), name) for name in labs.NAMES}
    return {name: found for name, each in known.items() if (found := [band for band in each if band.preset == "quick"])}


def test_a_band_has_seeds_enough_and_none_of_the_verdicts() -> None:
    assert "regression" in quick_bands()
    for found in quick_bands().values():
        for band in found:
            assert len(band.seeds) >= bands.FEWEST_SEEDS
            assert max(band.seeds) < FIRST_FRESH


def test_the_quick_presets_hold(command: Command, tmp_path: Path) -> None:
    """The verdict itself, from its command line, with three fresh seeds of every lab that has a band."""
    ended = command("labs", "verify", "--preset", "quick", "--json", "--junit", tmp_path / "verdict.xml")
    assert ended.status == 0, ended.err
    verdict = json.loads(ended.out)
    assert {each["lab"] for each in verdict} == set(quick_bands())
    assert all(each["holds"] and len(each["seeds"]) == 3 for each in verdict)
    assert len(ElementTree.parse(tmp_path / "verdict.xml").getroot()) == len(verdict)


@pytest.mark.parametrize(("sabotage", "words"), [("shuffled_labels", "training"), ("leaked_test_rows", "a leak")])
def test_a_sabotage_is_red_and_the_sentence_points_there(sabotage: str, words: str) -> None:
    assert "regression" in CATALOGUE[sabotage]
    (band,) = quick_bands()["regression"]
    (verdict,) = judge(
        [band],
        range(FIRST_FRESH, FIRST_FRESH + 3),
        verdicts.error_of_each([band]),
        altered=f"benchmarks.sabotages:{sabotage}",
        workers=os.cpu_count(),
    )
    assert not verdict.holds
    assert words in " ".join(verdicts.explain(verdict))

"""The trained metrics of the labs are in their bands, and a broken training is noticed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

import labs
from benchmarks.sabotages import CATALOGUE
from labs.cli.gate.verify import FIRST_FRESH, judge
from tests.conftest import Command
from utils.gate import bands, verdicts
from utils.gate.bands import Band

pytestmark = [pytest.mark.metrics, pytest.mark.xdist_group("ray")]


def quick_bands() -> dict[str, list[Band]]:
    """The bands of the preset quick, by lab."""
    known = {name: bands.read_bands(bands.bands_folder(), name) for name in labs.finished()}
    return {name: [band for band in each if band.preset == "quick"] for name, each in known.items()}


def test_every_lab_has_bands_of_seeds_enough_and_none_of_the_verdicts() -> None:
    for name in labs.finished():
        found = bands.read_bands(bands.bands_folder(), name)
        assert {band.preset for band in found} >= {"quick", "course"}, name
        for band in found:
            assert len(band.seeds) >= bands.FEWEST_SEEDS
            assert max(band.seeds) < FIRST_FRESH


def test_the_quick_presets_hold(command: Command, tmp_path: Path) -> None:
    """The verdict itself, from its command line, with one new seed of every lab; `make verify` trains three."""
    ended = command(
        "labs", "verify", "--preset", "quick", "--seeds", "1", "--json", "--junit", tmp_path / "verdict.xml"
    )
    assert ended.status == 0, ended.err
    verdict = json.loads(ended.out)
    assert {each["lab"] for each in verdict} == set(labs.finished())
    assert all(each["holds"] and len(each["seeds"]) == 1 for each in verdict)
    assert len(ElementTree.parse(tmp_path / "verdict.xml").getroot()) == len(verdict)


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

"""Bands and verdicts: what holds, what moved, and where the sentence points."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.cli.gate import verify
from labs.cli.gate.baseline import Baseline
from utils.base.errors import CheckError
from utils.gate import bands, scales, verdicts
from utils.gate.bands import Band
from utils.gate.trial import Outcome
from utils.gate.verdicts import explain

ERROR = 0.001
FACTS = {"data digest": "sha256:1", "train rows": 80, "duplicates across splits": 0, "majority": None}
LOSSES = {"first loss": 9.0, "first val_loss": 8.0, "last loss": 2.0, "last val_loss": 3.0}
CENTRE = {"test rmse": 5.0, "test r2": 0.8, "train rmse": 4.0, **LOSSES}
BETTER = {name: "higher" if name == "test r2" else "lower" for name in CENTRE}


def outcome(seed: int, **changes: Any) -> Outcome:
    random = np.random.default_rng(seed)
    return {
        "trial": {"lab": "labs.regression.lab", "preset": "quick", "seed": seed},
        "lab": "regression",
        "data": "concrete",
        "measures": {name: value * random.normal(1, 0.02) for name, value in CENTRE.items()},
        "better": BETTER,
        "facts": FACTS,
        "config": {"epochs": 3, "units": 10},
        "seconds": 1.0,
        "pace": 0.1,
        "peak_mb": 900.0,
        "versions": {"keras": "3.15.1"},
        "device": "cpu",
        "git": "abc",
        **changes,
    }


BAND = bands.band_of(
    [outcome(seed) for seed in range(20)], reason="first", date="2026-11-25", command={"seconds": 9.0, "peak_mb": 950.0}
)
FRESH = [outcome(seed) for seed in (100, 101, 102)]


def moved(factors: dict[str, float], **changes: Any) -> list[Outcome]:
    """Fresh seeds whose measures are multiplied, by name or by the first word of it."""
    return [
        outcome(
            seed,
            measures={
                name: value * factors.get(name, factors.get(name.split()[0], 1.0))
                for name, value in outcome(seed)["measures"].items()
            },
            **changes,
        )
        for seed in (100, 101, 102)
    ]


def judged(outcomes: list[Outcome]) -> verdicts.Verdict:
    return verdicts.verdict(BAND, outcomes, ERROR)


def test_clean_seeds_hold() -> None:
    verdict = judged(FRESH)
    assert verdict.holds
    assert explain(verdict) == []
    held = {*CENTRE, "fit (turns of a fixed loop)", "peak memory (MB)"} - verdicts.UNJUDGED
    assert {each.measure for each in verdict.held} == held


@pytest.mark.parametrize(
    ("outcomes", "points_at"),
    [
        (moved({"test": 1.5}), "how the test split is made and measured"),
        (moved({"test": 1.5, "train": 1.5}), "the order of the classes"),
        (moved({"test": 0.5, "test r2": 1.5, "train": 0.5, "last": 0.5}), "test rows in training"),
        (moved({"test": 1.5, "train": 1.5, "last": 1.5, "first": 1.5}), "learning rate"),
        (moved({"first": 32.0, "last": 32.0}), "the loss counts differently"),
        (moved({"last loss": 0.5, "first loss": 0.7}), "augmentation"),
        (moved({"test": math.nan}), "test split"),
        (moved({}, facts={**FACTS, "duplicates across splits": 5}), "a leak"),
        (moved({}, facts={**FACTS, "train rows": 40}), "other rows train"),
        (moved({}, config={"epochs": 4, "units": 10}), "epochs: 3 in the band, 4 now"),
        (moved({"test": 2.0}, versions={"keras": "4.0.0"}), "keras: 3.15.1 in the band, 4.0.0 now"),
        (moved({}, data="bike-sharing"), "other data"),
        (moved({}, seconds=9.0), "at another price"),
        (moved({}, peak_mb=2_000.0), "at another price"),
        ([*FRESH[:2], {"trial": {"seed": 102}, "error": "the loss is nan", "hint": "lower"}], "the loss is nan"),
    ],
)
def test_what_moved_is_red_and_the_sentence_points_there(outcomes: list[Outcome], points_at: str) -> None:
    verdict = judged(outcomes)
    assert not verdict.holds
    assert points_at in " ".join(explain(verdict))


def test_other_versions_alone_are_no_failure() -> None:
    assert judged(moved({}, versions={"keras": "4.0.0"})).holds


def test_the_direction_is_told() -> None:
    by_name = {each.measure: each.moved for each in judged(moved({"test rmse": 0.5, "test r2": 0.5})).moved}
    assert by_name == {"test rmse": "better", "test r2": "worse"}


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_the_interval_is_a_prediction_interval(fresh: int, seed: int) -> None:
    """Wider for a smaller error and for fewer fresh seeds, and never narrower than the floor."""
    values = tuple(np.random.default_rng(seed).normal(5, 1, 20))
    width = verdicts.half_width(values, fresh, 0.01)
    assert verdicts.half_width(values, fresh, 0.001) > width
    assert verdicts.half_width(values, fresh + 1, 0.01) < width
    assert verdicts.half_width((5.0,) * 20, fresh, 0.01) > 0


def test_the_interval_errs_as_often_as_it_says() -> None:
    random = np.random.default_rng(0)
    draws = 4_000
    outside = 0
    for _ in range(draws):
        values = tuple(random.normal(0, 1, 20))
        fresh = random.normal(0, 1, 3).mean()
        outside += abs(fresh - np.mean(values)) > verdicts.half_width(values, 3, 0.05)
    # Four standard deviations of the share among so many draws.
    assert outside / draws == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / draws))


def test_errors_of_all_measures_add_up_to_that_of_the_family() -> None:
    each = verdicts.error_of_each([BAND, BAND])
    assert each * 2 * len(CENTRE.keys() - verdicts.UNJUDGED) == pytest.approx(verdicts.FAMILY_ERROR)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_scale_leads_there_and_back_and_rises(one: float, other: float) -> None:
    for scale in (scales.PLAIN, scales.LOGARITHM, scales.ARCSINE):
        assert scale.back(scale.there(one)) == pytest.approx(one, abs=1e-9)
        assert (scale.there(one) <= scale.there(other)) or one > other


def test_shares_losses_and_the_rest_have_scales_of_their_own() -> None:
    assert scales.scale_of((0.9, 1.0), "higher") is scales.ARCSINE
    assert scales.scale_of((0.1, 7.0), "lower") is scales.LOGARITHM
    assert scales.scale_of((-0.2, 0.8), "higher") is scales.PLAIN, "an R² below 0"
    assert scales.scale_of((0.0, 0.1), "lower") is scales.PLAIN


def test_seeds_that_stray_upwards_widen_a_loss_less_than_they_would() -> None:
    strayed = (*(1.0 + 0.01 * number for number in range(19)), 3.0)
    band = replace(BAND, measures={"last loss": strayed}, better={"last loss": "lower"})
    (held, *_) = verdicts.hold(band, [outcome(1, measures={"last loss": 1.1})], ERROR)
    assert held.holds
    assert held.high - held.reference > held.reference - held.low, "a loss strays upwards"


def test_bands_come_back_from_their_file(tmp_path: Path) -> None:
    other = replace(BAND, preset="course")
    bands.write_bands(tmp_path, "regression", [other, BAND])
    (first, second) = bands.read_bands(tmp_path, "regression")
    assert (first.preset, second.preset) == ("course", "quick")
    assert second.measures == BAND.measures
    assert second.seeds == BAND.seeds
    assert judged(FRESH).holds
    assert verdicts.verdict(second, FRESH, ERROR).holds, "what TOML cannot hold (None) is no difference"
    assert bands.read_bands(tmp_path, "music") == []


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    for text in ("not toml", "a = 1", "[[band]]\nlab = 'regression'\n"):
        bands.bands_file(tmp_path, "regression").write_text(text)
        with pytest.raises(CheckError, match="damaged"):
            bands.read_bands(tmp_path, "regression")


def test_seeds_that_do_not_belong_together_make_no_band() -> None:
    for wrong, match in (
        (outcome(1, facts={**FACTS, "train rows": 1}), "differ in facts"),
        (outcome(1, git="def"), "differ in git"),
        ({"trial": {"seed": 3}, "error": "diverged", "hint": "h"}, "diverged"),
    ):
        with pytest.raises(CheckError, match=match):
            bands.band_of([outcome(0), wrong], reason="r", date="d", command={})


def test_junit_names_what_failed(tmp_path: Path) -> None:
    path = tmp_path / "verdict.xml"
    verdicts.write_junit(path, [judged(FRESH), judged(moved({"test": 2.0}, facts={**FACTS, "train rows": 1}))])
    clean, red = ElementTree.parse(path).getroot()
    assert clean.get("failures") == "0"
    failed = {case.get("name") for case in red if case.find("failure") is not None}
    assert failed == {"test rmse", "test r2", "what no seed changes"}
    assert red.get("failures") == "3"


def test_at_a_glance() -> None:
    text = verify.at_a_glance([judged(FRESH), judged(moved({"test": 2.0}))])
    assert " ok" in text
    assert "MOVED" in text
    assert "test r2" in text
    assert "how the test split is made" in text


def test_bands_measured_anew_replace_their_like_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = Baseline(lab="regression", reason="new", bands=tmp_path)
    course = replace(BAND, preset="course")
    baseline._write([BAND, course])
    baseline._write([replace(BAND, reason="again")])
    found: dict[str, Band] = {band.preset: band for band in bands.read_bands(tmp_path, "regression")}
    assert {name: band.reason for name, band in found.items()} == {"quick": "again", "course": "first"}
    assert "test rmse" in capsys.readouterr().out

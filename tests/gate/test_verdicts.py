"""Bands and verdicts: when a measure counts as moved, and which cause the explanation names."""

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
    """Outcomes of new seeds whose measures are multiplied by a factor, given by name or by its first word."""
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


def test_unchanged_seeds_hold() -> None:
    verdict = judged(FRESH)
    assert verdict.holds
    assert explain(verdict) == []
    held = {*CENTRE, "fit (turns of a fixed loop)", "peak memory (MB)"} - verdicts.NOT_COMPARED
    assert {each.measure for each in verdict.held} == held


@pytest.mark.parametrize(
    ("outcomes", "points_at"),
    [
        (moved({"test": 1.5}), "how the test split is made and evaluated"),
        (moved({"test": 1.5, "train": 1.5}), "the order of the classes"),
        (moved({"test": 0.5, "test r2": 1.5, "train": 0.5, "last": 0.5}), "test rows are in the training split"),
        (moved({"test": 1.5, "train": 1.5, "last": 1.5, "first": 1.5}), "learning rate"),
        (moved({"first": 32.0, "last": 32.0}), "the weights of the loss"),
        (moved({"last loss": 0.5, "first loss": 0.7}), "augmentation"),
        (moved({"test": math.nan}), "only the test metrics moved"),
        (moved({}, facts={**FACTS, "duplicates across splits": 5}), "data leakage"),
        (moved({}, facts={**FACTS, "train rows": 40}), "the size of the training split changed"),
        (moved({}, config={"epochs": 4, "units": 10}), "epochs: 3 in the band, 4 now"),
        (moved({"test": 2.0}, versions={"keras": "4.0.0"}), "keras: 3.15.1 in the band, 4.0.0 now"),
        (moved({}, data="bike-sharing"), "the data set is not that of the band"),
        (moved({}, seconds=9.0), "only the duration or the memory"),
        (moved({}, peak_mb=2_000.0), "only the duration or the memory"),
        ([*FRESH[:2], {"trial": {"seed": 102}, "error": "the loss is nan", "hint": "lower"}], "the loss is nan"),
    ],
)
def test_a_change_is_found_and_explained(outcomes: list[Outcome], points_at: str) -> None:
    verdict = judged(outcomes)
    assert not verdict.holds
    assert points_at in " ".join(explain(verdict))


def test_other_versions_alone_do_not_fail() -> None:
    assert judged(moved({}, versions={"keras": "4.0.0"})).holds


def test_the_direction_is_reported() -> None:
    by_name = {each.measure: each.moved for each in judged(moved({"test rmse": 0.5, "test r2": 0.5})).moved}
    assert by_name == {"test rmse": "better", "test r2": "worse"}


@given(st.integers(2, 6), st.integers(0, 10_000))
def test_the_interval_is_a_prediction_interval(fresh: int, seed: int) -> None:
    """It is wider for a smaller error and for fewer new seeds, and its width is never zero."""
    values = tuple(np.random.default_rng(seed).normal(5, 1, 20))
    width = verdicts.half_width(values, fresh, 0.01)
    assert verdicts.half_width(values, fresh, 0.001) > width
    assert verdicts.half_width(values, fresh + 1, 0.01) < width
    assert verdicts.half_width((5.0,) * 20, fresh, 0.01) > 0


def test_the_interval_has_the_stated_error_rate() -> None:
    random = np.random.default_rng(0)
    draws = 4_000
    outside = 0
    for _ in range(draws):
        values = tuple(random.normal(0, 1, 20))
        fresh = random.normal(0, 1, 3).mean()
        outside += abs(fresh - np.mean(values)) > verdicts.half_width(values, 3, 0.05)
    # Four standard deviations of the observed rate.
    assert outside / draws == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / draws))


def test_the_errors_of_all_measures_add_up_to_the_family_error() -> None:
    each = verdicts.error_of_each([BAND, BAND])
    assert each * 2 * len(CENTRE.keys() - verdicts.NOT_COMPARED) == pytest.approx(verdicts.FAMILY_ERROR)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_scale_is_increasing_and_has_an_inverse(one: float, other: float) -> None:
    for scale in (scales.IDENTITY, scales.LOGARITHM, scales.ARCSINE):
        assert scale.inverse(scale.forward(one)) == pytest.approx(one, abs=1e-9)
        assert (scale.forward(one) <= scale.forward(other)) or one > other


def test_the_scale_depends_on_the_kind_of_measure() -> None:
    assert scales.scale_of((0.9, 1.0), "higher") is scales.ARCSINE
    assert scales.scale_of((0.1, 7.0), "lower") is scales.LOGARITHM
    assert scales.scale_of((-0.2, 0.8), "higher") is scales.IDENTITY, "an R² below 0"
    assert scales.scale_of((0.0, 0.1), "lower") is scales.IDENTITY


def test_the_interval_of_a_loss_with_an_outlier_is_asymmetric() -> None:
    values = (*(1.0 + 0.01 * number for number in range(19)), 3.0)
    band = replace(BAND, measures={"last loss": values}, better={"last loss": "lower"})
    (first, *_) = verdicts.compare(band, [outcome(1, measures={"last loss": 1.1})], ERROR)
    assert first.holds
    assert first.high - first.reference > first.reference - first.low


def test_bands_are_read_as_they_were_written(tmp_path: Path) -> None:
    other = replace(BAND, preset="course")
    bands.write_bands(tmp_path, "regression", [other, BAND])
    (first, second) = bands.read_bands(tmp_path, "regression")
    assert (first.preset, second.preset) == ("course", "quick")
    assert second.measures == BAND.measures
    assert second.seeds == BAND.seeds
    assert judged(FRESH).holds
    assert verdicts.verdict(second, FRESH, ERROR).holds, "TOML has no None"
    assert bands.read_bands(tmp_path, "music") == []


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    for text in ("not toml", "a = 1", "[[band]]\nlab = 'regression'\n"):
        bands.bands_file(tmp_path, "regression").write_text(text)
        with pytest.raises(CheckError, match="damaged"):
            bands.read_bands(tmp_path, "regression")


def test_seeds_that_differ_in_other_things_are_refused() -> None:
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
    assert failed == {"test rmse", "test r2", "facts and hyperparameters"}
    assert red.get("failures") == "3"


def test_the_table_of_verdicts() -> None:
    text = verify.at_a_glance([judged(FRESH), judged(moved({"test": 2.0}))])
    assert "ok" in text
    assert "MOVED" in text
    assert "test r2" in text
    assert "how the test split is made and evaluated" in text


def test_a_new_band_replaces_only_the_band_of_its_preset(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = Baseline(lab="regression", reason="new", bands=tmp_path)
    course = replace(BAND, preset="course")
    baseline._write([BAND, course])
    baseline._write([replace(BAND, reason="again")])
    found: dict[str, Band] = {band.preset: band for band in bands.read_bands(tmp_path, "regression")}
    assert {name: band.reason for name, band in found.items()} == {"quick": "again", "course": "first"}
    assert "test rmse" in capsys.readouterr().out

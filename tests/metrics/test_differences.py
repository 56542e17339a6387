"""The bootstrap of the difference between two models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labs.cli.records.differences import NO_DIFFERENCE, judged, signed
from utils.metrics.metric import Measured, Metric, difference, score
from utils.metrics.regression import mae, rmse

METRICS = {"rmse": Metric(rmse, "lower"), "mae": Metric(mae, "lower")}
SEEDS = st.integers(0, 2**31)


def rows(seed: int, number: int, *, grouped: bool) -> tuple[np.random.Generator, Measured]:
    random = np.random.default_rng(seed)
    truth = random.normal(size=number)
    groups = random.integers(0, max(2, number // 4), number) if grouped else None
    return random, Measured(truth, truth + random.normal(size=number), groups)


@given(SEEDS, st.integers(2, 40), st.booleans())
@settings(deadline=None, max_examples=15)
def test_a_model_does_not_differ_from_itself(seed: int, number: int, grouped: bool) -> None:
    _, one = rows(seed, number, grouped=grouped)
    for found in difference((METRICS, one), (METRICS, one), paired=True).values():
        assert found == {"value": 0.0, "low": 0.0, "high": 0.0}
        assert judged(found, "lower", subject="second")["verdict"] == "the same"


@given(SEEDS, st.integers(5, 40), st.booleans())
@settings(deadline=None, max_examples=15)
def test_swapping_the_models_changes_the_sign(seed: int, number: int, grouped: bool) -> None:
    random, one = rows(seed, number, grouped=grouped)
    two = Measured(one.truth, one.truth + random.normal(size=number), one.groups)
    there = difference((METRICS, one), (METRICS, two), paired=True)
    back = difference((METRICS, two), (METRICS, one), paired=True)
    for name in METRICS:
        assert there[name]["value"] == -back[name]["value"]
        assert there[name]["low"] == pytest.approx(-back[name]["high"])
        assert there[name]["low"] <= there[name]["high"]


@given(SEEDS, st.floats(0.5, 5.0))
@settings(deadline=None, max_examples=15)
def test_a_constant_error_is_found_exactly(seed: int, shift: float) -> None:
    """Pairing removes what is common to both models: here all of the variation."""
    _, one = rows(seed, 30, grouped=False)
    error = np.abs(one.prediction - one.truth)
    first, second = Measured(one.truth, one.truth + error), Measured(one.truth, one.truth + error + shift)
    found = difference((METRICS, first), (METRICS, second), paired=True)["mae"]
    assert [found[end] for end in ("value", "low", "high")] == pytest.approx([shift] * 3)
    alone = score(METRICS, one.truth, first.prediction)["mae"]
    assert found["high"] - found["low"] < alone["high"] - alone["low"]


def test_the_interval_contains_the_true_difference_as_often_as_it_says() -> None:
    """The mean absolute error of N(0, s) is s·√(2/π)."""
    random, inside = np.random.default_rng(0), 0
    expected = (1.2 - 1.0) * np.sqrt(2 / np.pi)
    for _ in range(60):
        truth, common = random.normal(size=80), random.normal(size=80)
        one = Measured(truth, truth + common)
        two = Measured(truth, truth + 1.2 * (0.9 * common + np.sqrt(1 - 0.81) * random.normal(size=80)))
        found = difference(({"mae": METRICS["mae"]}, one), ({"mae": METRICS["mae"]}, two), paired=True)["mae"]
        inside += found["low"] <= expected <= found["high"]
    assert 51 <= inside <= 60


def test_groups_widen_the_interval() -> None:
    """Ten groups of eight equal rows are ten observations, not eighty."""
    random = np.random.default_rng(1)
    truth, errors, others = (np.repeat(random.normal(size=10), 8) for _ in range(3))
    groups = np.repeat(np.arange(10), 8)
    widths = []
    for labels in (None, groups):
        one, two = Measured(truth, truth + errors, labels), Measured(truth, truth + others, labels)
        found = difference((METRICS, one), (METRICS, two), paired=True)["mae"]
        widths.append(found["high"] - found["low"])
    assert widths[1] > 2 * widths[0]


def test_other_rows_cannot_be_paired() -> None:
    _, one = rows(0, 20, grouped=True)
    for other in (
        Measured(one.truth[::-1], one.prediction, one.groups),
        Measured(one.truth, one.prediction),
        Measured(one.truth[:-1], one.prediction[:-1], one.groups[:-1] if one.groups is not None else None),
        Measured({"height": one.truth}, one.prediction, one.groups),
    ):
        with pytest.raises(ValueError, match="same rows"):
            difference((METRICS, one), (METRICS, other), paired=True)
    _, larger = rows(1, 200_000, grouped=False)  # has fewer resamples
    found = difference((METRICS, one), (METRICS, larger), paired=False)["rmse"]
    assert found["low"] < found["value"] < found["high"]


@pytest.mark.parametrize(
    ("found", "better", "verdict"),
    [
        ((-1.0, -2.0, -0.5), "lower", "second better"),
        ((-1.0, -2.0, -0.5), "higher", "second worse"),
        ((1.0, 0.5, 2.0), "lower", "second worse"),
        ((1.0, -0.1, 2.0), "lower", NO_DIFFERENCE),
        ((0.0, -1.0, 1.0), "higher", NO_DIFFERENCE),
        ((0.0, 0.0, 0.0), "higher", "the same"),
    ],
)
def test_verdicts(found: tuple[float, float, float], better: str, verdict: str) -> None:
    given = dict(zip(("value", "low", "high"), found, strict=True))
    assert judged(given, better, subject="second")["verdict"] == verdict
    assert judged(None, better, subject="second") == {}
    assert signed({"value": -3.0, "low": -4.5, "high": 0.25}) == "-3.00 [-4.50, +0.250]"

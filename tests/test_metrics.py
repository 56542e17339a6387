"""Metrics against scikit-learn's, intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from utils.metrics import Metric, mae, r2, rmse, score

numbers = arrays(float, 9, elements=st.floats(-1e3, 1e3))


@given(truth=numbers, prediction=numbers)
def test_metrics_are_those_of_scikit_learn(truth: np.ndarray, prediction: np.ndarray) -> None:
    assert rmse(truth, prediction) == pytest.approx(root_mean_squared_error(truth, prediction), abs=1e-9)
    assert mae(truth, prediction) == pytest.approx(mean_absolute_error(truth, prediction), abs=1e-9)
    if truth.std() > 1e-3:
        assert r2(truth, prediction) == pytest.approx(r2_score(truth, prediction), rel=1e-6, abs=1e-9)


def test_r2_of_a_constant_truth_is_not_a_number() -> None:
    assert np.isnan(r2(np.ones(4), np.arange(4.0)))


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Of 200 samples of 80 errors with a known RMSE of 2, some 95 % of the intervals must hold it."""
    random = np.random.default_rng(5)
    held = 0
    for seed in range(200):
        scores = score({"rmse": Metric(rmse, "lower")}, np.zeros(80), random.normal(0, 2, 80), seed=seed)
        held += scores["rmse"]["low"] <= 2 <= scores["rmse"]["high"]
    assert 0.88 <= held / 200 <= 0.99


def test_whole_groups_are_drawn() -> None:
    """Rows that repeat each other ten times over must not make the interval narrower."""
    random = np.random.default_rng(5)
    errors = random.normal(0, 1, 30)
    metric = {"rmse": Metric(rmse, "lower")}
    alone = score(metric, np.zeros(30), errors)["rmse"]
    repeated = np.repeat(errors, 10)
    grouped = score(metric, np.zeros(300), repeated, groups=np.repeat(np.arange(30), 10))["rmse"]
    naive = score(metric, np.zeros(300), repeated)["rmse"]
    width = alone["high"] - alone["low"]
    assert grouped["high"] - grouped["low"] == pytest.approx(width, rel=0.2)
    assert naive["high"] - naive["low"] < 0.5 * width

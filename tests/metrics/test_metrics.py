"""Metrics against scikit-learn's, intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    mean_absolute_error,
    precision_recall_fscore_support,
    r2_score,
    root_mean_squared_error,
    top_k_accuracy_score,
)

from utils.metrics import classification
from utils.metrics.metric import Metric, score
from utils.metrics.regression import mae, r2, rmse

numbers = arrays(float, 9, elements=st.floats(-1e3, 1e3))


@given(truth=numbers, prediction=numbers)
def test_metrics_are_those_of_scikit_learn(truth: np.ndarray, prediction: np.ndarray) -> None:
    assert rmse(truth, prediction) == pytest.approx(root_mean_squared_error(truth, prediction), abs=1e-9)
    assert mae(truth, prediction) == pytest.approx(mean_absolute_error(truth, prediction), abs=1e-9)
    if truth.std() > 1e-3:
        assert r2(truth, prediction) == pytest.approx(r2_score(truth, prediction), rel=1e-6, abs=1e-9)


def test_r2_of_a_constant_truth_is_not_a_number() -> None:
    assert np.isnan(r2(np.ones(4), np.arange(4.0)))


probabilities = arrays(float, (12, 3), elements=st.floats(0.01, 1.0)).map(
    lambda rows: rows / rows.sum(1, keepdims=True)
)


@settings(deadline=None)
@given(truth=arrays(int, 12, elements=st.integers(0, 2)), guess=probabilities)
def test_classification_metrics_are_those_of_scikit_learn(truth: np.ndarray, guess: np.ndarray) -> None:
    said = guess.argmax(axis=1)
    assert classification.accuracy(truth, guess) == pytest.approx(accuracy_score(truth, said))
    assert classification.f1_macro(truth, guess) == pytest.approx(f1_score(truth, said, average="macro"))
    assert classification.log_loss(truth, guess) == pytest.approx(log_loss(truth, guess, labels=[0, 1, 2]))
    assert classification.confusion(truth, guess).tolist() == confusion_matrix(truth, said, labels=[0, 1, 2]).tolist()
    if len(np.unique(guess)) == guess.size:  # of ties scikit-learn takes the last, we the first
        top = top_k_accuracy_score(truth, guess, k=2, labels=[0, 1, 2])
        assert classification.top_2(truth, guess) == pytest.approx(top)
    report = classification.class_report(truth, guess, ("a", "b", "c"))["classes"]
    theirs = precision_recall_fscore_support(truth, said, labels=[0, 1, 2], zero_division=0)
    for name, values in zip("abc", zip(*theirs, strict=True), strict=True):
        assert list(report[name].values()) == pytest.approx(list(values))


def test_calibration_error() -> None:
    """Half of the rows right: at a confidence of 0.5 no error, at 0.9 one of 0.4, of both half of it."""
    truth = np.array([0, 1] * 50)
    half, sure = np.tile([0.5, 0.5], (100, 1)), np.tile([0.9, 0.1], (100, 1))
    assert classification.ece(truth, half) == pytest.approx(0)
    assert classification.ece(truth, sure) == pytest.approx(0.4)
    both = np.concatenate([half, sure])
    assert classification.ece(np.tile(truth, 2), both) == pytest.approx(0.2)


def test_intervals_of_confidence_are_closed_above() -> None:
    confidence = np.array([0.6, 0.601, 1.0])  # 0.6 is the upper end of the ninth of fifteen
    rows, mean, _ = classification.reliability(np.zeros(3, int), np.column_stack([confidence, 1 - confidence]))
    assert np.flatnonzero(rows).tolist() == [8, 9, 14]
    assert mean[[8, 9, 14]].tolist() == confidence.tolist()


def test_equal_probabilities_are_no_knowledge() -> None:
    even = np.full((4, 4), 0.25)
    assert classification.top_2(np.arange(4), even) == 0.5
    assert classification.accuracy(np.arange(4), even) == 0.25


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


def test_an_interval_contains_its_value_where_resampling_biases_the_metric() -> None:
    """The calibration error of well calibrated predictions is larger on every resample, which repeats rows."""
    random = np.random.default_rng(0)
    positive = random.uniform(size=400)
    truth = (random.uniform(size=400) < positive).astype(int)
    probabilities = np.stack([1 - positive, positive], axis=1)
    biased = Metric(
        lambda truth, guess: classification.ece(truth, guess) if len(np.unique(guess[:, 1])) == 400 else 0.5, "lower"
    )
    found = score({"ece": biased}, truth, probabilities)["ece"]
    assert 0 <= found["low"] <= found["value"] <= found["high"]
    assert found["high"] < 0.5

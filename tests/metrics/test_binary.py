"""What is measured at a threshold, and how it is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from sklearn import metrics as reference

from utils.metrics import two_classes
from utils.metrics.classification import auc
from utils.metrics.metric import Metric

rows = st.integers(2, 60)


@st.composite
def answers(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Truth with both classes, and probabilities with ties."""
    number = draw(rows)
    truth = draw(arrays(np.int64, number, elements=st.integers(0, 1)))
    assume(0 < truth.sum() < number)
    chance = draw(arrays(np.int64, number, elements=st.integers(0, 12))) / 12
    return truth, np.stack([1 - chance, chance], axis=1)


@given(answers(), st.integers(1, 11))
def test_against_scikit_learn(found: tuple[NDArray[np.int64], NDArray[np.float64]], twelfth: int) -> None:
    truth, probabilities = found
    at = twelfth / 12
    said = (probabilities[:, 1] >= at).astype(int)
    assert two_classes.accuracy(truth, probabilities, at) == pytest.approx(reference.accuracy_score(truth, said))
    assert two_classes.sensitivity(truth, probabilities, at) == pytest.approx(reference.recall_score(truth, said))
    assert two_classes.specificity(truth, probabilities, at) == pytest.approx(
        reference.recall_score(truth, said, pos_label=0)
    )
    assert auc(truth, probabilities) == pytest.approx(reference.roc_auc_score(truth, probabilities[:, 1]))


def test_auc_of_more_classes() -> None:
    random = np.random.default_rng(0)
    truth, raw = random.integers(0, 4, 200), random.random((200, 4))
    raw[np.arange(200), truth] += 0.3
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    expected = reference.roc_auc_score(truth, probabilities, multi_class="ovr", average="macro")
    assert auc(truth, probabilities) == pytest.approx(expected)
    assert np.isnan(auc(np.zeros(5, dtype=int), probabilities[:5]))
    others = truth != 2
    each = [reference.roc_auc_score(truth[others] == number, probabilities[others, number]) for number in (0, 1, 3)]
    assert auc(truth[others], probabilities[others]) == pytest.approx(np.mean(each)), "a class without rows"


@given(answers(), st.floats(0.05, 1.0))
def test_the_policy_sensitivity_is_the_largest_threshold_that_reaches(
    found: tuple[NDArray[np.int64], NDArray[np.float64]], reach: float
) -> None:
    truth, probabilities = found
    threshold = two_classes.choose_threshold(truth, probabilities, "sensitivity", reach)
    assert two_classes.sensitivity(truth, probabilities, threshold) >= reach
    scores = probabilities[:, 1]
    higher = scores[scores >= threshold]
    for at in higher + 1e-9:
        if (scores >= at).sum() < (scores >= threshold).sum():
            assert two_classes.sensitivity(truth, probabilities, at) < reach or (
                # Thresholds above a healthy row alone find as many; then the chosen one lies above those rows too.
                two_classes.specificity(truth, probabilities, at)
                <= two_classes.specificity(truth, probabilities, threshold)
            )


@given(answers())
def test_youden_is_the_largest_sum(found: tuple[NDArray[np.int64], NDArray[np.float64]]) -> None:
    truth, probabilities = found

    def index(at: float) -> float:
        return two_classes.sensitivity(truth, probabilities, at) + two_classes.specificity(truth, probabilities, at)

    chosen = two_classes.choose_threshold(truth, probabilities, "youden", 0.5)
    assert 0 < chosen < 1
    assert index(chosen) == pytest.approx(max(index(at) for at in np.linspace(0.001, 0.999, 997)))


def test_a_threshold_lies_between_two_rows() -> None:
    truth, chance = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.9])
    probabilities = np.stack([1 - chance, chance], axis=1)
    assert two_classes.choose_threshold(truth, probabilities, "youden", 0.5) == pytest.approx(0.4)
    assert two_classes.choose_threshold(truth, probabilities, "sensitivity", 1.0) == pytest.approx(0.4)
    assert two_classes.choose_threshold(truth, probabilities, "sensitivity", 0.5) == pytest.approx(0.75)


def test_operating_points_and_metrics_at_a_threshold() -> None:
    truth, chance = np.array([0, 0, 0, 1, 1]), np.array([0.1, 0.3, 0.6, 0.55, 0.9])
    probabilities = np.stack([1 - chance, chance], axis=1)
    (low, high) = two_classes.operating_points(truth, probabilities, [0.2, 0.7])
    assert low["confusion"] == [[1, 2], [0, 2]]
    assert high["confusion"] == [[3, 0], [1, 1]]
    assert (low["sensitivity"]["value"], high["sensitivity"]["value"]) == (1, 0.5)
    assert low["accuracy"]["low"] <= low["accuracy"]["value"] <= low["accuracy"]["high"]
    at = two_classes.METRICS["sensitivity"].at(0.7)
    assert at.function(truth, probabilities) == 0.5
    assert two_classes.METRICS["sensitivity"].at(None) is two_classes.METRICS["sensitivity"]
    plain = Metric(auc, "higher")
    assert plain.at(0.7) is plain


def test_bands_hold_their_curves() -> None:
    random = np.random.default_rng(1)
    truth = random.integers(0, 2, 300)
    chance = np.clip(0.3 + 0.3 * truth + random.normal(0, 0.2, 300), 0.001, 0.999)
    probabilities = np.stack([1 - chance, chance], axis=1)
    for band in (
        two_classes.roc_band(truth, probabilities, resamples=100),
        two_classes.precision_recall_band(truth, probabilities, resamples=100),
    ):
        inside = (band.low <= band.y + 1e-12) & (band.y <= band.high + 1e-12)
        assert inside.mean() > 0.9
        assert (band.high - band.low).max() < 0.5
    roc = two_classes.roc_band(truth, probabilities, resamples=10)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(auc(truth, probabilities), abs=0.01)
    assert (np.diff(roc.y) >= 0).all()
    precision = two_classes.precision_recall_band(truth, probabilities, resamples=10)
    everybody = probabilities[:, 1] >= probabilities[truth == 1, 1].min()
    assert precision.y[-1] == pytest.approx(truth[everybody].mean())

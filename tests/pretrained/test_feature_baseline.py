"""Logistic regression on frozen features: its strength, its penalty as a layer's, and the baseline of image labs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pretrained.test_features import SIDE, TINY
from utils.base.choices import Augmentation
from utils.base.disk_rows import RowsOnDisk
from utils.datasets.splits import Source, Split, Splits
from utils.pretrained import backbones, feature_baseline, feature_cache
from utils.pretrained.backbones import Weights
from utils.pretrained.feature_baseline import Regression, image_baselines, regress, spaced, standardization


def blobs(rows: int, classes: int, noise: float, seed: int = 0) -> tuple[Any, Any]:
    """Features around one centre per class, and the classes."""
    random = np.random.default_rng(seed)
    targets = np.arange(rows) % classes
    centres = np.random.default_rng(99).normal(0, 1, (classes, 6))
    return (centres[targets] + random.normal(0, noise, (rows, 6))).astype("float32"), targets


def fitted(noise: float, classes: int = 3) -> Regression:
    return regress(*blobs(300, classes, noise), *blobs(200, classes, noise, seed=1))


def test_noise_asks_for_a_strong_penalty() -> None:
    assert fitted(noise=20.0).strength < fitted(noise=1.0).strength < fitted(noise=0.3).strength
    assert 0 < fitted(noise=1.0).losses.mean() < np.log(3)


def test_the_strength_is_that_with_the_lowest_loss_on_validation() -> None:
    held, held_targets = blobs(200, 3, 2.0, seed=1)
    chosen = regress(*blobs(300, 3, 2.0), held, held_targets)
    losses = {}
    for strength in feature_baseline.STRENGTHS:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feature_baseline, "STRENGTHS", (strength,))
            losses[strength] = regress(*blobs(300, 3, 2.0), held, held_targets).losses.mean()
    assert chosen.strength == min(losses, key=lambda strength: losses[strength])
    assert chosen.losses.mean() == pytest.approx(min(losses.values()), rel=1e-2)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_softmax_layer_with_this_penalty_has_the_same_minimum(classes: int) -> None:
    """The gradient of its loss, mean cross-entropy and penalty, is zero at the weights of the regression."""
    features, targets = blobs(300, classes, 1.5)
    regression = regress(features, targets, *blobs(200, classes, 1.5, seed=1))
    # scikit-learn has one vector of weights for two classes: the difference of those of a softmax layer.
    coefficients = regression.model.coef_
    weights = np.concatenate([-coefficients, coefficients]).T / 2 if classes == 2 else coefficients.T
    rows = (features - regression.mean) / regression.deviation
    slopes = rows.T @ (regression.probabilities(features, classes) - np.eye(classes)[targets]) / len(rows)
    assert np.abs(slopes + 2 * regression.l2 * weights).max() < 2e-3
    assert np.abs(slopes + 2 * 2 * regression.l2 * weights).max() > 4e-3


def test_standardization_is_that_of_numpy_with_a_least_variance(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(3, 2, (2500, 4)).astype("float32")
    values[:, 3] = 0
    np.save(tmp_path / "rows.npy", values)
    for features in (values, RowsOnDisk(tmp_path / "rows.npy")):
        mean, variance = standardization(features)
        np.testing.assert_allclose(mean, values.mean(axis=0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(variance[:3], values.var(axis=0)[:3], rtol=1e-4)
        assert variance[3] == pytest.approx(0.3 * values.var(axis=0).mean(), rel=1e-4)
    assert standardization(np.ones((5, 2), "float32"))[1].tolist() == [1, 1]


def test_a_class_without_training_rows_has_probability_zero() -> None:
    features, targets = blobs(90, 2, 1.0)
    probabilities = regress(features, 2 * targets, features, 2 * targets).probabilities(features, 4)
    assert probabilities.shape == (90, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert not probabilities[:, [1, 3]].any()


@settings(max_examples=50)
@given(st.integers(1, 500), st.integers(1, 100))
def test_rows_are_spaced(rows: int, most: int) -> None:
    chosen = spaced(rows, most)
    assert len(np.unique(chosen)) == len(chosen) == min(rows, most)
    assert (chosen[0], chosen[-1]) in ((0, rows - 1), (0, 0))


def test_many_rows_are_limited_and_the_name_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert fitted(1.0).name(300) == "logistic_regression_on_frozen_features"
    monkeypatch.setattr(feature_baseline, "ROWS", 100)
    few = fitted(1.0)
    assert few.rows == 100
    assert few.name(300) == "logistic_regression_on_frozen_features_of_100_rows"


def images(channels: int, number: int = 24) -> Splits:
    """Dark and bright noise, as two classes."""

    def part(rows: int, seed: int) -> Split:
        targets = np.arange(rows) % 2
        random = np.random.default_rng(seed)
        pixels = random.integers(0, 80, (rows, 20, 24, channels)) + 120 * targets[:, None, None, None]
        return Split(pixels.astype("uint8"), targets)

    return Splits(
        part(number, 0),
        part(8, 1),
        part(6, 2),
        Source("made", "made", "sha256:0", simulated=True),
        target="brightness",
        class_names=("dark", "bright"),
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, and a small network as backbone."""
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path))
    weights = Weights(TINY, Path("none"), "made", "sha256:1")
    monkeypatch.setattr(backbones, "obtain", lambda _: weights)
    monkeypatch.setattr(feature_baseline, "SIDES", (SIDE, SIDE))
    monkeypatch.setattr(feature_baseline, "PICTURES", 20)
    feature_cache._loaded.cache_clear()
    return tmp_path / "features"


@pytest.mark.frozen_features
@pytest.mark.parametrize("channels", [1, 3])
def test_the_baseline_of_image_labs(channels: int, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    splits = images(channels)
    found = image_baselines(None, splits)
    assert list(found) == ["logistic_regression_on_frozen_features_of_20_rows"]
    (probabilities,) = found.values()
    assert probabilities.shape == (6, 2)
    assert (probabilities.argmax(axis=1) == splits.test.targets).all()
    assert len(list(small.glob("*.npy"))) == 3

    def refuse(*_: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(feature_cache.Extractor, "_compute", refuse)
    np.testing.assert_array_equal(image_baselines(None, splits)[next(iter(found))], probabilities)
    with pytest.raises(AssertionError, match="computed again"):
        image_baselines(None, replace(splits, test=replace(splits.test, inputs=255 - splits.test.inputs)))


def test_images_on_disk_and_in_memory_have_the_same_baseline(small: Path, tmp_path: Path) -> None:
    inputs = images(3).train.inputs
    np.save(tmp_path / "pictures.npy", inputs)
    on_disk = feature_cache.Extractor(backbones.obtain(""), SIDE, Augmentation())
    found = [
        on_disk.views(pictures, backbones.FEATURES)[0][:]
        for pictures in (RowsOnDisk(tmp_path / "pictures.npy"), feature_cache.PicturesInMemory(inputs))
    ]
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.slow
@pytest.mark.frozen_features
def test_the_baseline_with_the_weights_that_are_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path))
    ((name, probabilities),) = image_baselines(None, images(1)).items()
    assert name == "logistic_regression_on_frozen_features"
    assert (probabilities.argmax(axis=1) == images(1).test.targets).all()


@pytest.mark.frozen_features
def test_no_baseline_for_tables_or_without_the_weights(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    splits = images(3)
    table = replace(splits, train=Split(np.zeros((24, 3), "float32"), splits.train.targets))
    assert image_baselines(None, table) == {}
    entry = replace(backbones.BACKBONES[feature_baseline.BACKBONE].entry, package="no_such_package")
    monkeypatch.setattr(backbones, "find", lambda _: entry)
    assert image_baselines(None, splits) == {}
    assert capsys.readouterr() == ("", "")

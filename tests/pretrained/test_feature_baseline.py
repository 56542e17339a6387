"""Logistic regression on frozen features: its strength, its penalty as a layer's, and the baseline of image labs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.datasets.disk_rows import RowsOnDisk
from utils.datasets.splits import Source, Split, Splits
from utils.pretrained import backbones, feature_baseline, feature_cache
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
def test_a_softmax_layer_with_this_penalty_predicts_the_same(classes: int) -> None:
    features, targets = blobs(300, classes, 1.5)
    regression = regress(features, targets, *blobs(200, classes, 1.5, seed=1))
    mean, variance = standardization(features)
    inputs = keras.Input((6,))
    outputs = keras.layers.Dense(
        classes, "softmax", kernel_initializer="zeros", kernel_regularizer=keras.regularizers.L2(regression.l2)
    )(keras.layers.Normalization(mean=mean, variance=variance)(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(keras.optimizers.SGD(0.3, momentum=0.9), "sparse_categorical_crossentropy")
    model.fit(features, targets, batch_size=len(features), epochs=400, verbose=0)
    found = model.predict_on_batch(features)
    np.testing.assert_allclose(found, regression.probabilities(features, classes), atol=0.01)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(found, replace_strength(features, targets, 20), atol=0.01)


def replace_strength(features: Any, targets: Any, factor: float) -> Any:
    """Probabilities at a strength that differs by a factor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_baseline, "STRENGTHS", (feature_baseline.STRENGTHS[0] / factor,))
        regression = regress(features, targets, features, targets)
    return regression.probabilities(features, int(targets.max()) + 1)


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


@pytest.mark.parametrize("channels", [1, 3])
def test_the_baseline_of_image_labs(channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(feature_baseline, "PICTURES", 20)
    splits = images(channels)
    found = image_baselines(None, splits)
    assert list(found) == ["logistic_regression_on_frozen_features_of_20_rows"]
    (probabilities,) = found.values()
    assert probabilities.shape == (6, 2)
    assert (probabilities.argmax(axis=1) == splits.test.targets).all()
    assert len(list((tmp_path / "features").glob("*.npy"))) == 3

    def refuse(*_: Any) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(feature_cache.Extractor, "_compute", refuse)
    np.testing.assert_array_equal(image_baselines(None, splits)[next(iter(found))], probabilities)
    with pytest.raises(AssertionError, match="computed again"):
        image_baselines(None, replace(splits, test=replace(splits.test, inputs=255 - splits.test.inputs)))


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

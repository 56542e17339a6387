"""Features: computed once, the same from the cache, several views; normalization is folded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.base.choices import Augmentation
from utils.base.disk_rows import RowsOnDisk
from utils.base.errors import CallerError
from utils.networks.flat_graph import joined
from utils.pretrained import backbones, feature_cache
from utils.pretrained.backbones import Backbone, Weights, load
from utils.pretrained.feature_cache import Extractor, ViewBatches, views_of
from utils.pretrained.fold_batchnorm import folded

SIDE = 16


def network(side: int, _: Path | None = None) -> keras.Model:
    """A small network with everything that is folded, its normalisation as if it had been trained."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    inputs = keras.Input((side, side, 3))
    values = layers.Conv2D(4, 3, strides=2, use_bias=False, name="first")(inputs)
    values = layers.ReLU(6)(layers.BatchNormalization(epsilon=1e-3)(values))
    early = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=1, name="by_channel")(values)
    early = layers.Add(name="early")([values, layers.BatchNormalization(scale=False)(early)])
    values = layers.Conv2D(6, 1, strides=2, name="late")(early)
    values = layers.ReLU()(layers.BatchNormalization(center=False)(values))
    alone = layers.BatchNormalization(name="alone")(layers.MaxPooling2D(2)(values))
    logits = layers.Dense(1000)(layers.GlobalAveragePooling2D()(alone))
    model = keras.Model(inputs, logits)
    random = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 2, weight.shape) for weight in layer.get_weights()])
    return model


TINY = Backbone("efficientnet-lite0", SIDE, 1 / 128, -1.0, 6, ("early", "late"), "late", "early", network)


def weights(digest: str = "sha256:1") -> Weights:
    return Weights(TINY, Path("none"), "made", digest)


def rows(folder: Path, number: int = 70, seed: int = 0) -> RowsOnDisk:
    path = folder / f"pictures-{number}-{seed}.npy"
    np.save(path, np.random.default_rng(seed).integers(0, 256, (number, SIDE, SIDE, 3)).astype("uint8"))
    return RowsOnDisk(path)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """An empty cache, and the number of images that went through the backbone."""
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))
    seen: list[int] = []
    true = Extractor._view

    def view(self: Extractor, pictures: RowsOnDisk, number: int, start: int) -> Any:
        batch = true(self, pictures, number, start)
        seen.append(len(batch))
        return batch

    monkeypatch.setattr(Extractor, "_view", view)
    feature_cache._loaded.cache_clear()
    return seen


def test_folding_changes_nothing() -> None:
    model, pictures = network(SIDE), np.random.default_rng(1).normal(size=(5, SIDE, SIDE, 3)).astype("float32")
    copy = folded(model)
    kinds = [layer.name for layer in copy.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert kinds == ["alone"], "the one behind no convolution stays"
    np.testing.assert_allclose(copy(pictures), model(pictures, training=False), atol=1e-5)
    copy.layers[1].set_weights([np.zeros_like(each) for each in copy.layers[1].get_weights()])
    assert np.abs(model.layers[1].get_weights()[0]).max() > 0, "the copy has weights of its own"


def test_features_are_those_of_the_backbone(counted: list[int], tmp_path: Path) -> None:
    pictures, extractor = rows(tmp_path), Extractor(weights(), SIDE, Augmentation())
    scaled = pictures[:].astype("float32") / 128 - 1
    expected = keras.Model((model := network(SIDE)).input, model.layers[-2].output)(scaled, training=False)
    (found,) = extractor.views(pictures, backbones.FEATURES)
    assert (found.shape, found.dtype) == ((70, 6), np.float32)
    np.testing.assert_allclose(found[:], expected, atol=1e-5)
    (levels,) = extractor.views(pictures, backbones.LEVELS)
    early = keras.Model(model.input, model.get_layer("early").output)(scaled, training=False)
    np.testing.assert_allclose(levels[:][:, :4], np.mean(early, axis=(1, 2)), atol=1e-5)
    assert extractor.views(pictures, "late")[0].shape == (70, 4, 4, 6)


def test_computed_once(counted: list[int], tmp_path: Path) -> None:
    pictures, options = rows(tmp_path), Augmentation(horizontal_flip=True)
    first = Extractor(weights(), SIDE, options).views(pictures, backbones.FEATURES, 2)
    assert sum(counted) == 140
    again = Extractor(weights(), SIDE, options).views(rows(tmp_path), backbones.FEATURES, 2)
    assert sum(counted) == 140
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[:], other[:])
    Extractor(weights(), SIDE, options).views(pictures, backbones.FEATURES, 1)
    assert sum(counted) == 140, "fewer views are among those that are there"


@pytest.mark.parametrize("what", ["weights", "output", "pictures", "rows", "augmentation", "side"])
def test_another_question_is_another_key(what: str, counted: list[int], tmp_path: Path) -> None:
    def key(**changed: Any) -> str:
        given = {"weights": weights(), "side": SIDE, "augmentation": Augmentation(horizontal_flip=True), **changed}
        pictures, output = given.pop("pictures", rows(tmp_path)), given.pop("output", "features")
        return Extractor(**given)._key(pictures, output, 1)

    others = {
        "weights": weights("sha256:2"),
        "output": "late",
        "pictures": rows(tmp_path, seed=1),
        "rows": rows(tmp_path).take(np.arange(69, -1, -1)),
        "augmentation": Augmentation(vertical_flip=True),
        "side": SIDE + 1,
    }
    assert key() == key()
    assert key(**{"pictures" if what == "rows" else what: others[what]}) != key()


def test_an_interrupted_pass_leaves_whole_views(
    counted: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, options = rows(tmp_path), Augmentation(horizontal_flip=True)
    true = Extractor._view

    def interrupted(self: Extractor, pictures: RowsOnDisk, view: int, start: int) -> Any:
        if (view, start) == (1, 32):
            raise KeyboardInterrupt
        return true(self, pictures, view, start)

    with monkeypatch.context() as patched:
        patched.setattr(Extractor, "_view", interrupted)
        with pytest.raises(KeyboardInterrupt):
            Extractor(weights(), SIDE, options).views(pictures, backbones.FEATURES, 2)
    (left,) = (tmp_path / "cache" / "features").glob("*.npy")
    assert len(np.load(left)) == 70
    counted.clear()
    Extractor(weights(), SIDE, options).views(pictures, backbones.FEATURES, 2)
    assert sum(counted) == 70


def test_a_damaged_file_is_computed_again(counted: list[int], tmp_path: Path) -> None:
    pictures, extractor = rows(tmp_path), Extractor(weights(), SIDE, Augmentation())
    (before,) = extractor.views(pictures, backbones.FEATURES)
    expected = before[:]
    (file,) = (tmp_path / "cache" / "features").glob("*.npy")
    file.write_bytes(file.read_bytes()[:100])
    np.testing.assert_array_equal(extractor.views(pictures, backbones.FEATURES)[0][:], expected)


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "file"))
    with pytest.raises(CallerError, match="cannot be written"):
        Extractor(weights(), SIDE, Augmentation()).views(rows(tmp_path), backbones.FEATURES)


def test_views_are_the_picture_and_its_mirrorings(tmp_path: Path) -> None:
    pictures = rows(tmp_path, 3)
    both = Extractor(weights(), SIDE, Augmentation(horizontal_flip=True, vertical_flip=True))
    plain = pictures[:]
    expected = [plain, plain[:, :, ::-1], plain[:, ::-1], plain[:, ::-1, ::-1]]
    for view, mirrored in enumerate(expected):
        np.testing.assert_array_equal(both._view(pictures, view, 0), mirrored)
    upright = Extractor(weights(), SIDE, Augmentation(vertical_flip=True))
    np.testing.assert_array_equal(upright._view(pictures, 1, 0), plain[:, ::-1])
    turned = Extractor(weights(), SIDE, Augmentation(rotation_range=20.0, brightness_range=(0.5, 1.5)))
    np.testing.assert_array_equal(turned._view(pictures, 0, 0), plain)
    np.testing.assert_array_equal(turned._view(pictures, 2, 0), turned._view(pictures, 2, 0))
    assert (turned._view(pictures, 1, 0) != turned._view(pictures, 2, 0)).mean() > 0.5


@pytest.mark.parametrize(
    ("options", "wanted", "found"),
    [
        ({}, 8, 1),
        ({"horizontal_flip": True}, 8, 2),
        ({"horizontal_flip": True, "vertical_flip": True}, 8, 4),
        ({"horizontal_flip": True, "vertical_flip": True}, 3, 3),
        ({"rotation_range": 5.0}, 8, 8),
    ],
)
def test_views_that_would_be_the_same_are_not_made(options: dict[str, Any], wanted: int, found: int) -> None:
    assert views_of(Augmentation(**options), wanted) == found


@settings(max_examples=15, deadline=None)
@given(number=st.integers(1, 40), views=st.integers(1, 4), size=st.integers(1, 9), seed=st.integers(0, 99))
def test_an_epoch_passes_once_over_each_picture(
    number: int, views: int, size: int, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("views")
    for view in range(views):
        values = np.stack([np.arange(number), np.full(number, view)], axis=1)
        np.save(folder / f"{view}.npy", values.astype("float16" if view else "float32"))
    held = [RowsOnDisk(folder / f"{view}.npy") for view in range(views)]
    batches = ViewBatches(held, np.arange(number), size, seed)

    def epoch(which: int) -> Any:
        opened = batches.open(which)
        found = [batches.batch(opened, tf.constant(step)) for step in range(batches.steps)]
        return np.concatenate([each[0] for each in found]), np.concatenate([each[1] for each in found])

    values, targets = epoch(1)
    assert sorted(targets) == list(range(number))
    np.testing.assert_array_equal(values[:, 0], targets)
    assert set(values[:, 1]) <= set(range(views))
    np.testing.assert_array_equal(values, epoch(1)[0])


def test_the_parts_of_a_backbone_join_to_the_whole() -> None:
    whole = load(weights(), SIDE)
    pictures = np.random.default_rng(2).integers(0, 256, (4, SIDE, SIDE, 3)).astype("uint8")
    front = keras.Model(whole.input, whole.get_layer("early").output)
    back = folded(keras.Model(whole.get_layer("early").output, whole.output))
    np.testing.assert_allclose(joined(front, back, "both")(pictures), whole(pictures), atol=1e-6)
    assert not whole.trainable_weights
    assert back.trainable_weights == [], "a copy of frozen layers is frozen until it is freed"


def test_pictures_of_another_size_are_resized(counted: list[int], tmp_path: Path) -> None:
    large = np.repeat(np.repeat(rows(tmp_path, 5)[:], 2, axis=1), 2, axis=2)
    np.save(tmp_path / "large.npy", large)
    extractor = Extractor(weights(), SIDE, Augmentation())
    (found,) = extractor.views(RowsOnDisk(tmp_path / "large.npy"), backbones.FEATURES)
    assert found.shape == (5, 6)
    (small,) = extractor.views(rows(tmp_path, 5), backbones.FEATURES)
    assert np.corrcoef(found[:].ravel(), small[:].ravel())[0, 1] > 0.9

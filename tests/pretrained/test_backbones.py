"""Backbones: the right weights, the right preprocessing, or none at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import sklearn.datasets

from tests.conftest import Command, without_rules
from utils.base.errors import CallerError
from utils.datasets.catalog import candidates, find
from utils.images.decode import read_pictures
from utils.pretrained import backbones, efficientnet_lite0
from utils.pretrained.backbones import BACKBONES, Weights, load, obtain
from utils.pretrained.fold_batchnorm import FOLDABLE
from utils.pretrained.torch_reader import read_tensors

PICTURES = [Path(sklearn.datasets.__file__).parent / "images" / name for name in ("china.jpg", "flower.jpg")]
CLASSES = [698, 985]  # palace, daisy
# What the authors' network in PyTorch answers: eight of 1,280 features, and the five largest of 1,000 logits.
SHOWN = [0, 182, 365, 548, 730, 913, 1096, 1279]
FEATURES = [
    [0.0, 0.0, 0.014567, 0.0, 0.237628, 0.0, 0.008643, 0.0],
    [0.0, 0.271889, 0.004598, 0.0, 0.0, 0.0, 0.56524, 1.016992],
]
LOGITS = [
    {698: 7.35259, 442: 6.91332, 663: 5.78013, 975: 5.73184, 483: 5.42368},
    {985: 7.42393, 309: 5.61387, 108: 5.60440, 947: 5.46621, 310: 5.05230},
]


def pictures() -> Any:
    return read_pictures(PICTURES, (224, 224), "rgb", centre=0.875, square=True)


@pytest.fixture(scope="module")
def weights() -> Weights:
    return obtain("efficientnet-lite0")


def test_lite0_is_the_original(weights: Weights) -> None:
    model = load(weights)
    both = keras.Model(
        model.input, [backbones.output(weights.backbone, model, name) for name in ("features", "logits")]
    )
    features, logits = (np.asarray(each) for each in both(pictures(), training=False))
    np.testing.assert_allclose(features[:, SHOWN], FEATURES, atol=1e-4)
    np.testing.assert_allclose(features.sum(axis=1), [215.11148, 229.28998], atol=0.01)
    for row, expected in zip(logits, LOGITS, strict=True):
        assert np.argsort(-row)[:5].tolist() == list(expected)
        np.testing.assert_allclose(row[list(expected)], list(expected.values()), atol=1e-4)


def test_lite0_has_the_published_size() -> None:
    model = efficientnet_lite0.build()
    assert model.count_params() == 4_694_024
    assert model.count_params() - model.get_layer("imagenet").count_params() == 3_413_024


@pytest.mark.parametrize(
    ("scale", "offset"),
    [(1.0, 0.0), (1 / 255, 0.0), (1 / 128, 0.0)],
    ids=["raw", "shares of one", "not centred"],
)
def test_wrong_preprocessing_is_seen(scale: float, offset: float, weights: Weights) -> None:
    """If the registry were wrong, the classes of the two images would be wrong."""
    wrong = replace(weights, backbone=replace(weights.backbone, scale=scale, offset=offset))
    found = np.argmax(load(wrong)(pictures(), training=False), axis=1).tolist()
    assert found != CLASSES
    assert np.argmax(load(weights)(pictures(), training=False), axis=1).tolist() == CLASSES


@pytest.mark.parametrize(
    ("name", "module"),
    [("mobilenet-v2", "mobilenet_v2"), ("efficientnet-v2-b0", "efficientnet_v2"), ("resnet50", "resnet50")],
)
def test_preprocessing_is_that_of_keras(name: str, module: str) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype("float32")
    expected = getattr(keras.applications, module).preprocess_input(levels.copy())
    inputs = keras.Input((8, 8, 3))
    found = keras.Model(inputs, backbones.preprocessed(BACKBONES[name], inputs))(levels)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_every_backbone_is_in_the_catalogue() -> None:
    assert [entry.name for entry in candidates("auto", "transfer")] == ["elpv"], "weights are no data"
    for name, backbone in BACKBONES.items():
        assert (backbone.name, backbone.entry.task, len(backbone.entry.files)) == (name, "weights", 1)
    assert find(backbones.CLASS_NAMES).labs == ("transfer",)


def mobilenet(path: Path) -> keras.Model:
    """A MobileNetV2 whose random weights are written as keras.applications publishes its own."""
    import h5py
    from keras.src.legacy.saving import legacy_h5_format

    keras.utils.set_random_seed(1)
    model = keras.applications.MobileNetV2(weights=None, classifier_activation=None)
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return model


def test_a_backbone_of_keras_from_a_file(tmp_path: Path) -> None:
    model = mobilenet(tmp_path / "weights.h5")
    found = obtain("mobilenet-v2", tmp_path / "weights.h5")
    assert found.found == "your file"
    whole = load(found)
    levels = pictures()
    scaled = keras.applications.mobilenet_v2.preprocess_input(levels.astype("float32"))
    np.testing.assert_allclose(whole(levels), model(scaled, training=False), atol=1e-4)
    backbone = found.backbone
    assert backbones.output(backbone, whole, "features").shape == (None, backbone.features)
    assert backbones.output(backbone, whole, "levels").shape == (None, 24 + 32 + 64 + 96 + 160)
    assert weights_behind(whole, backbone.early) > 0.85 > weights_behind(whole, backbone.late) > 0.5


def weights_behind(model: keras.Model, cut: str) -> float:
    """Share of the weights of a backbone, without its top, that lie behind a layer."""
    number = model.layers.index(model.get_layer(cut))
    convolutions = [layer for layer in model.layers if isinstance(layer, FOLDABLE)]
    behind = [layer for layer in convolutions if model.layers.index(layer) > number]
    return sum(layer.count_params() for layer in behind) / sum(layer.count_params() for layer in convolutions)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet-v2-b0", "resnet50"])
def test_the_cuts_of_the_others(name: str) -> None:
    backbone = BACKBONES[name]
    kind = {"efficientnet-v2-b0": "EfficientNetV2B0", "resnet50": "ResNet50"}[name]
    model = getattr(keras.applications, kind)(weights=None)
    assert weights_behind(model, backbone.early) > 0.85 > weights_behind(model, backbone.late) > 0.5
    assert all(model.get_layer(stage) for stage in backbone.stages)
    assert backbones.output(backbone, model, "features").shape == (None, backbone.features)


def test_weights_in_the_cache_of_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    (file,) = find("mobilenet-v2").files
    (tmp_path / "models" / file.name).write_bytes(b"weights")
    assert obtain("mobilenet-v2").found == "Keras's cache"
    (file,) = find("resnet50").files
    (tmp_path / "models" / file.name).write_bytes(b"another file than its MD5 says")
    with pytest.raises(CallerError, match="resnet50 is not available"):
        obtain("resnet50")


def cut_off(folder: Path) -> Path:
    path = folder / "half.pth"
    path.write_bytes(obtain("efficientnet-lite0").path.read_bytes()[:9_000_000])
    return path


def text(folder: Path) -> Path:
    path = folder / "text.h5"
    path.write_text("no weights")
    return path


def narrower(folder: Path) -> Path:
    keras.applications.MobileNetV2(weights=None, alpha=0.35).save_weights(folder / "other.weights.h5")
    return folder / "other.weights.h5"


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("efficientnet-lite0", cut_off),
        ("efficientnet-lite0", text),
        ("mobilenet-v2", text),
        ("mobilenet-v2", narrower),
        ("mobilenet-v2", lambda _: obtain("efficientnet-lite0").path),
    ],
    ids=["cut off", "text", "text for HDF5", "another network", "PyTorch for HDF5"],
)
def test_wrong_weights_are_told(name: str, make: Callable[[Path], Path], tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"no tensors can be read|these are not the weights"):
        load(obtain(name, make(tmp_path)))


def test_tensors_of_another_network(weights: Weights) -> None:
    tensors = read_tensors(weights.path)
    with pytest.raises(CallerError, match=r"of another network: a tensor of \(32, 2, 3, 3\) _conv_stem.weight"):
        efficientnet_lite0.fill(
            efficientnet_lite0.build(), {**tensors, "_conv_stem.weight": tensors["_conv_stem.weight"][:, :2]}
        )
    del tensors["_fc.bias"]
    with pytest.raises(CallerError, match=r"of another network: no tensor _fc.bias"):
        efficientnet_lite0.fill(efficientnet_lite0.build(), tensors)


def test_offline_is_told_at_once(command: Command, tmp_path: Path) -> None:
    ended = command("labs.transfer", "--backbone", "mobilenet-v2", LABS_MIRROR="", KERAS_HOME=str(tmp_path))
    assert ended.status == 2
    error, hint = ended.err.splitlines()
    assert error.startswith("error: mobilenet-v2 is not available")
    assert "--backbone efficientnet-lite0 needs no network" in hint


def test_classify(command: Command, tmp_path: Path) -> None:
    ended = command("labs.transfer", "classify", *PICTURES, "--json", LABS_MIRROR="", KERAS_HOME=str(tmp_path))
    assert ended.status == 0, ended.err
    assert "numbers are printed" in ended.err
    assert [row[0]["class"] for row in ended.json["top"]] == CLASSES
    assert [len(row) for row in ended.json["top"]] == [5, 5]


@pytest.mark.real_data
def test_classify_with_names(command: Command, mirror: Path) -> None:
    ended = command("labs.transfer", "classify", *PICTURES, "--top-k", "1", LABS_MIRROR=str(mirror))
    assert ended.status == 0, ended.err
    assert [line.split()[-2] for line in without_rules(ended.out).splitlines()[1:]] == ["palace", "daisy"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["classify"], "missing: INPUTS"),
        (["classify", "none.jpg"], "none.jpg: there is no such file"),
        (["classify", PICTURES[0], "--top-k", "0"], "--top-k 0: there are 1000 classes"),
        (["classify", PICTURES[0], "--backbone", "vgg"], "--backbone: invalid choice 'vgg'"),
        (["--weights", "none.pth"], "--weights none.pth: there is no such file"),
    ],
)
def test_refused(words: list[Any], error: str, command: Command) -> None:
    ended = command("labs.transfer", *words)
    assert (ended.status, ended.out) == (2, "")
    assert f"error: {error}" in ended.err
    assert "Traceback" not in ended.err

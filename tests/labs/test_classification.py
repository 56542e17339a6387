"""The classification lab from its command line, on every kind of data that it takes."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

import labs
from labs.classification.config import Config as ClassificationConfig
from labs.classification.data import TABLES
from labs.classification.lab import lab
from tests.conftest import Command, without_rules
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.catalog import candidates
from utils.datasets.splits import Source, Split, Splits
from utils.export.formats import open_model
from utils.metrics.baselines import classification_baselines
from utils.metrics.classification import METRICS

FIGURES = {"learning_curves.png", "confusion.png", "reliability.png", "wrong.png"}


@pytest.mark.slow
@pytest.mark.parametrize("network", ["mlp", "cnn", "subclassed"])
def test_the_three_ways_to_build_a_model(network: str, command: Command, tmp_path: Path) -> None:
    """Each trains, is saved in three forms of plain layers, and predicts the same from all of them."""
    words = ["--preset", "quick", "--network", network, "--epochs", "2", "--out", "run", "--json"]
    if network == "cnn":
        words += ["--epochs", "1", "--filters", "8", "--rotation-range", "10"]
    ended = command("labs.classification", *words)
    assert ended.status == 0, ended.err
    record = ended.json
    assert record == json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["data"]["rows"] == {"train": 3600, "validation": 400, "test": 1000}
    assert record["data"]["name"] == "mnist-5k"
    assert list(record["metrics"]["test"]) == list(METRICS)
    assert record["metrics"]["test"]["accuracy"]["value"] > 0.3
    assert set(record["baselines"]) == {"class_frequencies", "logistic_regression"}
    assert record["baselines"]["logistic_regression"]["accuracy"] > 0.8
    assert record["audit"]["duplicates_across_splits"] == 0
    assert record["audit"]["majority"] == 0.1
    assert record["audit"]["classes"]["test"] == {str(digit): 100 for digit in range(10)}
    assert np.array(record["details"]["confusion"]).sum() == 1000
    assert set(record["details"]["classes"]["7"]) == {"precision", "recall", "f1", "rows"}
    assert {path.name for path in (tmp_path / "run" / "figures").iterdir()} == FIGURES
    test = lab.splits(lab.preset("quick")).test
    found = [open_model(tmp_path / "run" / form).predict(test.inputs[:9]) for form in ("model.h5", "saved_model")]
    np.testing.assert_allclose(found[0], found[1], atol=1e-6)
    np.testing.assert_allclose(found[0].sum(axis=1), 1, atol=1e-5)
    Image.fromarray(test.inputs[0, :, :, 0]).resize((56, 56)).save(tmp_path / "digit.png")
    predicted = command("labs", "predict", "run", "digit.png", "digit.png")
    assert predicted.status == 0, predicted.err
    assert predicted.out.splitlines()[0].split() == ["file", "digit", "probability", "or", "probability"]
    assert len(without_rules(predicted.out).splitlines()) == 3
    assert command("labs", "evaluate", "run").status == 0


def test_the_statistics_of_batch_normalization_follow_a_few_steps() -> None:
    """With Keras's momentum a network of a few hundred steps predicts with statistics of the untrained one."""
    splits = lab.splits(lab.preset("course", "mnist-5k"))
    for preset, momentum in (("course", 0.9), ("quick", 0.9), ("best", 0.99)):
        config = lab.preset(preset, "mnist-5k")
        built = lab.build(replace(config, network="cnn"), splits)
        layers = [layer for layer in built.layers if isinstance(layer, keras.layers.BatchNormalization)]
        assert {layer.momentum for layer in layers} == {momentum}, preset


@pytest.mark.slow
@pytest.mark.parametrize("name", list(TABLES))
def test_tables(name: str, command: Command, tmp_path: Path) -> None:
    words = ["--data", name, "--epochs", "3", "--out", "run", "--json"]
    ended = command("labs.classification", *words, LABS_MIRROR="")
    assert ended.status == 0, ended.err
    record = ended.json
    assert (record["data"]["name"], record["data"]["found"]) == (name, "embedded")
    classical = {"support_vector_machine", "decision_tree", "random_forest"}
    assert set(record["baselines"]) == {"class_frequencies", "logistic_regression", "gradient_boosting", *classical}
    labels = json.loads((tmp_path / "run" / "labels.json").read_text())
    table = TABLES[name]
    assert labels["features"] == [column.name for column in table.features]
    assert {key: tuple(value) for key, value in labels["categories"].items()} == {
        column.name: column.levels for column in table.features if column.levels
    }
    header = ",".join(labels["features"])
    assert set(labels["input_shape"]) == set(labels["features"])
    row = [column.levels[0] if column.levels else "3" for column in table.features]
    (tmp_path / "in.csv").write_text(f"{header}\n{','.join(row)}\n")
    predicted = command("labs", "predict", "run", "in.csv", "--json")
    assert predicted.status == 0, predicted.err
    assert sum(predicted.json["predictions"][0]) == pytest.approx(1, abs=1e-5)
    row[-1] = "seven"
    (tmp_path / "in.csv").write_text(f"{header}\n{','.join(row)}\n")
    refused = command("labs", "predict", "run", "in.csv")
    assert refused.status == 2
    assert f"line 2, column {labels['features'][-1]}: 'seven' is none of" in refused.err


@pytest.mark.slow
def test_a_folder_of_pictures(command: Command, tmp_path: Path) -> None:
    """Round against square, decoded once, streamed from disk."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[:20, :20]
    for name, shape in (
        ("round", (x - 10) ** 2 + (y - 10) ** 2 < 50),
        ("square", (abs(x - 10) < 6) & (abs(y - 10) < 6)),
    ):
        (tmp_path / "shapes" / name).mkdir(parents=True)
        for i in range(60):
            noisy = np.where(shape, 200, 50) + random.normal(0, 20, (20, 20))
            Image.fromarray(noisy.clip(0, 255).astype("uint8")).save(tmp_path / "shapes" / name / f"{i}.png")
    (tmp_path / "shapes" / "round" / "broken.png").write_text("nothing")
    words = [
        "--data-dir",
        "shapes",
        "--image-size",
        "16",
        "--no-colour",
        "--mirrored",
        "--epochs",
        "20",
        "--out",
        "run",
        "--json",
    ]
    ended = command("labs.classification", *words)
    assert ended.status == 0, ended.err
    assert "note: round/broken.png: not an image; skipped" in ended.err
    assert ended.json["data"]["name"] == "shapes"
    assert ended.json["details"]["classes"].keys() == {"round", "square"}
    assert ended.json["metrics"]["test"]["accuracy"]["value"] > 0.9
    card = (tmp_path / "run" / "README.md").read_text()
    assert "your folder" in card
    predicted = command("labs", "predict", "run", "shapes/square/1.png", "--json")
    assert predicted.json["class_names"][int(np.argmax(predicted.json["predictions"][0]))] == "square"
    again = command("labs.classification", *words, "--overwrite")
    assert "decoding" not in again.err
    assert again.json["metrics"] == ended.json["metrics"]


def config(**changed: object) -> ClassificationConfig:
    return ClassificationConfig(**changed)  # type: ignore[arg-type]


@pytest.mark.real_data
def test_official_splits_are_kept(mirror: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MIRROR", str(mirror))
    splits = lab.splits(config(data="fashion-mnist"))
    assert [len(part) for part in splits.parts().values()] == [54_000, 6_000, 10_000]
    assert np.bincount(splits.test.targets).tolist() == [1000] * 10
    assert np.bincount(splits.validation.targets).tolist() == [600] * 10


def test_options_that_do_not_fit_a_table() -> None:
    with pytest.raises(CallerError, match="--network cnn: admissions is a table"):
        lab.splits(config(data="admissions", network="cnn"))
    with pytest.raises(CallerError, match="--mirrored: admissions is a table"):
        lab.splits(config(data="admissions", mirrored=True))
    with pytest.raises(CallerError, match="augmentation: admissions is a table"):
        lab.splits(config(data="admissions", horizontal_flip=True))
    for name in TABLES:
        assert not lab.preset("best", name).active


@pytest.mark.parametrize("field", ["epochs", "batch_size", "patience", "learning_rate", "seed"])
@pytest.mark.parametrize("name", labs.NAMES)
def test_no_lab_loosens_a_shared_limit(name: str, field: str) -> None:
    with pytest.raises(ValidationError):
        labs.find_lab(name).config(**{field: -1})  # type: ignore[arg-type]


def test_data_and_data_dir_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="--data mnist and --data-dir exclude each other"):
        lab.splits(config(data="mnist", data_dir=tmp_path))


def test_a_class_that_training_has_none_of() -> None:
    splits = lab.splits(lab.preset("course"))
    rows = splits.train.targets != 3
    lacking = replace(splits, train=Split(splits.train.inputs[rows], splits.train.targets[rows]))
    with pytest.raises(CallerError, match="the validation split has rows of 3, but the training split has none"):
        check_splits(lacking)


def test_labels_out_of_range(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def idx(array: np.ndarray) -> Path:
        path = tmp_path / f"{array.ndim}-{len(array)}"
        header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
        path.write_bytes(gzip.compress(header + array.tobytes()))
        return path

    pictures, labels = idx(np.zeros((30, 28, 28), "u1")), idx(np.full(30, 11, "u1"))
    (entry,) = candidates("mnist", "classification")
    obtained = obtain.Obtained(entry, (pictures, labels, pictures, labels), "mirror", "sha256:0")
    monkeypatch.setattr(obtain, "obtain", lambda *_: obtained)
    with pytest.raises(CallerError, match=r"labels .* up to 11") as raised:
        lab.splits(config(data="mnist"))
    assert "labels from 0 to 9" in raised.value.hint


def test_one_class_and_a_class_with_one_picture(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / "in" / name).mkdir(parents=True)
        for i in range(10 if name == "a" else 1):
            Image.fromarray(np.full((20, 20), 9 * i + ord(name), "uint8")).save(tmp_path / "in" / name / f"{i}.png")
    with pytest.raises(CallerError, match="groups of rows, 1 rows of the rarest class"):
        lab.splits(config(data_dir=tmp_path / "in"))
    (tmp_path / "in" / "b" / "0.png").unlink()
    with pytest.raises(CallerError, match="the folder b has no image"):
        lab.splits(config(data_dir=tmp_path / "in"))
    (tmp_path / "in" / "b").rmdir()
    with pytest.raises(CallerError, match="1 class of images"):
        lab.splits(config(data_dir=tmp_path / "in"))


def test_a_class_that_the_baseline_was_not_fitted_on_has_probability_0() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (9, 40, 40, 1)).astype("uint8")
    targets = np.array([0, 1, 3] * 3)
    part = Split(pictures, targets)
    splits = Splits(part, part, part, Source("made", "", "", simulated=False), "class", class_names=tuple("abcd"))
    for name, probabilities in classification_baselines(splits, 0).items():
        assert probabilities.shape == (9, 4), name
        assert not probabilities[:, 2].any()
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)

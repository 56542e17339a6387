"""The pneumonia lab: its data held together by patient, its networks, and `main()` with its record."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from labs.cli import train
from labs.pneumonia import data, model
from labs.pneumonia.config import Config as PneumoniaConfig
from labs.pneumonia.lab import lab
from labs.pneumonia.simulator import radiographs
from tests.conftest import Command, QuickRun
from utils.base.errors import CallerError
from utils.datasets import obtain, simulation
from utils.datasets.audit import audit
from utils.datasets.catalog import candidates
from utils.datasets.splits import Source, Split, Splits
from utils.images import image_archives
from utils.images.decode import Mode
from utils.images.image_folders import Images

FIGURES = {
    "learning_curves",
    "roc",
    "precision_recall",
    "thresholds",
    "confusion",
    "reliability",
    "by_kind",
    "wrong",
    "filters",
    "feature_maps",
    "grad_cam",
}


def config(**changed: object) -> PneumoniaConfig:
    return PneumoniaConfig(**changed)  # type: ignore[arg-type]


def splits_of(side: int) -> Splits:
    part = Split(np.zeros((4, side, side, 1), "uint8"), np.array([0, 1, 0, 1]))
    return Splits(part, part, part, Source("made", "", "", False), "diagnosis", class_names=data.CLASS_NAMES)


def test_the_course_networks() -> None:
    cnn = model.build(config(), splits_of(256))
    assert cnn.count_params() == 522
    assert model.build(config(network="mlp"), splits_of(256)).count_params() == 256 * 256 * 100 + 100 + 5050 + 102
    assert [layer.output.shape[1] for layer in cnn.layers if isinstance(layer, keras.layers.MaxPooling2D)] == [16, 7]


def test_the_smallest_film_of_the_course_network() -> None:
    assert model.build(config(), splits_of(model.SMALLEST)).output.shape == (None, 2)
    with pytest.raises(CallerError, match="too small for the course's strides"):
        model.build(config(), splits_of(model.SMALLEST - 1))
    assert model.build(config(network="residual"), splits_of(28)).output.shape == (None, 2)


def test_patients_and_kinds() -> None:
    names = [
        "train/PNEUMONIA/person1_bacteria_1.jpeg",
        "train/PNEUMONIA/person1_bacteria_2.jpeg",
        "train/PNEUMONIA/person1_virus_6.jpeg",
        "train/NORMAL/IM-0429-0001.jpeg",
        "train/NORMAL/IM-0429-0001-0002.jpeg",
        "train/NORMAL/NORMAL2-IM-0429-0001.jpeg",
        "a/other.png",
    ]
    patients = data.patients(names)
    assert patients[0] == patients[1] != patients[2]
    assert patients[3] == patients[4] != patients[5]
    assert len(set(patients)) == 5
    split = Split(np.zeros((7, 1)), np.array([1, 1, 1, 0, 0, 0, 1]), None, np.array(names))
    expected = ["bacteria", "bacteria", "virus", "NORMAL", "NORMAL", "NORMAL", "PNEUMONIA"]
    assert data.kinds(split, ("NORMAL", "PNEUMONIA")).tolist() == expected


def folder_of(root: Path, *, classes: tuple[str, ...] = ("NORMAL", "PNEUMONIA"), official: bool = True) -> Path:
    """Radiographs of invented children, two each."""
    random = np.random.default_rng(0)
    for split, number in (("train", 16), ("val", 2), ("test", 6)) if official else (("", 24),):
        for label, name in enumerate(classes):
            place = root / split / name
            place.mkdir(parents=True)
            for child in range(number):
                file = f"person{child}_bacteria_{{}}.jpeg" if label else f"IM-{child:04}-000{{}}.jpeg"
                for film in (1, 2):
                    pixels = random.integers(0, 80, (40, 40)) + 90 * label
                    Image.fromarray(pixels.astype("uint8")).save(place / file.format(film))
    return root


def test_a_folder_is_split_by_patient_and_its_tiny_validation_goes_to_training(tmp_path: Path) -> None:
    splits = lab.splits(config(data_dir=folder_of(tmp_path / "films"), image_size=32, validation_fraction=0.25))
    assert splits.class_names == ("NORMAL", "PNEUMONIA")
    train, validation, test = splits.parts().values()
    assert (len(train) + len(validation), len(test)) == (72, 24)
    assert train.groups is not None
    assert validation.groups is not None
    assert not set(train.groups) & set(validation.groups)
    assert test.names is not None
    assert all(str(name).startswith("test/") for name in test.names)
    assert validation.names is not None
    assert train.names is not None
    assert {str(name).split("/")[0] for name in (*train.names, *validation.names)} == {"train", "val"}


def test_three_classes_are_refused(tmp_path: Path) -> None:
    root = folder_of(tmp_path / "films", classes=("a", "b", "c"), official=False)
    with pytest.raises(CallerError, match="3 classes: a, b, c"):
        lab.splits(config(data_dir=root))


def test_data_and_data_dir_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="--data simulated and --data-dir exclude each other"):
        lab.splits(config(data="simulated", data_dir=tmp_path))
    with pytest.raises(CallerError, match="chest-xray is a folder that you fetch yourself") as raised:
        lab.splits(config(data="chest-xray"))
    assert "--data-dir" in raised.value.hint


@pytest.mark.parametrize("wrong", ["dtype", "labels", "number", "shape"])
def test_a_wrong_npz(wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {}
    for split in ("train", "val", "test"):
        arrays[f"{split}_images"] = np.zeros((6, 28, 28), "float32" if wrong == "dtype" else "uint8")
        arrays[f"{split}_labels"] = np.full((6, 1), 2 if wrong == "labels" else 1, "uint8")
    if wrong == "number":
        arrays["val_labels"] = arrays["val_labels"][:5]
    if wrong == "shape":
        arrays["val_images"] = arrays["val_images"][:, :20]
    np.savez(tmp_path / "films.npz", **arrays)  # type: ignore[arg-type]
    (entry,) = candidates("pneumoniamnist", "pneumonia")
    obtained = obtain.Obtained(entry, (tmp_path / "films.npz",), "mirror", "sha256:0")
    monkeypatch.setattr(obtain, "obtain", lambda *_: obtained)
    with pytest.raises(CallerError, match=r"films\.npz: "):
        lab.splits(config())


def test_simulated_films_are_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path))
    first = simulation.load(radiographs, 12, 3, 32)
    assert "simulating 12 radiographs" in capfd.readouterr().err
    again = simulation.load(radiographs, 12, 3, 32)
    assert capfd.readouterr().err == ""
    assert first.digest == again.digest
    np.testing.assert_array_equal(first.pictures[:], again.pictures[:])
    assert first.labels.tolist() == again.labels.tolist()
    assert simulation.load(radiographs, 12, 4, 32).digest != first.digest
    next(tmp_path.glob("simulated/*s3-32.json")).unlink()  # stopped between the two files
    assert simulation.load(radiographs, 12, 3, 32).digest == first.digest


def test_the_embedded_radiographs_keep_their_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MIRROR", "")
    splits = lab.splits(config(network="residual"))
    assert (splits.source.name, splits.source.found, splits.source.simulated) == ("chest-xray-128", "embedded", False)
    train, validation, test = splits.parts().values()
    assert (len(train) + len(validation), len(test)) == (5216, 624)
    assert 450 < len(validation) < 590, "a tenth of the children"
    assert splits.train.inputs.shape[1:] == (128, 128, 1)
    assert [splits.class_names[label] for label in (0, 1)] == ["NORMAL", "PNEUMONIA"]
    assert test.targets.mean() == pytest.approx(0.625)
    assert train.names is not None
    assert validation.names is not None
    assert {str(name).split("/")[0] for name in (*train.names, *validation.names)} == {"train"}
    audited = audit(splits)
    assert audited["duplicates_across_splits"] == audited["groups_across_splits"] == 0
    kinds = Counter(data.kinds(test, splits.class_names).tolist())
    assert kinds == {"NORMAL": 234, "bacteria": 242, "virus": 148}


def test_the_official_test_split_is_kept() -> None:
    splits = lab.splits(config(data="pneumoniamnist", network="residual"))
    assert [len(part) for part in splits.parts().values()] == [4708, 524, 624]
    assert splits.train.inputs.shape[1:] == (28, 28, 1)
    assert splits.test.targets.mean() == pytest.approx(0.625)
    assert lab.splits(config(data="pneumoniamnist")).train.inputs.shape[1:] == (112, 112, 1)


def test_the_settings_of_a_preset_follow_the_data_set() -> None:
    assert config().learning_rate < 0.005, "the course's rate, at which units die"
    assert train.configured(lab.definition, "course", {}).data == "chest-xray-128"
    for name in ("simulated", "simulated-radiographs"):
        made = train.configured(lab.definition, "quick", {"data": name})
        assert (made.data, made.epochs, made.batch_size) == ("simulated-radiographs", 10, 16)
    real = train.configured(lab.definition, "quick", {"epochs": 1})
    assert (real.data, real.epochs) == ("chest-xray-128", 1)


def test_the_course_networks_get_images_of_the_course_size(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    true = image_archives.load

    def small(path: Path, size: tuple[int, int], mode: Mode) -> Images:
        sizes.append(size[0])
        return true(path, (16, 16), mode)

    monkeypatch.setattr(image_archives, "load", small)
    for chosen in (config(), config(network="mlp"), config(network="residual"), config(image_size=64)):
        lab.splits(chosen)
    assert sizes == [256, 256, 128, 64]


@pytest.mark.slow
def test_a_quick_run(quick_run: QuickRun, command: Command, tmp_path: Path) -> None:
    run, ended = quick_run("pneumonia")
    record = ended.json
    assert (record["data"]["name"], record["data"]["simulated"]) == ("chest-xray-128", False)
    assert set(record["metrics"]["test"]) == {"auc", "accuracy", "sensitivity", "specificity", "log_loss", "ece"}
    assert 0 < record["threshold"] < 1
    details = record["details"]
    assert set(details["fixed"]) == {"0.2", "0.5", "0.8"}
    assert details["chosen"]["sensitivity"]["value"] == record["metrics"]["test"]["sensitivity"]["value"]
    assert set(details["by_kind"]) == {"NORMAL", "bacteria", "virus"}
    assert record["metrics"]["validation"]["sensitivity"]["value"] >= 0.95
    assert {path.stem for path in (run / "figures").iterdir()} == FIGURES
    card = (run / "README.md").read_text()
    assert "not a medical device" in card
    assert "CC BY 4.0" in card
    assert "Kermany" in card
    assert json.loads((run / "labels.json").read_text())["threshold"] == record["threshold"]
    Image.fromarray(np.full((90, 70), 99, "uint8")).save(tmp_path / "film.png")
    predicted = command("labs", "predict", run, "film.png")
    assert predicted.status == 0
    assert "not a medical device" in predicted.err

"""The galaxy lab: its data, the symmetries, and `main()` with its record."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from labs.galaxy import data, model
from labs.galaxy.config import Config as GalaxyConfig
from labs.galaxy.lab import lab
from tests.conftest import Command, QuickRun
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.datasets.catalog import candidates
from utils.datasets.splits import Source, Split, Splits
from utils.networks.ensembles import average_predictions, symmetries

FIGURES = {"learning_curves", "confusion", "reliability", "wrong", "filters", "feature_maps", "grad_cam"}


def config(**changed: object) -> GalaxyConfig:
    return GalaxyConfig(**changed)  # type: ignore[arg-type]


def splits_of(side: int) -> Splits:
    part = Split(np.zeros((4, side, side, 3), "uint8"), np.arange(4))
    return Splits(part, part, part, Source("made", "", "", False), "shape", class_names=data.CLASS_NAMES)


def test_the_course_network() -> None:
    course = model.build(config(), splits_of(128))
    # Two convolutions of 8 filters, 7 × 7 × 8 values, 16 hidden units, 4 classes.
    assert course.count_params() == (27 * 8 + 8) + (72 * 8 + 8) + (7 * 7 * 8 * 16 + 16) + (16 * 4 + 4)


def test_the_smallest_picture_of_the_course_network() -> None:
    assert model.build(config(), splits_of(model.SMALLEST)).output.shape == (None, 4)
    with pytest.raises(CallerError, match="too small for the course's strides"):
        model.build(config(), splits_of(model.SMALLEST - 1))


def test_the_eight_symmetries() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (2, 6, 6, 3)).astype("uint8")
    inputs = keras.Input((6, 6, 3), dtype="uint8")
    views = keras.Model(inputs, symmetries(inputs)).predict(pictures, verbose=0)
    expected = [np.rot90(each, turn, axes=(1, 2)) for each in (pictures, pictures[:, :, ::-1]) for turn in range(4)]
    np.testing.assert_array_equal(views[0], pictures)
    found = {number for view in views for number, one in enumerate(expected) if np.array_equal(view, one)}
    assert found == set(range(8))


def test_the_mean_prediction_does_not_depend_on_rotation() -> None:
    keras.utils.set_random_seed(0)
    trained = model.build(config(network="residual", filters=2), splits_of(32))
    averaged = average_predictions(trained, symmetries)
    pictures = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype("uint8")
    turned = np.rot90(pictures, axes=(1, 2))
    alone = [trained.predict(each, verbose=0) for each in (pictures, turned)]
    together = [averaged.predict(each, verbose=0) for each in (pictures, turned)]
    assert np.abs(alone[0] - alone[1]).max() > 1e-4
    np.testing.assert_allclose(together[0], together[1], atol=1e-6)


def course_file(path: Path, **changed: object) -> None:
    random = np.random.default_rng(0)
    labels = np.eye(4)[np.arange(80) % 4]
    arrays = {"data": random.integers(0, 256, (80, 128, 128, 3)).astype("uint8"), "labels": labels, **changed}
    np.savez(path, **arrays)  # type: ignore[arg-type]


def obtained_from(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (entry,) = candidates("galaxy-codecademy", "galaxy")
    monkeypatch.setattr(obtain, "obtain", lambda *_: obtain.Obtained(entry, (path,), "mirror", "sha256:0"))


def test_the_course_file_is_split_as_the_course_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.model_selection import train_test_split

    course_file(tmp_path / "galaxydata.npz")
    obtained_from(tmp_path / "galaxydata.npz", monkeypatch)
    splits = lab.splits(config(batch_size=5))
    with np.load(tmp_path / "galaxydata.npz") as file:
        _, expected, _, labels = train_test_split(
            file["data"], file["labels"], test_size=0.2, stratify=file["labels"], shuffle=True, random_state=222
        )
    assert [len(part) for part in splits.parts().values()] == [57, 7, 16]
    assert lab.splits(config(batch_size=5, image_size=64)).test.inputs.shape == (16, 64, 64, 3)
    found = {picture.tobytes(): target for picture, target in zip(splits.test.inputs, splits.test.targets, strict=True)}
    assert found == {picture.tobytes(): label for picture, label in zip(expected, labels.argmax(axis=1), strict=True)}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": np.zeros((80, 64, 64, 3), "uint8")}, "data is uint8"),
        ({"data": np.full((80, 128, 128, 3), 300, "int16")}, "pixels from 300 to 300"),
        ({"data": np.full((80, 128, 128, 3), np.nan, "float16")}, "pixels from nan"),
        ({"labels": np.full((80, 4), 0.25)}, "not a single 1"),
        ({"labels": np.eye(4)[np.arange(79) % 4]}, "80 images, 79 labels"),
    ],
)
def test_a_wrong_course_file(
    changed: dict[str, object], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    course_file(tmp_path / "galaxydata.npz", **changed)
    obtained_from(tmp_path / "galaxydata.npz", monkeypatch)
    with pytest.raises(CallerError, match=message):
        lab.splits(config())


def test_pixels_as_shares_of_one_become_levels(tmp_path: Path) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (2, 4, 4, 3)).astype("uint8")
    levels[0, 0, 0] = 255
    np.testing.assert_array_equal(data.levels(levels / 255, tmp_path), levels)
    np.testing.assert_array_equal(data.levels(levels.astype("float32"), tmp_path), levels)


def test_options_that_cannot_be() -> None:
    with pytest.raises(ValidationError):
        config(centre=0.0)
    with pytest.raises(CallerError, match="galaxy-zoo is a folder that you fetch yourself"):
        lab.splits(config(data="galaxy-zoo"))
    with pytest.raises(CallerError, match="--data simulated and --data-dir exclude each other"):
        lab.splits(config(data="simulated", data_dir=Path("here")))


@pytest.mark.slow
def test_a_quick_run(quick_run: QuickRun) -> None:
    run, ended = quick_run("galaxy")
    assert (ended.json["data"]["name"], ended.json["data"]["simulated"]) == ("simulated-galaxies", True)
    assert list(ended.json["metrics"]["test"])[:2] == ["accuracy", "auc"]
    assert {path.stem for path in (run / "figures").iterdir()} == FIGURES


@pytest.mark.slow
def test_a_folder_whose_pictures_are_cropped_to_the_centre(command: Command, tmp_path: Path) -> None:
    """Frames say nothing; the colour of the centre does. What is predicted from is cropped as well."""
    random = np.random.default_rng(0)
    for name, level in (("blue", 40), ("red", 200)):
        (tmp_path / "sky" / name).mkdir(parents=True)
        for number in range(40):
            picture = random.integers(0, 256, (48, 48, 3)).astype("uint8")
            picture[12:36, 12:36] = random.integers(level - 20, level + 20, (24, 24, 3))
            Image.fromarray(picture).save(tmp_path / "sky" / name / f"{number}.png")
    words = ["--network", "residual", "--filters", "4", "--image-size", "16", "--symmetric", "--epochs", "12"]
    ended = command("labs.galaxy", "--data-dir", "sky", *words, "--learning-rate", "0.003", "--out", "run", "--json")
    assert ended.status == 0, ended.err
    assert json.loads((tmp_path / "run" / "labels.json").read_text())["centre"] == 0.5
    assert ended.json["metrics"]["test"]["accuracy"]["value"] > 0.9
    predicted = command("labs", "predict", "run", "sky/red/1.png", "sky/blue/2.png", "--json")
    assert predicted.status == 0, predicted.err
    assert [int(np.argmax(row)) for row in predicted.json["predictions"]] == [1, 0]

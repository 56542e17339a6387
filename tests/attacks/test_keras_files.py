"""Keras files that attack: each is refused before Keras loads it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from tests.attacks.refusals import refused
from utils.export.formats import load_model, open_model, save_model


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of a small model in three formats."""
    inputs = keras.Input((8,), name="features")
    save_model(keras.Model(inputs, keras.layers.Dense(2, name="y")(inputs)), tmp_path)
    assert open_model(tmp_path / "model.keras").predict(np.ones((2, 8))).shape == (2, 2)
    return tmp_path


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_lambda(name: str, tmp_path: Path, victim: Path) -> None:
    inputs = keras.Input((8,))
    # The path is a constant of the code: Keras does not restore default arguments.
    act = eval(f"lambda x: (__import__('pathlib').Path({str(victim)!r}).touch(), x)[1]")
    owned = keras.layers.Lambda(act)
    keras.Model(inputs, owned(inputs)).save(tmp_path / name)
    victim.unlink()
    with refused("a Lambda, which can run any code"):
        load_model(tmp_path / name)


def changed(path: Path, change: Callable[[dict[str, Any]], Any], **members: bytes) -> Path:
    """A `.keras` file with another description of its model, and further members."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | members
    config = json.loads(parts["config.json"])
    change(config)
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def layer(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["config"]["layers"][1]
    return found


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"class_name": "system", "module": "os"}, "os.system, which is not part of Keras"),
        ({"class_name": "TFSMLayer", "module": "keras.layers"}, "a TFSMLayer"),
        ({"class_name": "Dense", "module": "elsewhere.layers"}, "elsewhere.layers.Dense, which is not part of Keras"),
        ({"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}, "read from the file /etc/passwd"),
    ],
)
def test_a_description_that_names_other_code_or_a_file(about: dict[str, Any], reason: str, model: Path) -> None:
    with refused(reason):
        load_model(changed(model / "model.keras", lambda config: layer(config).update(about)))


def test_a_shape_bomb_in_the_description(model: Path) -> None:
    """A layer of 640 MB, whose weights are not in the file."""
    units = 20_000_000
    path = changed(model / "model.keras", lambda config: layer(config)["config"].update(units=units))
    with refused("its layers declare .* bytes of variables, and 72 are stored"):
        load_model(path)
    with h5py.File(model / "model.h5", "a") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace('"units": 2,', f'"units": {units},')
    with refused("its layers declare"):
        load_model(model / "model.h5")


def bombed(file: h5py.File) -> None:
    """Replace an array by one of 400 MB, of which nothing is stored."""
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
    del file[names[0]]
    file.create_dataset(names[0], (100_000_000,), "f4", chunks=(1_000_000,), compression="gzip", fillvalue=1.0)


def linked(file: h5py.File) -> None:
    """Replace an array by a link to another file."""
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
    del file[names[0]]
    file[names[0]] = h5py.ExternalLink("secret.h5", "/secret")


def stored_elsewhere(file: h5py.File) -> None:
    """Replace an array by one whose bytes are those of another file."""
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
    del file[names[0]]
    file.create_dataset(names[0], (2,), "f4", external=[("/etc/passwd", 0, 8)])


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (bombed, "declares 400,000,000 bytes, and 0 are stored"),
        (linked, "is a link to secret.h5"),
        (stored_elsewhere, "is stored in another file"),
    ],
)
def test_hdf5_attacks_in_both_formats(attack: Callable[[h5py.File], None], reason: str, model: Path) -> None:
    with h5py.File(model / "secret.h5", "w") as secret:
        secret["secret"] = np.ones(2, "f4")
    with h5py.File(model / "model.h5", "a") as file:
        attack(file)
    with refused(reason):
        load_model(model / "model.h5")
    with zipfile.ZipFile(model / "model.keras") as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights, "a") as file:
        attack(file)
    with refused(reason):
        load_model(changed(model / "model.keras", lambda _: None, **{"model.weights.h5": weights.getvalue()}))


@pytest.mark.parametrize(
    ("member", "size", "reason"),
    [
        ("model.weights.h5", 300_000_000, "model.weights.h5 expands from .* to 300,000,000 bytes"),
        ("assets/x", 300_000_000, "assets/x expands from .* to 300,000,000 bytes"),
        ("../victim.txt", 5, "it contains ../victim.txt, which is not part of a model"),
        ("assets/../../victim.txt", 5, "which is not part of a model"),
    ],
)
def test_a_zip_bomb_or_a_member_elsewhere(member: str, size: int, reason: str, model: Path, victim: Path) -> None:
    path = changed(model / "model.keras", lambda _: None, **{member: bytes(size)})
    with refused(reason):
        load_model(path)

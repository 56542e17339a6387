"""Paths in environment variables, and files of a user's folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from labs.cli import main
from utils.base import keras_import
from utils.base.errors import CallerError
from utils.base.paths import files_below, from_environment
from utils.datasets import cache, locate
from utils.datasets.catalog import find
from utils.pretrained import backbones
from utils.runs import run_folder

READERS: dict[str, Callable[[], object]] = {
    "LABS_DATA_HOME": cache.cache_folder,
    "LABS_MIRROR": lambda: Path(locate.mirror()),
    "LABS_MODELS": run_folder.runs_folder,
    "KERAS_HOME": lambda: from_environment("KERAS_HOME"),
}
WRITTEN = ["~/labs data", "$HOME/labs data", "${HOME}/labs data", "$PLACE", "~/$SUB", "~/labs data/"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home" / "labs data").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.setenv("SUB", "labs data")
    monkeypatch.setenv("PLACE", str(tmp_path / "home" / "labs data"))
    return tmp_path / "home"


@pytest.mark.parametrize("variable", READERS)
@pytest.mark.parametrize("written", WRITTEN)
def test_home_and_variables_are_expanded(
    variable: str, written: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, written)
    assert READERS[variable]() == home / "labs data"


@pytest.mark.parametrize("variable", READERS)
@pytest.mark.parametrize("written", ["$NOWHERE/data", "${NOWHERE}", "~nobody-of-this-name/data"])
def test_what_cannot_be_expanded(
    variable: str, written: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, written)

    def read() -> int:
        READERS[variable]()
        return 0

    assert main.status_of(read) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: {variable}={written}: ")
    assert hint.startswith("hint: ")
    assert [path.name for path in home.parent.iterdir()] == ["home"]


def test_the_usual_cache_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABS_DATA_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", "~/labs data")
    assert home in cache.cache_folder().parents
    assert not (home.parent / "~").exists()


def test_keras_is_given_an_expanded_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", "~/keras")
    keras_import.import_keras()
    assert from_environment("KERAS_HOME") == home / "keras"
    assert os.environ["KERAS_HOME"] == str(home / "keras")
    assert backbones._in_keras_cache(find("mobilenet-v2")) is None


@pytest.mark.parametrize("variable", READERS)
def test_empty_is_unset(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "")
    assert from_environment(variable) is None
    if variable != "LABS_MIRROR":
        READERS[variable]()


def test_files_below_a_folder(tmp_path: Path) -> None:
    for name in ("b", "a/c", "a/._c", ".git/x", "__MACOSX/y", "d/Thumbs.db", "d/THUMBS.DB", "d/@eaDir/z", "d/e"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert [path.relative_to(tmp_path).as_posix() for path in files_below(tmp_path)] == ["a/c", "b", "d/e"]


def test_an_unreadable_variable_is_reported_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_MODELS", "$NOWHERE")
    with pytest.raises(CallerError, match=r"LABS_MODELS=.NOWHERE: .NOWHERE is not known"):
        run_folder.runs_folder()

"""A user's `utils` in the current folder: explained in one sentence, and no obstacle where Python looks elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from utils.base.paths import child_environment

OWN = {
    "module": ("utils.py", "utils.py"),
    "package": ("utils/__init__.py", "utils"),
    "package with modules of these names": ("utils/base/errors.py", "utils"),
}


def write(folder: Path, kind: str) -> Path:
    file, name = OWN[kind]
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text("mine = 1\n")
    if "/" in file:
        (folder / "utils" / "__init__.py").touch()
    return folder / name


def python(folder: Path, *words: str, **changed: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **changed}
    return subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("module", ["labs", "labs.regression"])
@pytest.mark.parametrize("kind", OWN)
def test_it_is_explained_in_one_sentence(kind: str, module: str, tmp_path: Path) -> None:
    place = write(tmp_path, kind)
    ended = python(tmp_path, "-m", module, "--help")
    assert ended.returncode == 2
    assert ended.stdout == ""
    error, hint = ended.stderr.splitlines()
    assert error == (
        f"error: {place} hides the package utils of this project, because it has the same name and is found first"
    )
    assert hint.startswith(f"hint: rename {place.name}, ")


@pytest.mark.parametrize("before", ["", "import utils; "])
def test_an_import_says_the_same(before: str, tmp_path: Path) -> None:
    place = write(tmp_path, "module")
    ended = python(tmp_path, "-c", f"{before}import labs")
    assert ended.stderr.splitlines()[-1].startswith(f"ImportError: {place} hides the package utils of this project")


@pytest.mark.parametrize("kind", OWN)
def test_a_command_that_does_not_look_into_the_folder_works(kind: str, tmp_path: Path) -> None:
    write(tmp_path, kind)
    run = "from labs.cli.main import run_labs; run_labs()"
    ended = python(tmp_path, "-c", f"import sys; sys.argv = ['labs', '--help']; {run}", PYTHONSAFEPATH="1")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("kind", OWN)
def test_processes_of_ours_work_beside_it(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that reloads the saved models is started with `-m` in the user's folder."""
    write(tmp_path, kind)
    (tmp_path / "mylab.py").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    code = "import utils, mylab; print(utils.__file__)"
    for words in (("-c", code), ("-m", "utils.base.machine")):
        ended = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=child_environment(), capture_output=True, text=True, check=True
        )
        assert ended.stdout.strip() in ("", str(ROOT / "utils" / "__init__.py"))


def test_a_folder_without_modules_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "utils").mkdir()
    assert python(tmp_path, "-m", "labs", "--help").returncode == 0

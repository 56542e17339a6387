"""The house: layers, light imports, what a wheel carries, run folders that are whole or not at all."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import labs
import utils
from labs.cli.help import card_fields, overview, usage
from tests.conftest import ROOT
from utils.base import atomic_files


def imports(path: Path) -> set[str]:
    """The modules of `utils` and the packages of `labs` that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{name.name}" for name in node.names}
            parts = node.module.split(".")
            found |= {".".join(parts[:n]) for n in range(1, len(parts) + 1)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def test_packages_import_only_from_those_above() -> None:
    folder = ROOT / "utils"
    assert {path.parent.name for path in folder.glob("*/__init__.py")} == set(utils.ORDER)
    for path in folder.glob("*/*.py"):
        own = utils.ORDER.index(path.parent.name)
        for name in imports(path):
            assert not name.startswith("labs"), f"{path} imports {name}"
            package = name.split(".")[1] if name.startswith("utils.") else utils.ORDER[own]
            assert utils.ORDER.index(package) <= own, f"{path} imports {name}"


def strangers(imported: set[str], name: str) -> set[str]:
    """What a lab imports of other labs."""
    return imported & {f"labs.{other}" for other in labs.NAMES if other != name}


def test_labs_do_not_import_each_other() -> None:
    assert strangers({"labs.regression", "labs.regression.lab", "utils.base.console"}, "galaxy") == {"labs.regression"}
    for name in labs.NAMES:
        for path in (ROOT / "labs" / name).glob("*.py"):
            assert not strangers(imports(path), name)


LIGHT = [
    *("labs.cli.main", "labs.cli.help", "labs.cli.train", "labs.cli.predict"),
    *("labs.cli.records.evaluate", "labs.cli.records.compare", "labs.cli.gate.sweep"),
    *(f"labs.{name}.{part}" for name in labs.NAMES for part in ("config", "data")),
    *(command.split(":")[0] for name in labs.NAMES for command in labs.find_definition(name).commands.values()),
]
"""Modules that are imported before a caller's mistake is reported."""


def test_importing_is_light() -> None:
    heavy = "('tensorflow', 'keras', 'sklearn', 'matplotlib')"
    code = f"import sys, {', '.join(LIGHT)}; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_overview_and_usage() -> None:
    for name in labs.NAMES:
        fields = card_fields(__import__(f"labs.{name}").__dict__[name].__doc__)
        assert {"problem", "data", "model", "target", "quality", "time", "command"} <= set(fields)
        assert fields["command"] == f"python -m labs.{name}"
        assert f"{name}: " in overview()
        assert name in usage()
    assert "concrete (embedded)" in overview()


def write_half(path: Path) -> None:
    with atomic_files.replacing(path) as temporary:
        temporary.write_text("half")
        raise LookupError


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    atomic_files.write_json(path, {"x": 1})
    with pytest.raises(ValueError, match="JSON"):
        atomic_files.write_json(path, {"x": float("nan")})
    with pytest.raises(LookupError):
        write_half(path)
    assert json.loads(path.read_text()) == {"x": 1}
    assert [found.name for found in tmp_path.iterdir()] == ["a.json"]


@pytest.mark.slow
def test_the_wheel_works_as_well_as_the_checkout(tmp_path: Path) -> None:
    """Built without a network, installed into an empty environment beside the packages of this one."""
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*build, "--wheel-dir", tmp_path, ROOT], check=True, capture_output=True)
    (wheel,) = tmp_path.glob("keras_labs-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "utils/_data/concrete.csv" in names
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "models"))]
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    purelib = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    zipfile.ZipFile(wheel).extractall(purelib)
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (Path(purelib) / "packages.pth").write_text(ours)
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LABS_MODELS")}
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        [python, "-m", "labs.regression", "--preset", "quick"],
        cwd=work,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (run,) = (work / "models" / "regression").iterdir()
    assert json.loads((run / "run.json").read_text())["git"] is None

"""The structure of the project: order of packages, light imports, contents of a wheel."""

from __future__ import annotations

import ast
import collections
import graphlib
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
from labs.exercises import notebooks_of
from tests.conftest import PARALLEL, ROOT
from utils.base import atomic_files


def imports(source: str) -> set[str]:
    """The modules that a file imports, and what it takes from them, also under TYPE_CHECKING and inside functions."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
    return found


def sources() -> dict[str, str]:
    """The source of every module of the project by its dotted name, a package by the name of its folder."""
    files = [path for top in ("utils", "labs") for path in (ROOT / top).rglob("*.py")]
    found = {".".join(path.relative_to(ROOT).with_suffix("").parts): path.read_text(encoding="utf-8") for path in files}
    return {name.removesuffix(".__init__"): source for name, source in found.items()}


def circle(sources: dict[str, str]) -> list[str]:
    """A circle of modules that import each other, or nothing."""
    graph = {name: imports(source) & set(sources) - {name} for name, source in sources.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def out_of_order(sources: dict[str, str]) -> list[str]:
    """Imports of `utils` from a package below the importing one in ORDER, or from `labs`."""
    found = []
    for name, source in sources.items():
        parts = name.split(".")
        if parts[0] != "utils" or len(parts) < 2:
            continue
        for imported in sorted(imports(source)):
            other = imported.split(".")
            below = other[0] == "utils" and len(other) > 1 and utils.ORDER.index(other[1]) > utils.ORDER.index(parts[1])
            if other[0] == "labs" or below:
                found.append(f"{name} imports {imported}")
    return found


def test_packages_import_only_from_those_above() -> None:
    assert {path.parent.name for path in (ROOT / "utils").glob("*/__init__.py")} == set(utils.ORDER)
    assert out_of_order(sources()) == []
    wrong = sources() | {"utils.base.errors": "def f():\n    from utils.runs import lab"}
    assert out_of_order(wrong) == ["utils.base.errors imports utils.runs", "utils.base.errors imports utils.runs.lab"]
    assert out_of_order({"utils.runs.lab": "import labs.regression"}) == ["utils.runs.lab imports labs.regression"]


def test_no_modules_import_each_other() -> None:
    assert circle(sources()) == []
    wrong = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from labs.regression.lab import lab"
    assert set(circle(sources() | {"labs.regression.data": wrong})) == {"labs.regression.data", "labs.regression.lab"}


def test_folders_and_modules_stay_small() -> None:
    """At most about ten modules in a folder and 300 lines in a module; a lab is a package."""
    lines = {name: source.count("\n") for name, source in sources().items()}
    assert {name: count for name, count in lines.items() if count > 310} == {}
    folders = collections.Counter(name.rpartition(".")[0] for name in lines)
    del folders["labs"]  # it has a package for each lab
    assert {folder: count for folder, count in folders.items() if count > 13} == {}


def strangers(imported: set[str], name: str) -> set[str]:
    """What a lab imports of other labs."""
    return imported & {f"labs.{other}" for other in labs.NAMES if other != name}


def test_labs_do_not_import_each_other() -> None:
    assert strangers({"labs.regression", "labs.regression.lab", "utils.base.console"}, "galaxy") == {"labs.regression"}
    for name in labs.NAMES:
        for path in (ROOT / "labs" / name).rglob("*.py"):
            assert not strangers(imports(path.read_text(encoding="utf-8")), name)


LIGHT = [
    *("labs.cli.main", "labs.cli.help", "labs.cli.train", "labs.cli.predict"),
    *("labs.cli.records.evaluate", "labs.cli.records.compare", "labs.cli.records.score", "labs.cli.records.export"),
    "labs.cli.gate.sweep",
    *("labs.course.start", "labs.course.grade", "labs.course.mirror", "labs.course.grading.child"),
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


def needed(name: str) -> set[str]:
    """The files that a lab needs unless it is a draft: bands, recorded numbers and their page, notebooks, exercises."""
    return {
        f"models/bands/{name}.toml",
        f"benchmarks/recorded/{name}.json",
        f"benchmarks/pages/{name}.py",
        *(f"notebooks/{notebook}.ipynb" for notebook in notebooks_of(name)),
        *(f"notebooks/exercises/{notebook}.ipynb" for notebook in notebooks_of(name)),
    }


def test_only_a_draft_lacks_bands_records_and_a_notebook() -> None:
    table = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in labs.NAMES:
        page = (ROOT / "labs" / name / "README.md").read_text(encoding="utf-8")
        assert ("This lab is a draft" in page) == labs.find_definition(name).draft
        if labs.find_definition(name).draft:
            continue
        assert {file for file in needed(name) if not (ROOT / file).is_file()} == set()
        assert f"](labs/{name}/README.md)" in table


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
    assert wheel.stat().st_size < 25e6
    assert {
        "utils/_data/concrete.csv",
        "utils/_data/chest-xray-128.zip",
        "utils/_bands/music.toml",
        "utils/_exercises/music.ipynb",
        "utils/_exercises/solutions.json",
    } <= set(names)
    assert "utils/runs/report/page.html" in names
    # JupyterLab reads it from the environment, and then asks no student about news.
    assert any(name.endswith("/data/etc/jupyter/labconfig/page_config.d/keras-labs.json") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "models", "tools"))]
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


@pytest.mark.xdist_group("together")
def test_groups_of_tests_reach_their_worker(request: pytest.FixtureRequest) -> None:
    """pytest 9.2 with pytest-xdist 3.8 ignores the groups, and tests that share a run would wait for one another."""
    if PARALLEL:
        assert request.node.nodeid.endswith("@together")

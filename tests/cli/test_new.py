"""`python -m labs new`: the skeleton runs unmodified, and nothing is overwritten or left half written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import labs
from labs.cli import new
from tests.conftest import ROOT, Command
from utils.base.errors import CallerError

LONG = "the_longest_names"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with two new labs, of a usual name and of the longest."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    copy = tmp_path_factory.mktemp("checkout")
    for name in filter(None, listed.split("\0")):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, copy / name)
    for name in ("tides", LONG):
        ended = run(copy, "labs", "new", name)
        assert ended.returncode == 0, ended.stderr
        assert f"written: labs/{name}/lab.py" in ended.stdout
    return copy


def run(folder: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LABS_MODELS")}
    return subprocess.run(
        [sys.executable, "-m", module, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=900
    )


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The least that passes for a checkout, in which the command writes."""
    for folder in ("labs", "notebooks", "tests/labs", "tests/exercises"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    shutil.copyfile(ROOT / "labs" / "__init__.py", tmp_path / "labs" / "__init__.py")
    monkeypatch.setattr("labs.cli.new.ROOT", tmp_path)
    return tmp_path


def test_the_new_labs_are_listed_and_pass_the_linter(checkout: Path) -> None:
    assert len(LONG) == new.LONGEST
    overview = run(checkout, "labs")
    assert f"python -m labs.tides\n{LONG}: " in overview.stdout
    assert "--units" in run(checkout, "labs.tides", "--help").stdout
    for words in (("check", "."), ("format", "--check", ".")):
        ended = run(checkout, "ruff", *words, "--no-cache")
        assert ended.returncode == 0, ended.stdout


@pytest.mark.slow
def test_a_new_lab_passes_its_tests_and_those_of_the_project(checkout: Path) -> None:
    """Its own tests run the preset quick from the command line, with all exports, and predict with the run."""
    modules = ("tests/labs/test_tides.py", "tests/test_house.py", "tests/teaching/test_checks.py")
    chosen = ("-k", "tides or overview or import or draft", "-p", "no:cacheprovider", "-q")
    ended = run(checkout, "pytest", *modules, *chosen)
    assert ended.returncode == 0, ended.stdout
    typed = run(checkout, "mypy", "labs/tides", "tests/labs/test_tides.py", "tests/exercises/tides.py")
    assert typed.returncode == 0, typed.stdout


@pytest.mark.slow
def test_the_notebook_of_a_new_lab_runs(checkout: Path) -> None:
    code = (
        "from notebooks.tools import run, script, verify\n"
        "made = script.from_script('tides')\n"
        "assert not verify.typed_numbers(made)\n"
        "script.without_solutions(made)\n"
        "assert not verify.faults(run.execute(made, 'tides'))\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, timeout=900)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Tides", "'Tides' is not a valid name"),
        ("high-tides", "'high-tides' is not a valid name"),
        ("2tides", "'2tides' is not a valid name"),
        ("_tides", "'_tides' is not a valid name"),
        ("tides_", "'tides_' is not a valid name"),
        ("../tides", "is not a valid name"),
        ("lambda", "'lambda' is not a valid name"),
        ("x" * 25, "has 25 characters"),
        ("regression", "there is already a lab regression"),
        ("predict", "predict is a command"),
        ("data", "data is a command"),
        ("cli", "labs/cli already exists"),
        ("exercises", "labs/exercises already exists"),
        ("start_here", "tests/exercises/start_here.py already exists"),
    ],
)
def test_names_that_are_refused(name: str, message: str, command: Command) -> None:
    ended = command("labs", "new", name)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_outside_a_checkout_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labs.cli.new.ROOT", tmp_path)
    with pytest.raises(CallerError, match="is not a checkout"):
        new.New("tides").execute()
    assert not list(tmp_path.iterdir())


def test_all_files_are_written_or_none(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in small.rglob("*") if path.is_file()}
    (small / "tests" / "labs").rmdir()
    (small / "tests" / "labs").touch()  # a file, in which nothing can be written
    with pytest.raises(OSError, match="File exists"):
        new.New("tides").execute()
    (small / "tests" / "labs").unlink()
    assert {path: path.read_bytes() for path in small.rglob("*") if path.is_file()} == before
    assert not (small / "labs" / "tides").exists()
    (small / "tests" / "labs").mkdir()
    assert new.New("tides").execute() == 0
    printed = capsys.readouterr().out
    written = {path for path in small.rglob("*") if path.is_file()} - set(before)
    assert len(written) == printed.count("written: ") == len(list(new.TEMPLATE.rglob("*.txt")))
    assert not [path for path in written if re.search(r"\{\{\w+\}\}", path.read_text(encoding="utf-8"))]
    with pytest.raises(CallerError, match="labs/tides already exists"):
        new.New("tides").execute()


def test_the_names_stay_formatted() -> None:
    source = (ROOT / "labs" / "__init__.py").read_text(encoding="utf-8")
    added = [f"lab_{number}" for number in range(12)]
    for name in added:
        source = new.with_name(source, name)
    found: dict[str, object] = {"__file__": str(ROOT / "labs" / "__init__.py")}
    exec(source, found)
    assert found["NAMES"] == (*labs.NAMES, *added)
    assert max(map(len, source.splitlines())) <= new.LINE_LENGTH
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--check", "--line-length", str(new.LINE_LENGTH), "-"],
        input=source,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


def test_the_setup_cell_is_that_of_the_other_notebooks() -> None:
    def setup(text: str, name: str) -> str:
        return text.replace(name, "NAME").partition('tags=["setup"]')[2].partition("from labs.")[0]

    other = (ROOT / "notebooks" / "regression.py").read_text(encoding="utf-8")
    template = (new.TEMPLATE / "notebooks" / "NAME.py.txt").read_text(encoding="utf-8")
    assert setup(template, "{{name}}") == setup(other, "regression") != ""

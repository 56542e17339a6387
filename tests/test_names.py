"""Names of modules in strings, comments and pages: no import resolves them when a file moves."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from utils.base import machine
from utils.base.paths import child_environment

DOTTED = re.compile(r"(?<![\w./@-])(?:utils|labs|benchmarks|notebooks)(?:\.[A-Za-z_]\w*)+")
IMPORTED = re.compile(
    r"^[ \t]*from ((?:utils|labs|benchmarks|notebooks)(?:\.\w+)*) import (\w+(?:, \w+)*)", re.MULTILINE
)
FILE = re.compile(r"(?<![\w./*<>{}-])(?:utils|labs|benchmarks|tests)/[\w/]+\.(?:py|md|toml|json)\b")
EXAMPLES = {"labs.tides", "notebooks.items", "utils.py"}
"""A lab that does not exist, in the pages for contributors and their tests, an attribute of a variable, and a
file of a user."""


def texts() -> dict[str, str]:
    """The code and pages of the checkout by file; CHANGELOG.md lists old names."""
    patterns = ["*.py", "*.md", "*.toml", "*.yml", "*.yaml", "Makefile", "*.ipynb"]
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [file for file in listed.stdout.split() if file not in ("CHANGELOG.md", "tests/test_names.py")]
    return {file: (ROOT / file).read_text(encoding="utf-8") for file in files if (ROOT / file).is_file()}


def exists(name: str) -> bool:
    """Whether a dotted name is a module of the project, or something in one."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:count])
        if path.is_dir() or path.with_suffix(".py").is_file():
            break
    else:
        return False
    if count == len(parts):
        return True
    found = importlib.import_module(".".join(parts[:count]))
    for part in parts[count:]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def dotted(text: str) -> set[str]:
    """The dotted names in a text, of `from … import …` lines too."""
    imported = {f"{module}.{name}" for module, names in IMPORTED.findall(text) for name in names.split(", ")}
    return imported | set(DOTTED.findall(text))


def test_dotted_names_exist() -> None:
    missing = [(file, name) for file, text in texts().items() for name in dotted(text) - EXAMPLES if not exists(name)]
    assert missing == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('monkeypatch.setattr("utils.gone.value", 1)', "utils.gone.value"),
        ("python -m utils.parity", "utils.parity"),
        ('CODE = """\nfrom utils import harness\n"""', "utils.harness"),
    ],
)
def test_a_dotted_name_that_is_gone_is_found(text: str, name: str) -> None:
    assert [found for found in dotted(text) if not exists(found)] == [name]


def test_files_that_pages_name_exist() -> None:
    elsewhere = ("utils/_", "tides")  # what a wheel packs into utils, and the lab of an example
    missing = [
        (page, file)
        for page, text in texts().items()
        for file in FILE.findall(text)
        if not page.startswith("tests/") and not any(part in file for part in elsewhere) and not (ROOT / file).exists()
    ]
    assert missing == []


def test_a_process_in_another_folder_finds_the_checkout(tmp_path: Path) -> None:
    """Without PYTHONPATH, as a child of a command that was started from another folder."""
    code = "from utils.base import machine, paths; import labs; print(paths.ROOT, machine.commit())"
    environment = {**child_environment(), "PYTHONPATH": ""}
    by_path = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"]
    by_child = [sys.executable, "-c", code]
    for command, variables in ((by_path, environment), (by_child, child_environment())):
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(ROOT), str(machine.commit())]
    assert machine.commit() is not None

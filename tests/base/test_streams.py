"""Closed streams and terminals that lack characters: the work is done, nothing is reported, and the status says why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which `$PY` is this Python; with `pipefail` a pipe has the status of the command in it."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PY": sys.executable, **environment},
        capture_output=True,
        text=True,
    )


HELP = "$PY -m labs.regression --help"
ENDS = '$PY -c "from labs.cli.main import _exit; from utils.base.console import say, show; _exit(lambda: {})"'


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("$PY -m labs | cat", 0),
        ("$PY -m labs | true", 141),
        ("$PY -m labs --help | true", 141),
        (f"{HELP} | cat", 0),
        (f"{HELP} | true", 141),  # printed by tyro
        ("$PY -m labs data list --help | true", 141),
        ("$PY -m labs 2>&1 | true", 141),
        ("$PY -m labs >&-", 0),
        ("$PY -m labs 2>&-", 0),
        ("$PY -m labs fly 2>&1 | true", 2),  # there is no result that could be lost
        ("$PY -m labs fly | true", 2),
        (f"{ENDS.format('say(1) or 0')} 2>&1 | true", 0),  # a message is no result
        (f"{ENDS.format('show(1) or show(2) or 0')} | true", 141),
        (f"{ENDS.format('show(1) or 1')} | true", 1),  # the status of a failure is kept
        ("$PY -m labs <&-", 0),
        ("$PY -m labs.regression --out $'bad\\xff/../../\\xff.partial'", 2),
    ],
)
def test_status(line: str, status: int, tmp_path: Path) -> None:
    for unbuffered in ("", "1"):
        ended = shell(line, tmp_path, PYTHONUNBUFFERED=unbuffered)
        assert ended.returncode == status, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "Exception ignored" not in ended.stderr
        assert status == 2 or not ended.stderr


def test_a_poor_terminal(tmp_path: Path) -> None:
    ended = shell("$PY -m labs", tmp_path, PYTHONIOENCODING="latin-1")
    assert ended.returncode == 0
    assert "\\u2264 5.2 MPa" in ended.stdout


def test_another_broken_pipe_is_a_defect(tmp_path: Path) -> None:
    """Only the pipe of standard output ends a command quietly."""
    script = "import os; ends = os.pipe(); os.close(ends[0]); from labs.cli.main import _exit; "
    ended = shell(f"$PY -c '{script} _exit(lambda: os.write(ends[1], b\"text\"))' | cat", tmp_path)
    assert ended.returncode == 1
    assert "BrokenPipeError" in ended.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pipe", "status"),
    [
        ("2> >(true)", 0),
        ("2>&1 | head -3", 141),  # the result cannot be printed, but the run is complete
    ],
)
def test_a_reader_that_leaves_does_not_stop_the_training(pipe: str, status: int, tmp_path: Path) -> None:
    ended = shell(f"$PY -m labs.regression --preset quick --out run {pipe}", tmp_path)
    assert ended.returncode == status
    assert ("rmse" in ended.stdout) == (status == 0)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["run"]
    assert (tmp_path / "run" / "run.json").exists()

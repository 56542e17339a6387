"""Streams that are closed, cut off or poor in characters change neither the work nor the status."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which `$PY` is this Python; `pipefail` hands on the status of what fails in a pipe."""
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PY": sys.executable, **environment},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("$PY -m labs | head -1", 0),
        ("$PY -m labs | true", 0),
        ("$PY -m labs >&-", 0),
        ("$PY -m labs 2>&-", 0),
        ("$PY -m labs fly 2>&1 | true", 2),
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


def test_a_poor_terminal(tmp_path: Path) -> None:
    ended = shell("$PY -m labs", tmp_path, PYTHONIOENCODING="latin-1")
    assert ended.returncode == 0
    assert "\\u2264 5.2 MPa" in ended.stdout


@pytest.mark.slow
def test_a_reader_that_leaves_does_not_stop_the_training(tmp_path: Path) -> None:
    ended = shell("$PY -m labs.regression --preset quick --out run 2>&1 | head -3", tmp_path)
    assert ended.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["run"]

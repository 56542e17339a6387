"""What the tests share: Keras imported quietly, and the command line called as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from utils.quiet import import_keras

ROOT = Path(__file__).parent.parent

import_keras()


@dataclass(frozen=True)
class Ended:
    """A command that ended: status and both outputs."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


Command = Callable[..., Ended]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`command("labs.regression", "--epochs", "1")` runs `python -m labs.regression …` in an empty folder."""

    def run(module: str, *words: object, **environment: str) -> Ended:
        process = subprocess.run(
            [sys.executable, "-m", module, *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            timeout=300,
        )
        return Ended(process.returncode, process.stdout, process.stderr)

    return run


@pytest.fixture
def mirror() -> Path:
    """The folder of real data sets that `LABS_MIRROR` names; without one the test is skipped, visibly."""
    folder = os.environ.get("LABS_MIRROR", "")
    if not Path(folder).is_dir() or not folder:
        pytest.skip("LABS_MIRROR names no folder of data sets")
    return Path(folder)

"""What the tests share: Keras imported quietly, and the command line called as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from utils.base.keras_import import import_keras

# A busy machine is no defect: no example is held to a time.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

ROOT = Path(__file__).parent.parent

# The tests leave the user's cache and the network alone; those of the downloads have a server of their own.
_CACHE = tempfile.TemporaryDirectory(prefix="labs-test-cache-")
os.environ["LABS_DATA_HOME"] = _CACHE.name
os.environ["LABS_OFFLINE"] = "1"

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
            timeout=900,
        )
        return Ended(process.returncode, process.stdout, process.stderr)

    return run


MIRROR = os.environ.get("LABS_MIRROR", "")


@pytest.fixture
def mirror() -> Path:
    """The folder of real data sets that `LABS_MIRROR` names; without one the test is skipped, visibly."""
    if not MIRROR or not Path(MIRROR).is_dir():
        pytest.skip("LABS_MIRROR names no folder of data sets")
    return Path(MIRROR)

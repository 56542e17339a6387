"""Shared fixtures: Keras imported quietly, and the command line called in this process or in a new one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import filelock
import hypothesis
import pytest

from labs.cli import main
from labs.cli.gate.verify import FIRST_FRESH
from utils.base.keras_import import import_keras

# A busy machine is no defect: examples have no time limit.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")

ROOT = Path(__file__).parent.parent

os.environ["COLUMNS"] = "200"  # tables are not wrapped, except in the tests of narrow terminals
PARALLEL = "PYTEST_XDIST_WORKER" in os.environ
if PARALLEL:
    # Each worker of pytest-xdist computes on one thread; they share the cache that the first process has made.
    for variable in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"):
        os.environ[variable] = "1"
else:
    # The tests use neither the user's cache nor the network; those of the downloads have a server of their own.
    _CACHE = tempfile.TemporaryDirectory(prefix="labs-test-cache-")
    os.environ["LABS_DATA_HOME"] = _CACHE.name
    os.environ["LABS_OFFLINE"] = "1"

import_keras()

from utils.pretrained import feature_baseline  # noqa: E402  (Keras has to be imported first)


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


def without_rules(text: str) -> str:
    """The lines of a table without the rule below its header."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("──"))


def called(capfd: Any, module: str, *words: object) -> Ended:
    """`python -m module words`, in this process."""
    texts = list(map(str, words))

    def action() -> int:
        return main.execute(texts) if module == "labs" else main.execute_lab(module.removeprefix("labs."), texts)

    capfd.readouterr()
    status = main.status_of(action)
    out, err = capfd.readouterr()
    return Ended(status, out, err)


@pytest.fixture(autouse=True)
def _no_frozen_features(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Labs on images omit the baseline for which a backbone is loaded, except in tests marked `frozen_features`."""
    if request.node.get_closest_marker("frozen_features") is None:
        monkeypatch.setattr(feature_baseline, "lacks_package", lambda _: True)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """`command("labs.regression", "--epochs", "1")` is `python -m labs.regression …` in an empty folder.

    It runs in this process, which has imported Keras: a new interpreter would cost five seconds and prove nothing
    here. Tests of streams, signals and start-up use `process`.
    """
    monkeypatch.chdir(tmp_path)

    def run(module: str, *words: object, **environment: str) -> Ended:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return called(capfd, module, *words)

    return run


Refused = Callable[..., tuple[str, str]]


@pytest.fixture
def refused(command: Command) -> Refused:
    """`refused("--epochs", "0", lab="galaxy")`: the error and the hint of a lab's command that exits with status 2."""

    def run(*words: object, lab: str = "regression") -> tuple[str, str]:
        ended = command(f"labs.{lab}", *words)
        assert ended.status == 2
        assert ended.out == ""
        lines = [line for line in ended.err.splitlines() if not line.startswith(f"{lab}:")]
        assert len(lines) == 2, ended.err
        error, hint = lines
        assert error.startswith("error: ")
        assert hint.startswith("hint: ")
        return error, hint

    return run


QuickRun = Callable[[str], tuple[Path, Ended]]


@pytest.fixture
def quick_run(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> QuickRun:
    """`quick_run("galaxy")`: a run of a lab's preset quick on what a bare machine has, and what its command printed.

    Its seed is none of those of the bands, with which its metrics are compared.

    It is trained once for all tests that only look at it, also by several workers of pytest-xdist.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if PARALLEL else base) / "quick-runs"

    def run(name: str) -> tuple[Path, Ended]:
        shared.mkdir(exist_ok=True)
        folder, printed = shared / name, shared / f"{name}.json"
        with filelock.FileLock(shared / f"{name}.lock"):
            if not printed.is_file():
                monkeypatch.setenv("LABS_MIRROR", "")
                ended = called(
                    capfd, f"labs.{name}", "--preset", "quick", "--seed", FIRST_FRESH, "--out", folder, "--json"
                )
                assert ended.status == 0, ended.err
                printed.write_text(json.dumps(asdict(ended)))
        return folder, Ended(**json.loads(printed.read_text()))

    return run


@pytest.fixture
def process(tmp_path: Path) -> Command:
    """As `command`, in a new interpreter."""

    def run(module: str, *words: object, **environment: str) -> Ended:
        ended = subprocess.run(
            [sys.executable, "-m", module, *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
            capture_output=True,
            text=True,
            timeout=900,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


MIRROR = os.environ.get("LABS_MIRROR", "")


@pytest.fixture
def mirror() -> Path:
    """The folder of real data sets that `LABS_MIRROR` names; without one the test is skipped, visibly."""
    if not MIRROR or not Path(MIRROR).is_dir():
        pytest.skip("LABS_MIRROR names no folder of data sets")
    return Path(MIRROR)

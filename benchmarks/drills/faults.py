"""Faults of the machine: a full disk, a folder that cannot be written, a clock that jumps, an exhausted memory.

Each fault is real where the system allows it, in a process of its own; otherwise it says what is simulated.
"""

from __future__ import annotations

import ctypes
import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.drills.processes import Ended, Nursery
from utils.runs import listing
from utils.runs.record import Run

QUICK = ("labs.regression", "--preset", "quick")
DISK = "disk"
"""The folder that a small file system is mounted to, in the process that fails alone."""


@dataclass(frozen=True)
class Outcome:
    """What became of a fault.

    Attributes:
        fault: what happened, and how it was made.
        status: exit status of the command.
        error: its line of error; empty if it succeeded.
        afterwards: what is left, and what the next start does with it.
    """

    fault: str
    status: int
    error: str
    afterwards: str


def _found(nursery: Nursery, root: Path | None = None) -> str:
    """What is left below the models folder of a nursery, in words; every finished run is opened."""
    folder = nursery.folder / "models" if root is None else root
    finished, unfinished = listing.finished_runs(folder), listing.unfinished_runs(folder)
    for run in finished:
        Run.open(run.folder)
    named = {"complete": len(finished), "unfinished": len(unfinished)}
    words = [f"{number} {kind} run{'s' * (number > 1)}" for kind, number in named.items() if number]
    return ", ".join(words) or "nothing is left"


def _ended(fault: str, ended: Ended, afterwards: str, status: int | None = None) -> Outcome:
    assert ended.is_clear, ended.err
    assert status in (None, ended.status), ended.err
    return Outcome(fault, ended.status, ended.error, afterwards)


def _resumed(nursery: Nursery, partial: Path) -> str:
    """Resume a run that failed, or start it again, and check that it is complete."""
    kept = (partial / "request.json").is_file()
    run = partial.with_name(partial.name.removesuffix(".partial"))
    ended = nursery.run(QUICK[0], "--resume", partial) if kept else nursery.run(*QUICK, "--out", run)
    assert ended.status == 0, ended.err
    Run.open(run)
    return "resumed to a complete run" if kept else "nothing was left; the next start is complete"


# The disk


def small_files() -> None:
    """Limit the size of files to DRILL_BYTES; Python ignores the signal, so that the write fails."""
    limit = int(os.environ["DRILL_BYTES"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def file_too_large(nursery: Nursery, moments: random.Random) -> Outcome:
    """A limit on the size of files, which some file of the run exceeds."""
    size = moments.choice([2_000, 10_000, 30_000, 60_000, 100_000])
    partial = nursery.folder / "large.partial"
    fault = f"{__name__}:small_files"
    ended = nursery.run(*QUICK, "--out", "large", fault=fault, DRILL_BYTES=str(size))
    assert not (nursery.folder / "large").exists()
    after = _resumed(nursery, partial)
    return _ended("the largest file may have few bytes (RLIMIT_FSIZE)", ended, after, 1)


def _mount(options: str) -> None:
    """Mount a small file system in memory at `disk`, which only this process and its children see.

    Raises:
        PermissionError: the system does not allow it.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(0x00020000) != 0:
        raise PermissionError("a namespace of mounts")
    for words in (["--make-rprivate", "/"], ["-t", "tmpfs", "-o", options, "drill", DISK]):
        if subprocess.run(["mount", *words], capture_output=True).returncode != 0:
            raise PermissionError("mount")


def can_mount() -> bool:
    """Whether a process may mount a file system; tried in one."""
    code = f"import os; os.makedirs({DISK!r}); from {__name__} import _mount; _mount('size=1m')"
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        return (
            subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True).returncode
            == 0
        )


def fill_and_resume() -> int:
    """Run on a file system of DRILL_BYTES; then enlarge it and resume; 64 + the first status if the rest is right."""
    from labs.cli import main

    Path(DISK).mkdir(exist_ok=True)
    _mount(f"size={os.environ['DRILL_BYTES']}")
    run = Path(DISK) / "run"
    status = main.status_of(lambda: main.execute_lab("regression", [*QUICK[1:], "--out", str(run)]))
    assert not run.exists()
    subprocess.run(["mount", "-o", "remount,size=100m", DISK], check=True)
    partial = run.with_name("run.partial")
    begun = (partial / "request.json").is_file()
    words = ["--resume", str(partial)] if begun else [*QUICK[1:], "--out", str(run)]
    assert main.status_of(lambda: main.execute_lab("regression", words)) == 0
    Run.open(run)
    return 64 + status


def disk_full(nursery: Nursery, moments: random.Random) -> Outcome:
    """A full disk at a random place of the run."""
    if not can_mount():
        return Outcome(
            "a full disk (a small tmpfs): not measured, mounting is not allowed here", 0, "", "see the next line"
        )
    size = moments.choice([40_000, 100_000, 200_000, 300_000, 500_000])
    ended = nursery.run(f"{__name__}:fill_and_resume", DRILL_BYTES=str(size))
    assert "Traceback" not in ended.err, ended.err
    assert ended.status == 65, ended.err
    return Outcome("a full disk (a small tmpfs)", 1, ended.error, "resumed to a complete run with more space")


# Folders


def two_runs(nursery: Nursery, _: random.Random) -> Outcome:
    """Two runs are started into one folder at the same time."""
    both = [nursery.start(*QUICK, "--out", "same") for _ in range(2)]
    ended = sorted((each.wait() for each in both), key=lambda each: each.status)
    assert ended[0].status == 0, ended[0].err
    Run.open(nursery.folder / "same")
    return _ended("two runs into one folder", ended[1], "the other run is complete", 2)


def file_for_models(nursery: Nursery, _: random.Random) -> Outcome:
    """The models folder is a file."""
    (nursery.folder / "file").touch()
    ended = nursery.run(*QUICK, LABS_MODELS="file")
    assert (nursery.folder / "file").read_bytes() == b""
    return _ended("a file in place of the models folder", ended, "the file is unchanged", 2)


def read_only_disk() -> None:
    """Make the models folder a file system that is read-only; the superuser cannot write to it either."""
    Path(DISK).mkdir(exist_ok=True)
    _mount("ro,size=1m")


def read_only(nursery: Nursery, _: random.Random) -> Outcome:
    """A models folder without write permission, or on a read-only file system for the superuser."""
    if os.geteuid() != 0:
        place = nursery.folder / "locked"
        place.mkdir(mode=0o555)
        ended = nursery.run(*QUICK, LABS_MODELS=str(place))
        return _ended("a models folder without write permission", ended, _found(nursery, place), 2)
    if not can_mount():
        return Outcome("a read-only models folder: not measured, the superuser may write", 0, "", "–")
    ended = nursery.run(*QUICK, fault=f"{__name__}:read_only_disk", LABS_MODELS=DISK)
    return _ended("a models folder on a read-only file system", ended, _found(nursery, nursery.folder / DISK), 2)


# The clock


def clock_jumps_back() -> None:
    """Let every look at the clock show an hour less than the one before it (simulated)."""
    import time
    from datetime import datetime, timedelta, tzinfo

    from utils.runs import completion, run_folder

    start, looks = time.time(), [0]

    class Backwards(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            looks[0] += 1
            return datetime.now(tz) - timedelta(hours=looks[0])

    for module in (completion, run_folder):
        module.datetime = Backwards  # type: ignore[attr-defined]
    time.time = lambda: start - 3600 * looks[0]


def clock(nursery: Nursery, _: random.Random) -> Outcome:
    """The clock jumps back between the beginning and the end of a run, and between two runs."""
    ended = nursery.run(*QUICK, fault=f"{__name__}:clock_jumps_back")
    names = [path.name for path in (nursery.folder / "models" / "regression").iterdir()]
    assert all(name.endswith("-s7") for name in names), names
    newest = listing.finished_runs(nursery.folder / "models")[0]
    assert min(newest.record["seconds"].values()) >= 0, "durations do not depend on the clock"
    return _ended("a clock that jumps back an hour at each look (simulated)", ended, _found(nursery), 0)


# The memory


def little_memory() -> None:
    """Limit the address space to what the process has now and 600 MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + 600_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def large_network(nursery: Nursery, _: random.Random) -> Outcome:
    """A network that does not fit in the memory."""
    words = ("--units", "16384", "--layers", "4", "--epochs", "1", "--out", "wide")
    ended = nursery.run(QUICK[0], *words, fault=f"{__name__}:little_memory")
    left = sorted(path.name for path in nursery.folder.glob("*wide*"))
    assert left == [], left
    return _ended("a network that does not fit in the memory (RLIMIT_AS)", ended, "nothing is left", 2)


@contextmanager
def _failing(where: str, error: BaseException) -> Iterator[None]:
    import importlib

    module, name = where.rsplit(".", 1)
    owner = importlib.import_module(module)
    plain = getattr(owner, name)

    def failing(*_: Any, **__: Any) -> Any:
        setattr(owner, name, plain)
        raise error

    setattr(owner, name, failing)
    yield


def memory_ends_in(where: str) -> None:
    """Raise MemoryError where a function is called."""
    with _failing(where, MemoryError("Unable to allocate 1. GiB for an array")):
        pass


def memory_ends_in_load() -> None:
    """Fail while the data are loaded (simulated)."""
    memory_ends_in("labs.regression.data.load")


def memory_ends_in_save() -> None:
    """Fail while the model is saved (simulated)."""
    memory_ends_in("utils.runs.harness.save_model")


def memory_in_load(nursery: Nursery, _: random.Random) -> Outcome:
    """The memory is exhausted while the data are loaded."""
    ended = nursery.run(*QUICK, "--out", "loaded", fault=f"{__name__}:memory_ends_in_load")
    after = _resumed(nursery, nursery.folder / "loaded.partial")
    return _ended("memory exhausted while data are loaded (simulated)", ended, after, 2)


def memory_in_save(nursery: Nursery, _: random.Random) -> Outcome:
    """The memory is exhausted while the model is saved."""
    ended = nursery.run(*QUICK, "--out", "saved", fault=f"{__name__}:memory_ends_in_save")
    after = _resumed(nursery, nursery.folder / "saved.partial")
    return _ended("memory exhausted while the model is saved (simulated)", ended, after, 2)


Fault = Callable[[Nursery, random.Random], Outcome]

RANDOM: dict[str, Fault] = {"disk_full": disk_full, "file_too_large": file_too_large}
"""Faults at a random place, which are repeated."""
ONCE: dict[str, Fault] = {
    each.__name__: each
    for each in (two_runs, file_for_models, read_only, clock, large_network, memory_in_load, memory_in_save)
}
"""Faults that are the same each time."""

"""The runs below a folder: finished ones, the newest, unfinished ones; and their removal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from utils.base.console import say
from utils.base.errors import CallerError
from utils.base.paths import PRETRAINED
from utils.runs.record import read_record
from utils.runs.run_folder import (
    PARTIAL,
    RECORD,
    REQUEST,
    STATES,
    RunFolder,
    acquire,
    is_not_empty,
    named,
    release,
    runs_folder,
)


@dataclass(frozen=True)
class Listed:
    """A finished run whose files were not checked: its folder, the contents of `run.json`, and when it ended."""

    folder: Path
    record: dict[str, Any]
    finished: datetime


def finished_runs(root: Path | None = None) -> list[Listed]:
    """The finished runs, the newest first; a note for each that cannot be read.

    Args:
        root: their folder; defaults to that of all runs. Runs are in it or in the folder of a lab in it.
    """
    found = []
    for folder in _folders(root, RECORD):
        if folder.name.endswith(PARTIAL):
            continue
        try:
            record = read_record(folder)
        except CallerError as error:
            say(f"note: {error.message}; it is left out")
            continue
        found.append(Listed(folder, record, _finished(folder, record)))
    return sorted(found, key=lambda each: each.finished, reverse=True)


def _folders(root: Path | None, file: str) -> Iterator[Path]:
    root = runs_folder() if root is None else root
    for pattern in (f"*/{file}", f"*/*/{file}"):
        for path in sorted(root.glob(pattern)):
            hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
            if not hidden and path.parents[1].resolve() != PRETRAINED:  # in a checkout it is beside the user's runs
                yield path.parent


def _finished(folder: Path, record: dict[str, Any]) -> datetime:
    """When the run ended; runs of earlier versions do not record it."""
    try:
        return datetime.fromisoformat(record["finished"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return datetime.fromtimestamp((folder / RECORD).stat().st_mtime, UTC)


def newest(lab: str | None = None) -> Listed:
    """The newest finished run, of any lab or of one.

    Raises:
        CallerError: there is none.
    """
    for run in finished_runs():
        if lab in (None, run.record["lab"]):
            return run
    kind, program = ("run", "python -m labs.regression") if lab is None else (f"run of {lab}", f"python -m labs.{lab}")
    raise CallerError(f"there is no {kind} in {runs_folder()}", f"run a lab first: {program}")


def unfinished_runs(root: Path | None = None) -> list[Path]:
    """The folders of runs that are not finished, also of those that another process is writing."""
    root = runs_folder() if root is None else root
    found = {path for pattern in (f"*{PARTIAL}", f"*/*{PARTIAL}") for path in root.glob(pattern)}
    return sorted(path for path in found if path.is_dir() and not path.name.startswith(".") and _is_unfinished(path))


def _is_unfinished(folder: Path) -> bool:
    marks = any((folder / name).is_file() for name in (REQUEST, RECORD)) or any(folder.glob(STATES))
    return marks or not is_not_empty(folder)


def run_at(path: Path) -> Path:
    """The folder of a finished or an unfinished run; the second also without the end of its name.

    Raises:
        CallerError: it is neither.
    """
    path = named(path)
    partial = RunFolder(path).partial
    if path.name.endswith(PARTIAL) or not path.exists():
        if partial.is_dir() and _is_unfinished(partial):
            return partial
    elif (path / RECORD).is_file():
        return path
    raise CallerError(f"{path}: there is no run here", "python -m labs runs lists the finished ones")


def megabytes(folder: Path) -> float:
    """The size of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def is_written(folder: Path) -> bool:
    """Whether another process is writing this run."""
    lock = RunFolder(folder).lock
    if not acquire(lock):
        return True
    release(lock)
    return False


def remove(folder: Path) -> bool:
    """Remove a run; False, and nothing is removed, if another process is writing it.

    The folder is renamed first: if the removal is interrupted, no half of a run is left under its name.
    """
    lock = RunFolder(folder).lock
    if not acquire(lock):
        return False
    try:
        leaving = folder.with_name(f".{folder.name}.removed-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
        folder.replace(leaving)
        shutil.rmtree(leaving)
    finally:
        release(lock)
    return True

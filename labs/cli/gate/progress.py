"""What the commands that train many times share: a line per trial, and a folder that can be resumed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from utils.base.atomic_files import make_folder
from utils.base.console import say, say_progress
from utils.base.errors import CallerError
from utils.gate.trial import Outcome, Trial
from utils.runs import run_folder


def progress(outcome: Outcome, done: int, trials: int, seconds_left: float) -> None:
    """One line per trial on standard error."""
    trial = Trial(**outcome["trial"])
    name = trial.lab.removeprefix("labs.").removesuffix(".lab")
    result = outcome.get("error") or f"fit {outcome['seconds']:.1f} s"
    say_progress(f"{done}/{trials}  {name} {trial.preset}, seed {trial.seed}: {result}; {seconds_left:.0f} s left")


MOST = 10_000
"""Largest number of seeds, and of trainings at a time."""


def check_counts(**options: int | None) -> None:
    """Refuse a number of seeds or workers that cannot be, by the name of its option.

    Raises:
        CallerError: a number is less than 1, or more than MOST.
    """
    for name, number in options.items():
        if number is not None and not 1 <= number <= MOST:
            raise CallerError(f"--{name}: {number}", f"give at least 1, at most {MOST:,}")


def _free(folder: Path) -> Path:
    """The folder, with a number appended if it exists: a clock can show a time twice."""
    numbered = (folder if number == 1 else folder.with_name(f"{folder.name}-{number}") for number in itertools.count(1))
    return next(path for path in numbered if not path.exists())


@contextmanager
def growing(resume: Path | None, kind: str, name: str) -> Iterator[Path]:
    """A folder for the outcomes of trials, locked for this process: a new one under `models/<kind>/`, or an old one.

    Raises:
        CallerError: it cannot be resumed, or another process is writing to it.
    """
    parent = run_folder.runs_folder() / kind
    folder = resume or _free(parent / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if resume is not None and not resume.is_dir():
        raise CallerError(f"--resume {resume}: there is no such folder", f"they are in {parent}")
    if resume is None:
        make_folder(folder)
    lock = run_folder.lock_of(folder)
    if not run_folder.acquire(lock):
        raise CallerError(f"{folder}: another process is writing to it", "wait until it ends")
    try:
        yield folder
    except KeyboardInterrupt:
        say(f"\nfinished trials are kept; resume with the same command and --resume {folder}")
        raise
    finally:
        run_folder.release(lock)

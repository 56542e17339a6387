"""What commands share that train many times: a line a trial, and a folder that grows and can be resumed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from utils.base.console import say
from utils.base.errors import CallerError
from utils.gate.trial import Outcome, Trial
from utils.runs import run_folder


def progress(outcome: Outcome, done: int, trials: int, seconds_left: float) -> None:
    """A line a trial on standard error."""
    trial = Trial(**outcome["trial"])
    said = outcome.get("error") or f"fit {outcome['seconds']:.1f} s"
    say(
        f"{done}/{trials}  {trial.lab.split('.')[1]} {trial.preset}, seed {trial.seed}: {said}; "
        f"{seconds_left:.0f} s left"
    )


@contextmanager
def growing(resume: Path | None, kind: str, name: str) -> Iterator[Path]:
    """A folder for the outcomes of trials, locked for this process: a new one under `models/<kind>/`, or an old one.

    Raises:
        CallerError: it cannot be resumed, or another process writes it.
    """
    folder = resume or run_folder.runs_folder() / kind / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    if resume is not None and not resume.is_dir():
        raise CallerError(
            f"--resume {resume}: there is no such folder", f"they lie in {run_folder.runs_folder() / kind}"
        )
    if resume is None:
        run_folder.make_folder(folder, folder)
    if not run_folder.hold(folder):
        raise CallerError(f"{folder}: another process is writing there", "wait for it to end")
    try:
        yield folder
    except KeyboardInterrupt:
        say(f"\nwhat is done is kept; go on with: the same command and --resume {folder}")
        raise
    finally:
        run_folder.release(folder)

"""Trials in parallel, on this machine or on a Ray cluster: none lost, none counted twice, continued where they ended.

Each trial runs in a process of its own with a fixed number of threads, so that its metrics are the same however many
run beside it. Its outcome is a file of its own in a folder, written whole: who starts the same trials on the same
folder again runs only those that are missing.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from utils.base.atomic_files import write_json
from utils.base.errors import CallerError, CheckError, with_extra
from utils.base.machine import cores
from utils.base.paths import child_environment
from utils.gate.trial import Outcome, Trial, run

RETRIES = 3
"""How often a trial whose process or machine was lost is begun again."""
SHIPPED = ("LABS_DATA_HOME", "LABS_MIRROR", "LABS_OFFLINE")
"""Environment variables that the trials find as they are here."""
STARTS = 3
"""How often it is tried to start Ray here."""
KNOCK_SECONDS = 3.0
WAIT_SECONDS = 1.0

Progress = Callable[[Outcome, int, int, float], None]
"""Called after each trial with its outcome, the trials that are done, those in all, and the seconds left."""


def silent(outcome: Outcome, done: int, trials: int, seconds_left: float) -> None:
    """A report of a trial that says nothing."""


def outcome_file(folder: Path, trial: Trial) -> Path:
    """Where the outcome of a trial is kept."""
    return folder / f"{trial.key}.json"


def outcomes(
    trials: Sequence[Trial],
    folder: Path,
    *,
    workers: int | None = None,
    address: str | None = None,
    on_done: Progress = silent,
) -> list[Outcome]:
    """The outcome of each trial, in the order of the trials.

    Args:
        trials: what to do.
        folder: where outcomes are kept; those that are there are not done again, unless they failed.
        workers: trials at a time; all cores of this machine, or of the cluster, where None.
        address: of a Ray cluster's head, `auto` for the one that this machine belongs to; None starts one here.
        on_done: called after each trial.

    Raises:
        CallerError: Ray is not installed, or there is no cluster at the address.
        CheckError: a trial's process was lost again and again, or ended with a defect.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [trial for trial in trials if not _is_done(outcome_file(folder, trial))]
    start, before = time.perf_counter(), len(trials) - len(missing)
    if missing:
        with _ray(workers, address):
            for number, (trial, outcome) in enumerate(_run_all(missing, workers), 1):
                write_json(outcome_file(folder, trial), outcome)
                left = (time.perf_counter() - start) / number * (len(missing) - number)
                on_done(outcome, before + number, len(trials), left)
    return [json.loads(outcome_file(folder, trial).read_text(encoding="utf-8")) for trial in trials]


def _is_done(path: Path) -> bool:
    """Whether a trial has ended well: what failed for want of disk, memory or data may go well the next time."""
    return path.is_file() and "error" not in json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def _ray(workers: int | None, address: str | None) -> Iterator[None]:
    """A connection to the cluster at the address, or one of this machine alone that ends with the block."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # asks nobody, tells nobody
    try:
        import ray
    except ImportError as error:
        raise CallerError("trials in parallel need Ray, which is not installed", with_extra("scale")) from error
    environment = {name: os.environ[name] for name in SHIPPED if name in os.environ}
    environment["PYTHONPATH"] = child_environment()["PYTHONPATH"]
    common: dict[str, Any] = {
        "logging_level": logging.ERROR,
        "log_to_driver": False,
        "runtime_env": {"env_vars": environment},
    }
    if address is not None:
        try:
            _knock(address)
            ray.init(address, **common)
        except (OSError, ValueError) as error:
            raise CallerError(
                f"--address {address}: no Ray cluster answers there", "give host:port of its head, or auto on one of it"
            ) from error
    else:
        _start(num_cpus=workers or cores(), include_dashboard=False, **common)
    try:
        yield
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise where nobody listens; Ray itself would wait for minutes.

    Raises:
        OSError: nobody listens there.
        ValueError: it is no address.
    """
    if address != "auto":
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=KNOCK_SECONDS).close()


def _start(**options: Any) -> None:
    """A cluster of this machine alone. Where others keep it busy its processes may take too long to find each other:
    then it is tried again.

    Raises:
        CheckError: it does not start.
    """
    import ray

    for attempt in range(1, STARTS + 1):
        try:
            ray.init("local", **options)
            return
        except Exception as error:  # Ray raises no class of its own here
            ray.shutdown()
            if attempt == STARTS:
                raise CheckError(
                    f"Ray does not start on this machine ({error})", "see what else runs here, then try again"
                ) from error


def _run_all(trials: Sequence[Trial], workers: int | None) -> Iterator[tuple[Trial, Outcome]]:
    """Each trial with its outcome, as they end; no more than `workers` at a time."""
    import ray

    # A process ends with its trial: the next one finds neither its memory nor its random state.
    remote = ray.remote(num_cpus=1, max_calls=1, max_retries=RETRIES)(run)
    most = workers or len(trials)  # where nothing is said, Ray gives each core of the cluster a trial
    waiting, running = list(reversed(trials)), dict[Any, Trial]()
    while waiting or running:
        while waiting and len(running) < most:
            trial = waiting.pop()
            running[remote.remote(trial)] = trial
        ended, _ = ray.wait(list(running), timeout=WAIT_SECONDS)
        for reference in ended:
            trial = running.pop(reference)
            try:
                yield trial, ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise CheckError(
                    f"{trial.lab} with seed {trial.seed}: {error.cause!r}", "this is a defect; what is done is kept"
                ) from error
            except ray.exceptions.RayError as error:
                raise CheckError(
                    f"{trial.lab} with seed {trial.seed}: its process was lost {RETRIES + 1} times",
                    "see whether the machine has memory for so many workers; what is done is kept",
                ) from error

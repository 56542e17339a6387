"""Run trials in parallel on this machine or on a Ray cluster, and resume an interrupted series.

Each trial runs in its own process with a fixed number of threads, so its metrics do not depend on the number of
workers. Its outcome is written to its own file in one atomic step. Starting the same trials with the same folder again
runs only those without an outcome.
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
"""How many times a trial is restarted after its process or machine was lost."""
FORWARDED_VARIABLES = ("LABS_DATA_HOME", "LABS_MIRROR", "LABS_OFFLINE")
"""Environment variables that are passed on to the trials."""
START_ATTEMPTS = 3
"""Number of attempts to start Ray on this machine."""
CONNECT_SECONDS = 3.0
WAIT_SECONDS = 1.0

Progress = Callable[[Outcome, int, int, float], None]
"""Called after each trial with its outcome, the number of finished trials, of all trials, and the seconds left."""


def silent(outcome: Outcome, done: int, trials: int, seconds_left: float) -> None:
    """Report nothing."""


def outcome_file(folder: Path, trial: Trial) -> Path:
    """The file with the outcome of a trial."""
    return folder / f"{trial.key}.json"


def outcomes(
    trials: Sequence[Trial],
    folder: Path,
    *,
    workers: int | None = None,
    address: str | None = None,
    on_done: Progress = silent,
) -> list[Outcome]:
    """Run the trials that have no outcome yet.

    Args:
        trials: the trials.
        folder: folder of the outcomes. Trials with an outcome in it are not run again, unless they failed.
        workers: number of trials at a time. Defaults to the number of cores of this machine or of the cluster.
        address: address of the head of a Ray cluster, or `auto` for the cluster that this machine belongs to. Defaults
            to starting Ray on this machine only.
        on_done: called after each trial.

    Returns:
        One outcome per trial, in the order of the trials.

    Raises:
        CallerError: Ray is not installed, or there is no cluster at the address.
        CheckError: Ray does not start, a trial raised an exception, or its process was lost repeatedly.
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
    """Whether a trial succeeded. A failed trial is run again: the disk may have been full, or data missing."""
    return path.is_file() and "error" not in json.loads(path.read_text(encoding="utf-8"))


@contextmanager
def _ray(workers: int | None, address: str | None) -> Iterator[None]:
    """Connect to the cluster at the address, or start Ray on this machine for the duration of the block."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage reports
    try:
        import ray
    except ImportError as error:
        raise CallerError(
            "running trials in parallel requires Ray, which is not installed", with_extra("scale")
        ) from error
    environment = {name: os.environ[name] for name in FORWARDED_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = child_environment()["PYTHONPATH"]
    common: dict[str, Any] = {
        "logging_level": logging.ERROR,
        "log_to_driver": False,
        "runtime_env": {"env_vars": environment},
    }
    if address is not None:
        try:
            _check_address(address)
            ray.init(address, **common)
        except (OSError, ValueError) as error:
            raise CallerError(
                f"--address {address}: no Ray cluster answers there",
                "give host:port of the head of the cluster, or auto on a machine of the cluster",
            ) from error
    else:
        _start(num_cpus=workers or cores(), include_dashboard=False, **common)
    try:
        yield
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Fail within seconds if nothing listens at the address; Ray itself would wait for minutes.

    Raises:
        OSError: nothing listens at the address.
        ValueError: the port is not a number.
    """
    if address != "auto":
        host, _, port = address.rpartition(":")
        socket.create_connection((host, int(port)), timeout=CONNECT_SECONDS).close()


def _start(**options: Any) -> None:
    """Start Ray on this machine. On a busy machine its processes may time out, so several attempts are made.

    Raises:
        CheckError: Ray does not start.
    """
    import ray

    for attempt in range(1, START_ATTEMPTS + 1):
        try:
            ray.init("local", **options)
            return
        except Exception as error:  # Ray has no exception class for this
            ray.shutdown()
            if attempt == START_ATTEMPTS:
                raise CheckError(
                    f"Ray does not start on this machine ({error})", "stop other programs on this machine and try again"
                ) from error


def _run_all(trials: Sequence[Trial], workers: int | None) -> Iterator[tuple[Trial, Outcome]]:
    """Yield each trial with its outcome when it ends; at most `workers` trials run at a time."""
    import ray

    # max_calls=1: each trial has a new process, without the memory and the random state of the previous one.
    remote = ray.remote(num_cpus=1, max_calls=1, max_retries=RETRIES)(run)
    limit = workers or len(trials)  # without a limit, Ray runs one trial per core of the cluster
    waiting, running = list(reversed(trials)), dict[Any, Trial]()
    while waiting or running:
        while waiting and len(running) < limit:
            trial = waiting.pop()
            running[remote.remote(trial)] = trial
        ended, _ = ray.wait(list(running), timeout=WAIT_SECONDS)
        for reference in ended:
            trial = running.pop(reference)
            try:
                yield trial, ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                raise CheckError(
                    f"{trial.lab} with seed {trial.seed}: {error.cause!r}",
                    "please report this as a bug; finished trials are kept",
                ) from error
            except ray.exceptions.RayError as error:
                raise CheckError(
                    f"{trial.lab} with seed {trial.seed}: its process was lost {RETRIES + 1} times",
                    "the machine may need more memory or fewer workers; finished trials are kept",
                ) from error

"""Run trials on a Ray cluster, for `--address`."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from utils.base.errors import CallerError, with_extra
from utils.base.paths import child_environment
from utils.gate.trial import Outcome, Trial, defect, lost, run

FORWARDED_VARIABLES = ("LABS_DATA_HOME", "LABS_MIRROR", "LABS_OFFLINE")
"""Environment variables that are passed on to the trials."""
CONNECT_SECONDS = 3.0
WAIT_SECONDS = 1.0


def on_cluster(
    trials: Sequence[Trial], address: str, workers: int | None, retries: int
) -> Generator[tuple[Trial, Outcome], None, None]:
    """Yield each trial with its outcome when it ends.

    Args:
        trials: the trials.
        address: `host:port` of the head, or `auto`.
        workers: number of trials at a time; None for one per core of the cluster.
        retries: how many times a trial is restarted after its process or machine was lost.

    Raises:
        CallerError: Ray is not installed, or there is no cluster at the address.
        CheckError: a trial raised an exception, or its process was lost repeatedly.
    """
    with _connected(address) as ray:
        # max_calls=1: each trial has a new process, without the memory and the random state of the previous one.
        remote = ray.remote(num_cpus=1, max_calls=1, max_retries=retries)(run)
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
                    raise defect(trial, repr(error.cause)) from error
                except ray.exceptions.RayError as error:
                    raise lost(trial, retries + 1) from error


@contextmanager
def _connected(address: str) -> Iterator[Any]:
    """Connect to the cluster at the address for the duration of the block, and give the module `ray`."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # no usage reports
    try:
        import ray
    except ImportError as error:
        raise CallerError("--address requires Ray, which is not installed", with_extra("scale")) from error
    environment = {name: os.environ[name] for name in FORWARDED_VARIABLES if name in os.environ}
    environment["PYTHONPATH"] = child_environment()["PYTHONPATH"]
    try:
        _check_address(address)
        ray.init(address, logging_level=logging.ERROR, log_to_driver=False, runtime_env={"env_vars": environment})
    except (OSError, ValueError) as error:
        raise CallerError(
            f"--address {address}: no Ray cluster answers there",
            "give host:port of the head of the cluster, or auto on a machine of the cluster",
        ) from error
    try:
        yield ray
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

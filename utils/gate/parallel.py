"""Run trials in parallel, in processes of this machine, and resume an interrupted series.

Each trial runs in its own process with a fixed number of threads, so its metrics do not depend on the number of
workers. Its outcome is written to its own file in one atomic step. Starting the same trials with the same folder again
runs only those without an outcome.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from utils.base.atomic_files import write_json
from utils.base.machine import cores
from utils.base.paths import child_environment
from utils.gate import cluster
from utils.gate.trial import Outcome, Trial, defect, lost

RETRIES = 3
"""How many times a trial is restarted after its process or machine was lost."""

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
            to processes on this machine, which do not need Ray.
        on_done: called after each trial.

    Returns:
        One outcome per trial, in the order of the trials.

    Raises:
        CallerError: an address was given and Ray is not installed, or there is no cluster at the address.
        CheckError: a trial raised an exception, or its process was lost repeatedly.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [trial for trial in trials if not _is_done(outcome_file(folder, trial))]
    start, before = time.perf_counter(), len(trials) - len(missing)
    if missing:
        ended = (
            _in_processes(missing, workers or cores())
            if address is None
            else cluster.on_cluster(missing, address, workers, RETRIES)
        )
        with closing(ended):  # stops the trials that run, also after Ctrl-C
            for number, (trial, outcome) in enumerate(ended, 1):
                write_json(outcome_file(folder, trial), outcome)
                left = (time.perf_counter() - start) / number * (len(missing) - number)
                on_done(outcome, before + number, len(trials), left)
    return [json.loads(outcome_file(folder, trial).read_text(encoding="utf-8")) for trial in trials]


def _is_done(path: Path) -> bool:
    """Whether a trial succeeded. A failed trial is run again: the disk may have been full, or data missing."""
    return path.is_file() and "error" not in json.loads(path.read_text(encoding="utf-8"))


def _in_processes(trials: Sequence[Trial], workers: int) -> Generator[tuple[Trial, Outcome], None, None]:
    """Yield each trial with its outcome when it ends; at most `workers` processes run at a time."""
    processes = _Processes()
    with ThreadPoolExecutor(workers) as pool:
        running: dict[Future[Outcome], Trial] = {pool.submit(processes.run, trial): trial for trial in trials}
        try:
            for ended in as_completed(running):
                yield running[ended], ended.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.stop()


class _Processes:
    """The processes that run now. A process ends with this one: it reads the pipe that this one holds open."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, trial: Trial) -> Outcome:
        """Run a trial in a new process, again if the process is killed.

        Raises:
            CheckError: the trial raised an exception, or its process was lost repeatedly.
        """
        with tempfile.TemporaryDirectory(prefix="labs-trial-") as folder:
            result, errors = Path(folder) / "outcome.json", Path(folder) / "errors.txt"
            for _ in range(RETRIES + 1):
                status = self._wait(trial, result, errors)
                if result.is_file():
                    outcome: Outcome = json.loads(result.read_text(encoding="utf-8"))
                    return outcome
                if status > 0 or self._stopped:
                    break
            said = errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        if status > 0:
            raise defect(trial, said[-1] if said else f"its process ended with status {status}")
        raise lost(trial, RETRIES + 1)

    def _wait(self, trial: Trial, result: Path, errors: Path) -> int:
        """Run the process of a trial once, and return its exit status: negative after a signal."""
        command = [sys.executable, "-m", "utils.gate.trial_process", str(result)]
        with errors.open("w") as log, self._lock:
            if self._stopped:
                return -1
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                env=child_environment(),
                start_new_session=True,  # Ctrl-C is for this process, which then stops the others
            )
            self._running.add(process)
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps(asdict(trial)) + "\n")
            process.stdin.flush()
            return process.wait()
        except BrokenPipeError:
            return process.wait()
        finally:
            with self._lock:
                self._running.discard(process)
            process.stdin.close()

    def stop(self) -> None:
        """Kill the processes that run, and start no others."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

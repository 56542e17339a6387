"""Measure the wall time of whole commands, as the median of several calls.

python -m benchmarks.start_up
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.pages.results import record

# Command, number of repeats, expected exit status.
COMMANDS = (
    ("labs", 15, 0),
    ("labs --help", 15, 0),
    ("labs.regression --help", 7, 0),
    ("labs.regression --epochs 0", 7, 2),
    ("labs.regression --batch-size 5000", 5, 2),
    ("labs.regression --preset quick", 3, 0),
    ("labs.regression", 3, 0),
)


def seconds(words: str, repeats: int, status: int) -> float:
    """The median wall time of a command in seconds. Its runs are written to a temporary folder."""
    times = []
    with tempfile.TemporaryDirectory() as models:
        environment = {**os.environ, "LABS_MODELS": models}
        for _ in range(repeats):
            start = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", *words.split()], capture_output=True, check=False, env=environment
            )
            times.append(time.perf_counter() - start)
            assert done.returncode == status, done.stderr.decode()
    return statistics.median(times)


def main() -> None:
    record("start_up", {"median_seconds": {f"python -m {call[0]}": seconds(*call) for call in COMMANDS}})


if __name__ == "__main__":
    main()

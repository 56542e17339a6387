"""A sweep with one worker and with two: the same trials, the same metrics, how much sooner.

    python -m benchmarks.scaling

Each trial runs on one thread in both. On a machine with two hardware threads of one core the second worker brings less
than a second core would.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.pages.results import record
from utils.gate.parallel import outcomes
from utils.gate.trial import Outcome, Trial

SEEDS, EPOCHS = 8, 500
"""Trials, and epochs of each: enough that training counts beside the start of its process."""


def swept(workers: int) -> tuple[float, list[Outcome]]:
    """Seconds of the sweep, and what came of it."""
    trials = [Trial("labs.regression.lab", "course", seed, "concrete", {"epochs": EPOCHS}) for seed in range(SEEDS)]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        came = outcomes(trials, Path(folder), workers=workers)
        return time.perf_counter() - start, came


def main() -> None:
    found: dict[str, Any] = {"trials": SEEDS, "epochs": EPOCHS, "seconds": {}}
    came = {}
    for workers in (1, 2):
        found["seconds"][str(workers)], came[workers] = swept(workers)
    found["times_faster"] = found["seconds"]["1"] / found["seconds"]["2"]
    found["fit_seconds"] = {str(n): sum(each["seconds"] for each in some) for n, some in came.items()}
    found["same_metrics"] = [each["measures"] for each in came[1]] == [each["measures"] for each in came[2]]
    record("scaling", found)


if __name__ == "__main__":
    main()

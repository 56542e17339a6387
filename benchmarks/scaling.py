"""Measure the speed-up of a sweep with two workers instead of one, and check that the metrics are the same.

    python -m benchmarks.scaling

Each trial runs on one thread. If the two workers share one core with two hardware threads, the speed-up is smaller than
with two cores.
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
"""Number of trials, and of epochs per trial; enough for training to take longer than starting the process."""


def swept(workers: int) -> tuple[float, list[Outcome]]:
    """Duration of the sweep in seconds, and the outcomes of its trials."""
    trials = [Trial("labs.regression.lab", "course", seed, "concrete", {"epochs": EPOCHS}) for seed in range(SEEDS)]
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        results = outcomes(trials, Path(folder), workers=workers)
        return time.perf_counter() - start, results


def main() -> None:
    found: dict[str, Any] = {"trials": SEEDS, "epochs": EPOCHS, "seconds": {}}
    results = {}
    for workers in (1, 2):
        found["seconds"][str(workers)], results[workers] = swept(workers)
    found["times_faster"] = found["seconds"]["1"] / found["seconds"]["2"]
    found["fit_seconds"] = {str(n): sum(each["seconds"] for each in trials) for n, trials in results.items()}
    found["same_metrics"] = [each["measures"] for each in results[1]] == [each["measures"] for each in results[2]]
    record("scaling", found)


if __name__ == "__main__":
    main()

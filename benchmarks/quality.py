"""What each lab reaches: its presets over several seeds, and its protocols, from its own command line.

    python -m benchmarks.quality regression

Ten minutes on two cores. The documents take every number from what this records.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.results import record

SEEDS = {"quick": (7, 8, 9, 10, 11, 12, 13, 14, 15, 16), "course": (7, 8, 9, 10, 11), "best": (7, 8, 9, 10, 11)}
SPLITS = 20


def called(*words: str) -> tuple[dict[str, Any], float]:
    """What `python -m words … --json` prints, and its wall time in seconds."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", *words, "--json"], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout), time.perf_counter() - start


def preset(lab: str, name: str) -> dict[str, Any]:
    """Mean and standard deviation over the seeds of each test metric, with median seconds and memory."""
    calls = [called(f"labs.{lab}", "--preset", name, "--seed", str(seed)) for seed in SEEDS[name]]
    runs = [run for run, _ in calls]
    values = {
        metric: [run["metrics"]["test"][metric]["value"] for run in runs] for metric in runs[0]["metrics"]["test"]
    }
    return {
        "seeds": list(SEEDS[name]),
        "test": {
            metric: {"mean": statistics.mean(each), "std": statistics.stdev(each)} for metric, each in values.items()
        },
        "baselines": runs[0]["baselines"],
        "parameters": runs[0]["parameters"],
        "wall_seconds": statistics.median(seconds for _, seconds in calls),
        "fit_seconds": statistics.median(run["seconds"]["fit"] for run in runs),
        "peak_mb": statistics.median(run["peak_mb"] for run in runs),
        "largest_difference": max(form["max_abs_diff"] for run in runs for form in run["parity"].values()),
        "data": runs[0]["data"],
    }


def protocols() -> dict[str, Any]:
    """The regression lab's two protocols, under both presets, on the same splits."""
    found = {}
    for name in ("course", "best"):
        for split in ("mix", "random"):
            words = ("--split", split, "--splits", str(SPLITS), "--preset", name)
            whole, seconds = called("labs.regression", "protocol", *words)
            found[f"{name}_{split}"] = {
                "splits": SPLITS,
                "summary": whole["summary"],
                "rmse": [result["rmse"] for result in whole["results"]],
                "wall_seconds": seconds,
            }
    return found


def main() -> None:
    (lab,) = sys.argv[1:]
    with tempfile.TemporaryDirectory() as models:
        os.environ["LABS_MODELS"] = models
        figures = {"presets": {name: preset(lab, name) for name in SEEDS}}
        if lab == "regression":
            figures["protocols"] = protocols()
    record(lab, figures)


if __name__ == "__main__":
    main()

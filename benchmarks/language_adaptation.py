"""Measure what adapting the network of a run to another text gives: `python -m labs.language adapt`.

    python -m benchmarks.language_adaptation RUN [DATA]

RUN is a run of `python -m labs.language --preset best`; DATA defaults to seinfeld, which needs a mirror. The command
compares low-rank adapters with training all weights and with training from scratch, for the same number of steps.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.pages.results import record

NAME = "language_adaptation"
DATA = "seinfeld"


def main() -> None:
    run, data = Path(sys.argv[1]), (*sys.argv[2:], DATA)[0]
    words = ["labs.language", "adapt", str(run), "--data", data, "--json"]
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", *words, "--out", f"{folder}/run"], stdout=subprocess.PIPE, text=True, check=True
        )
        seconds = time.perf_counter() - began
    record(
        NAME,
        {
            "data": data,
            "command": f"`python -m labs.language adapt RUN --data {data}`",
            "results": json.loads(done.stdout)["results"],
            "wall_seconds": seconds,
        },
    )


if __name__ == "__main__":
    main()

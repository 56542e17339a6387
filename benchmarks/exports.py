"""Export a run of every lab in every format: size, parity, metric and latency, next to the Keras model.

python -m benchmarks.exports            # trains each lab with its preset course: 15 minutes
python -m benchmarks.exports galaxy     # only this lab again
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import labs
from benchmarks.pages.results import record, recorded
from utils.base import machine
from utils.export.extras import versions

PRESET = "course"
REFUSED = {"foundations": ("onnx", "litert"), "sentiment": ("litert",), "translation": ("litert",)}
"""Formats that cannot represent the default model of a lab: they cannot look up the levels of a column, or words, or
recur over sequences of any length."""
PARTS = ("bytes", "max_rel_diff", "exact_rel_diff", "limit", "ms", "ms_keras", "failed")


def exported(lab: str, folder: Path) -> dict[str, Any]:
    """The exports of a new run of a lab, by name; trained on what a machine without a mirror has."""
    environment = {**os.environ, "LABS_MIRROR": ""}
    run = folder / lab
    train = [sys.executable, "-m", f"labs.{lab}", "--preset", PRESET, "--out", str(run), "--quiet"]
    subprocess.run(train, check=True, env=environment, stdout=subprocess.DEVNULL)
    int8 = [] if "litert" in REFUSED.get(lab, ()) else ["--int8"]
    words = ["export", str(run), *int8, "--json", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "labs", *words], check=False, env=environment, capture_output=True, text=True
    )
    assert done.stdout, done.stderr
    exports = json.loads(done.stdout)["exports"]
    data = json.loads((run / "run.json").read_text(encoding="utf-8"))["data"]["name"]
    return {
        "data": data,
        "threads": machine.device()["threads"],
        "exports": {name: _facts(report) for name, report in exports.items()},
    }


def _facts(report: dict[str, Any]) -> dict[str, Any]:
    """What the table shows of an export."""
    metric, score = next(iter(report.get("metrics", {}).items()), (None, {}))
    return {part: report[part] for part in PARTS if part in report} | {"metric": metric, **score}


def main() -> None:
    wanted = sys.argv[1:] or labs.finished()
    known = {} if len(sys.argv) == 1 else recorded("exports")["labs"]
    with tempfile.TemporaryDirectory() as folder:
        new = {lab: exported(lab, Path(folder)) for lab in wanted}
    found = {lab: (known | new)[lab] for lab in labs.finished()}
    record("exports", {"preset": PRESET, "tools": versions(), "labs": found})


if __name__ == "__main__":
    main()

"""`python -m labs runs`: the finished runs as a table."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import labs
from utils.base import text_tables
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.datasets.catalog import kind_of_data
from utils.runs.listing import Listed, finished_runs, unfinished_runs
from utils.runs.run_folder import runs_folder

Order = Literal["age", "lab", "metric", "preset", "data", "seed", "run"]


@dataclass(frozen=True)
class Runs:
    """List your finished runs: lab, first metric on the test split, preset, data, age and seed."""

    sort: Order = "age"
    """Column to sort by: age (the newest first), metric (of each lab, the best first), or another one, ascending."""
    lab: str | None = None
    """Only the runs of this lab."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print the table."""
        runs = [run for run in finished_runs() if self.lab in (None, run.record["lab"])]
        if self.lab is not None and not runs and self.lab not in labs.NAMES:
            raise CallerError(f"--lab {self.lab}: there is no such lab", f"the labs are: {', '.join(labs.NAMES)}")
        runs.sort(key=ORDERS[self.sort])  # stable: equal ones stay the newest first
        if self.json:
            show(json.dumps([facts(run) for run in runs], indent=2))
            return 0
        if runs:
            now = datetime.now(UTC)
            header = ["run", "lab", "metric", "preset", "data", "age", "seed"]
            show(text_tables.table(header, [_row(run, now) for run in runs], left=(1, 2, 3, 4)))
        else:
            say(f"no {'runs' if self.lab is None else f'runs of {self.lab}'} in {runs_folder()}")
        if waiting := len(unfinished_runs()):
            say(f"note: {waiting} unfinished run{'s' * (waiting > 1)}; python -m labs clean removes them")
        return 0


def facts(run: Listed) -> dict[str, Any]:
    """A run as JSON: where it is, what it was asked for, and the metric by which its lab is judged."""
    record = run.record
    name, score = _first(record)
    return {
        "run": shown(run.folder),
        "lab": record["lab"],
        "metric": name,
        **{part: score.get(part) for part in ("value", "low", "high")},
        "unit": record["units"].get(name, ""),
        "preset": record.get("preset", ""),
        "data": record["data"]["name"],
        "simulated": record["data"]["simulated"],
        "kind": kind_of_data(record["data"]),
        "finished": f"{run.finished:%Y-%m-%dT%H:%M:%SZ}",
        "seed": record["config"].get("seed", record.get("seed")),
        "command": record.get("command", ""),
    }


def shown(folder: Path) -> str:
    """The path as it can be given to another command: relative where that is shorter."""
    relative = os.path.relpath(folder)
    return min(str(folder), relative, key=len)


def _first(record: Mapping[str, Any]) -> tuple[str, Mapping[str, float]]:
    """The first metric on the test split, by which the lab is judged."""
    scores: Mapping[str, Mapping[str, float]] = record["metrics"].get("test", {})
    return next(iter(scores.items()), ("", {}))


def _by_metric(run: Listed) -> tuple[str, bool, float]:
    """Metrics of different labs have no order: by lab, then by value; a value that is not a number is last."""
    name, score = _first(run.record)
    value = score.get("value")
    sign = -1 if run.record.get("better", {}).get(name) == "higher" else 1
    if value is None or math.isnan(value):
        return run.record["lab"], True, 0.0
    return run.record["lab"], False, sign * value


ORDERS: dict[str, Callable[[Listed], Any]] = {
    "age": lambda run: -run.finished.timestamp(),
    "lab": lambda run: run.record["lab"],
    "metric": _by_metric,
    "preset": lambda run: str(run.record.get("preset", "")),
    "data": lambda run: run.record["data"]["name"],
    "seed": lambda run: facts(run)["seed"] or 0,
    "run": lambda run: shown(run.folder),
}
"""The key of each order."""


def _row(run: Listed, now: datetime) -> list[str]:
    found = facts(run)
    value = "–" if found["value"] is None else text_tables.number(found["value"])
    return [
        found["run"],
        found["lab"],
        " ".join(part for part in (found["metric"], value, found["unit"]) if part),
        found["preset"],
        found["data"] + f" ({found['kind']})" * found["simulated"],
        age(now - run.finished),
        str(found["seed"]),
    ]


def age(passed: timedelta) -> str:
    """A duration in its largest unit: `40 s`, `12 min`, `3 h`, `5 d`."""
    seconds = max(0.0, passed.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"

"""`python -m labs compare`: two runs side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from labs.cli.records.differences import judged, signed
from labs.cli.records.open import opened
from utils.base import text_tables
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras
from utils.metrics.metric import Scores, difference
from utils.runs import predictions
from utils.runs.record import Run


@dataclass(frozen=True)
class Compare:
    """Compare two runs: the difference of each metric, with its interval, and config, data and versions."""

    first: Positional[Path]
    """The folder of a run."""
    second: Positional[Path]
    """The folder of another run of the same lab."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print the comparison."""
        (one, definition), (other, other_definition) = opened(self.first), opened(self.second)
        if other_definition.name != definition.name:
            raise CallerError(
                f"{self.first} is a run of {definition.name}, {self.second} of {other_definition.name}",
                "compare two runs of one lab",
            )
        different = _differences(one.record, other.record)
        missing = why_not_paired(one, other)
        found = {} if missing else paired(one, other)
        first, second = one.record["metrics"]["test"], other.record["metrics"]["test"]
        scores = {
            name: {"first": first[name], "second": second[name], **judged(found.get(name), better, subject="second")}
            for name, better in _directions(one.record).items()
            if name in first and name in second
        }
        if self.json:
            show(json.dumps({"test": scores, "paired": not missing, "different": different}, indent=2))
            return 0
        show(_comparison(scores, one.record["units"]))
        say(f"note: {missing}: the metrics are not compared" if missing else _meaning(one, different))
        for name, (left, right) in different.items():
            show(f"{name}: {left} | {right}")
        if not different:
            show("config, data and versions are the same")
        return 0


def why_not_paired(one: Run, other: Run) -> str:
    """Why the metrics of two runs cannot be compared row by row; empty if they can."""
    for run in (one, other):
        if predictions.FILE not in run.record["files"] or "test_digest" not in run.record["data"]:
            return f"{run.folder} has no predictions for its test rows (run the lab again to get them)"
    if one.record["data"]["test_digest"] != other.record["data"]["test_digest"]:
        return "the runs were tested on different rows"
    return ""


def paired(one: Run, other: Run) -> Scores:
    """The difference of each metric, second minus first, by a paired bootstrap over the test rows or their groups.

    Raises:
        CallerError: the saved targets differ, although the record says that the rows are the same.
    """
    first, second = predictions.load(one), predictions.load(other)
    assert first is not None, "the caller checked it"
    assert second is not None, "the caller checked it"
    if not first.has_rows_of(second):
        raise CallerError(f"{other.folder}: its test rows are not those of {one.folder}", "run the lab again")
    import_keras()
    lab = labs.find_lab(one.record["lab"])
    return difference((lab.metrics_of(one), first), (lab.metrics_of(other), second), paired=True)


def _meaning(one: Run, different: Mapping[str, Any]) -> str:
    """What the intervals include, and what they do not."""
    rows = predictions.load(one)
    by = "row" if rows is None or rows.groups is None else "group"
    text = (
        f"note: 95 % intervals of the difference, by a paired bootstrap of the test rows by {by}. Each run is one "
        "training: with another seed the metrics vary too"
    )
    changed = [name for name in different if name.startswith("config.") and name != "config.seed"]
    if len(changed) != 1:
        return text + "."
    first, second = different[changed[0]]
    option = f"{changed[0].removeprefix('config.')}={first},{second}"
    return f"{text}, which python -m labs sweep {one.record['lab']} --set {option} --seeds 5 measures."


def _directions(record: Mapping[str, Any]) -> Mapping[str, str]:
    """`lower` or `higher` by metric; runs of earlier versions do not record it, and need the lab."""
    if "better" in record:
        found: Mapping[str, str] = record["better"]
        return found
    import_keras()
    metrics = labs.find_lab(record["lab"]).metrics_on(record["data"]["name"])
    return {name: metric.better for name, metric in metrics.items()}


def _comparison(scores: Mapping[str, Mapping[str, Any]], units: Mapping[str, str]) -> str:
    rows = [
        [
            f"{name} {units.get(name, '')}".strip(),
            text_tables.interval(score["first"]),
            text_tables.interval(score["second"]),
            signed(score["difference"]) if "difference" in score else "–",
            score.get("verdict", ""),
        ]
        for name, score in scores.items()
    ]
    return text_tables.table(["test split", "first", "second", "difference", ""], rows)


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Every fact about how the runs were made in which they differ: name to (first, second)."""
    different: dict[str, tuple[Any, Any]] = {}
    for part in ("config", "data", "versions", "device"):
        for name in {**first[part], **second[part]}:
            pair = first[part].get(name), second[part].get(name)
            if pair[0] != pair[1]:
                different[f"{part}.{name}"] = pair
    return different

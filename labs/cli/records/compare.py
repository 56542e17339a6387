"""`python -m labs compare`: two runs side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from labs.cli.records.open import opened
from utils.base import text_tables
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras


@dataclass(frozen=True)
class Compare:
    """Compare two runs: metrics with their intervals, and the differences in config, data and versions."""

    first: Positional[Path]
    """The folder of a run."""
    second: Positional[Path]
    """The folder of another run of the same lab."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print the comparison."""
        (one, definition), (other, other_definition) = opened(self.first), opened(self.second)
        first, second = one.record, other.record
        if other_definition.name != definition.name:
            raise CallerError(
                f"{self.first} is a run of {definition.name}, {self.second} of {other_definition.name}",
                "compare two runs of one lab",
            )
        scores = {
            name: {
                "first": first["metrics"]["test"][name],
                "second": second["metrics"]["test"][name],
                "difference": second["metrics"]["test"][name]["value"] - first["metrics"]["test"][name]["value"],
            }
            for name in first["units"]
        }
        different = _differences(first, second)
        if self.json:
            show(json.dumps({"test": scores, "different": different}, indent=2))
            return 0
        if "data.digest" in different:
            say("note: the runs are on different data: their metrics cannot be compared")
        better = {} if "data.digest" in different else _directions(first)
        show(_comparison(scores, first["units"], better))
        for name, (left, right) in different.items():
            show(f"{name}: {left} | {right}")
        if not different:
            show("config, data and versions are the same")
        return 0


def _directions(record: Mapping[str, Any]) -> Mapping[str, str]:
    """`lower` or `higher` by metric; runs of earlier versions do not record it, and need the lab."""
    if "better" in record:
        found: Mapping[str, str] = record["better"]
        return found
    import_keras()
    return {name: metric.better for name, metric in labs.find_lab(record["lab"]).metrics.items()}


def _comparison(scores: Mapping[str, Mapping[str, Any]], units: Mapping[str, str], better: Mapping[str, str]) -> str:
    rows = []
    for name, score in scores.items():
        difference = score["difference"]
        improved = difference < 0 if better.get(name) == "lower" else difference > 0
        verdict = "the same" if difference == 0 else f"second {'better' if improved else 'worse'}"
        rows.append(
            [
                f"{name} {units.get(name, '')}".strip(),
                text_tables.interval(score["first"]),
                text_tables.interval(score["second"]),
                f"{difference:+.3g}",
                verdict if better else "",
            ]
        )
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

"""`python -m labs compare`: two runs side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import Positional

from utils.base import text_tables
from utils.base.console import say, show
from utils.base.errors import CallerError

if TYPE_CHECKING:
    from utils.runs.lab import Lab

from labs.cli.records.open import opened


@dataclass(frozen=True)
class Compare:
    """Set two runs side by side: metrics with their intervals, and what differs in config, data and versions."""

    first: Positional[Path]
    """The folder of a run."""
    second: Positional[Path]
    """The folder of another run of the same lab."""
    json: bool = False
    """Print the machine's form."""

    def execute(self) -> int:
        """Print the two."""
        (one, lab), (other, other_lab) = opened(self.first), opened(self.second)
        first, second = one.record, other.record
        if other_lab.name != lab.name:
            raise CallerError(
                f"{self.first} is a run of {lab.name}, {self.second} of {other_lab.name}",
                "compare two runs of one lab",
            )
        scores = {
            name: {
                "first": first["metrics"]["test"][name],
                "second": second["metrics"]["test"][name],
                "difference": second["metrics"]["test"][name]["value"] - first["metrics"]["test"][name]["value"],
            }
            for name in lab.metrics
        }
        different = _differences(first, second)
        if self.json:
            show(json.dumps({"test": scores, "different": different}, indent=2))
            return 0
        if "data.digest" in different:
            say("note: the runs are on different data, so neither is better: their numbers cannot be compared")
        show(_comparison(lab, scores, first["units"], comparable="data.digest" not in different))
        for name, (left, right) in different.items():
            show(f"{name}: {left} | {right}")
        if not different:
            show("config, data and versions are the same")
        return 0


def _comparison(
    lab: Lab, scores: Mapping[str, Mapping[str, Any]], units: Mapping[str, str], *, comparable: bool
) -> str:
    rows = []
    for name, metric in lab.metrics.items():
        difference = scores[name]["difference"]
        better = difference < 0 if metric.better == "lower" else difference > 0
        verdict = "the same" if difference == 0 else f"second {'better' if better else 'worse'}"
        verdict = verdict if comparable else ""
        rows.append(
            [
                f"{name} {units.get(name, '')}".strip(),
                text_tables.interval(scores[name]["first"]),
                text_tables.interval(scores[name]["second"]),
                f"{difference:+.3g}",
                verdict,
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

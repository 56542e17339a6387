"""The commands that work on any lab's runs: what stands behind `python -m labs evaluate | compare`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from tyro.conf import Positional

from labs import find_lab
from utils import config, report
from utils.errors import CallerError, CheckError
from utils.metrics import same, score
from utils.output import say, show
from utils.quiet import import_keras
from utils.runs import Run

if TYPE_CHECKING:
    from utils.contracts import Lab


def opened(folder: Path) -> tuple[Run, Lab]:
    """A run, every file of it checked, and its lab.

    Raises:
        CallerError: it is no run of a lab that is here, or it was changed.
    """
    run = Run.open(folder)
    lab = find_lab(run.record["lab"])
    if not set(lab.metrics) <= set(run.record["metrics"].get("test", {})):
        raise CallerError(f"{folder}: run.json lacks test metrics of the lab {lab.name}", "run the lab again")
    return run, lab


@dataclass(frozen=True)
class Evaluate:
    """Measure a run's saved model on the test split again, and hold the result against the run's record."""

    run: Positional[Path]
    """The folder of a run."""
    json: bool = False
    """Print the machine's form."""

    def execute(self) -> int:
        """Print both; status 1 where a metric differs."""
        found, lab = opened(self.run)
        try:
            settings = config.from_json(lab.config, json.dumps(found.record["config"]))
        except ValidationError as error:
            raise CallerError(f"{self.run}: run.json is damaged (config)", "run the lab again") from error
        splits = lab.splits(settings)
        if splits.source.digest != found.record["data"]["digest"]:
            raise CheckError(
                f"{self.run}: the data are not those it was trained on", "restore them, or run the lab again"
            )
        import_keras()
        from utils.export import open_model

        test = splits.test
        metrics = {name: metric.at(found.record.get("threshold")) for name, metric in lab.metrics.items()}
        measured = score(
            metrics, test.targets, lab.measure(open_model(self.run), test.inputs, test.targets), test.groups
        )
        recorded = found.record["metrics"]["test"]
        moved = [name for name in measured if not same(measured[name]["value"], recorded[name]["value"])]
        rows = [[name, report.interval(recorded[name]), report.interval(measured[name])] for name in measured]
        if self.json:
            show(json.dumps({"measured": measured, "recorded": recorded, "moved": moved}, indent=2))
        else:
            show(report.table(["test split", "recorded", "measured now"], rows))
        if moved:
            raise CheckError(
                f"{self.run}: {', '.join(moved)} moved since the run was recorded",
                "look at versions in its run.json and at what is installed now",
            )
        return 0


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
                report.interval(scores[name]["first"]),
                report.interval(scores[name]["second"]),
                f"{difference:+.3g}",
                verdict,
            ]
        )
    return report.table(["test split", "first", "second", "difference", ""], rows)


def _differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Every fact about how the runs were made in which they differ: name to (first, second)."""
    different: dict[str, tuple[Any, Any]] = {}
    for part in ("config", "data", "versions", "device"):
        for name in {**first[part], **second[part]}:
            pair = first[part].get(name), second[part].get(name)
            if pair[0] != pair[1]:
                different[f"{part}.{name}"] = pair
    return different

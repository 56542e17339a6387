"""`python -m labs evaluate`: the metrics of a saved run, measured again on its own test split or on other data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import Positional

import labs
from labs.cli.records import other_data
from labs.cli.records.differences import judged, signed
from labs.cli.records.open import config_of, opened
from utils.base import text_tables
from utils.base.config import Definition
from utils.base.console import say, show
from utils.base.errors import CallerError, CheckError
from utils.base.keras_import import import_keras
from utils.base.named_arrays import row_count
from utils.datasets.tables.columns import check_takes_levels
from utils.metrics.metric import difference, same, score
from utils.runs import predictions
from utils.runs.record import LABELS, Run


@dataclass(frozen=True)
class Evaluate:
    """Measure the saved model of a run again: on its own test split, compared with the record, or on other data."""

    run: Positional[Path]
    """The folder of a run."""
    data: str | None = None
    """Another data set of the lab with the same classes or columns: its test split is measured."""
    data_dir: Path | None = None
    """A folder with your own labelled data: its test split is measured, or all its rows if it has none."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print the metrics; status 1 if they differ from the record."""
        if self.data is not None and self.data_dir is not None:
            raise CallerError(f"--data {self.data} and --data-dir exclude each other", "give one of the two")
        run, definition = opened(self.run)
        if self.data is None and self.data_dir is None:
            return self._again(run, definition)
        found = other_data.find(run, definition, self.data, self.data_dir)
        if found.source.digest == run.record["data"]["digest"]:
            say(f"note: the run was trained on {found.source.name}; its own test split is measured")
            return self._again(run, definition)
        return self._on(found, run, definition)

    def _again(self, run: Run, definition: Definition) -> int:
        """Measure the run's own test split, and compare with its record."""
        data = own_data(run, definition)
        import_keras()
        measured = labs.find_lab(definition.name).evaluate(run, data)
        recorded = run.record["metrics"]["test"]
        moved = [name for name in measured if not same(measured[name]["value"], recorded[name]["value"])]
        if self.json:
            show(json.dumps({"measured": measured, "recorded": recorded, "moved": moved}, indent=2))
        else:
            rows = [
                [name, text_tables.interval(recorded[name]), text_tables.interval(measured[name])] for name in measured
            ]
            show(text_tables.table(["test split", "recorded", "measured now"], rows))
        if moved:
            raise CheckError(
                f"{self.run}: {', '.join(moved)} differ from the record of the run",
                "compare the versions in its run.json with those that are installed now",
            )
        return 0

    def _on(self, found: other_data.Found, run: Run, definition: Definition) -> int:
        """Measure other data, and compare with the run's own test split."""
        import_keras()
        lab = labs.find_lab(definition.name)
        rows = lab.measured(run, found.data)
        metrics, own = lab.metrics_of(run), predictions.load(run)
        measured = score(metrics, rows.truth, rows.prediction, rows.groups)
        moved = {} if own is None else difference((metrics, own), (metrics, rows), paired=False)
        recorded = run.record["metrics"]["test"]
        scores = {
            name: {
                "own": recorded.get(name),
                "measured": measured[name],
                **judged(moved.get(name), metrics[name].better, subject=""),
            }
            for name in measured
        }
        count, source = row_count(rows.truth), found.source
        if self.json:
            about = {
                "name": source.name,
                "simulated": source.simulated,
                "kind": source.kind,
                "digest": source.digest,
                "rows": count,
            }
            show(json.dumps({"data": {**about, "which": found.which, **found.leak}, "test": scores}, indent=2))
            return 0
        say(f"{source.name}, {source.kind} data, {source.found}: {found.which}, {count:,} rows")
        for warning in (lab.caution, *found.warnings):
            if warning:
                say(f"note: {warning}")
        show(_table(scores, source.name))
        say(
            "note: 95 % intervals of the difference, by a bootstrap of both sets of rows"
            if moved
            else f"note: {run.folder} has no predictions for its test rows: the difference has no interval"
        )
        return 0


def own_data(run: Run, definition: Definition) -> Any:
    """What the lab loads for the config of a run.

    Raises:
        CallerError: the model takes other inputs than the lab loads today.
        CheckError: the data changed.
    """
    if LABELS in run.record["files"]:
        check_takes_levels(run.labels)
    data = labs.find_data(definition.name).load(config_of(run, definition))
    if data.source.digest != run.record["data"]["digest"]:
        raise CheckError(
            f"{run.folder}: the data are not those that it was trained on", "restore them, or run the lab again"
        )
    return data


def _table(scores: Mapping[str, Mapping[str, Any]], name: str) -> str:
    rows = [
        [
            metric,
            "–" if found["own"] is None else text_tables.interval(found["own"]),
            text_tables.interval(found["measured"]),
            signed(found["difference"]) if "difference" in found else "–",
            found.get("verdict", ""),
        ]
        for metric, found in scores.items()
    ]
    return text_tables.table(["", "own test split", name, "difference", ""], rows)

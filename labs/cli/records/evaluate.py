"""`python -m labs evaluate`: the metrics of a saved run, measured again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

import labs
from labs.cli.records.open import config_of, opened
from utils.base import text_tables
from utils.base.console import show
from utils.base.errors import CheckError
from utils.base.keras_import import import_keras
from utils.metrics.metric import same


@dataclass(frozen=True)
class Evaluate:
    """Measure the saved model of a run on the test split again, and compare the metrics with the run's record."""

    run: Positional[Path]
    """The folder of a run."""
    json: bool = False
    """Print JSON."""

    def execute(self) -> int:
        """Print both; status 1 if a metric differs."""
        run, definition = opened(self.run)
        settings = config_of(run, definition)
        data = labs.find_data(definition.name).load(settings)
        if data.source.digest != run.record["data"]["digest"]:
            raise CheckError(
                f"{self.run}: the data are not those that it was trained on", "restore them, or run the lab again"
            )
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

"""The commands that work on any lab's runs: what stands behind `python -m labs evaluate | compare`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from tyro.conf import Positional

from labs.cli.records.open import opened
from utils.base import config, text_tables
from utils.base.console import show
from utils.base.errors import CallerError, CheckError
from utils.base.keras_import import import_keras
from utils.metrics.metric import same, score


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
        from utils.export.formats import open_model

        test = splits.test
        metrics = {name: metric.at(found.record.get("threshold")) for name, metric in lab.metrics.items()}
        measured = score(
            metrics, test.targets, lab.measure(open_model(self.run), test.inputs, test.targets), test.groups
        )
        recorded = found.record["metrics"]["test"]
        moved = [name for name in measured if not same(measured[name]["value"], recorded[name]["value"])]
        rows = [[name, text_tables.interval(recorded[name]), text_tables.interval(measured[name])] for name in measured]
        if self.json:
            show(json.dumps({"measured": measured, "recorded": recorded, "moved": moved}, indent=2))
        else:
            show(text_tables.table(["test split", "recorded", "measured now"], rows))
        if moved:
            raise CheckError(
                f"{self.run}: {', '.join(moved)} moved since the run was recorded",
                "look at versions in its run.json and at what is installed now",
            )
        return 0

"""Opening a run together with the definition of its lab."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import labs
from utils.base import config
from utils.base.config import Definition
from utils.base.errors import CallerError
from utils.runs.record import Run


def opened(folder: Path) -> tuple[Run, Definition]:
    """A run, every file of it checked, and the definition of its lab.

    Raises:
        CallerError: it is not a run of a known lab, or it was changed.
    """
    run = Run.open(folder)
    name = run.record["lab"]
    if name not in labs.NAMES and name not in sys.modules:  # a run.json must not be able to import a module
        raise CallerError(f"{folder}: there is no lab {name}", f"the labs are: {', '.join(labs.NAMES)}")
    missing = set(run.record["units"]) - set(run.record["metrics"].get("test", {}))
    if missing or not run.record["metrics"].get("test"):
        raise CallerError(f"{folder}: run.json lacks test metrics of the lab {name}", "run the lab again")
    return run, labs.find_definition(name)


def config_of(run: Run, definition: Definition) -> Any:
    """The config of a run, validated again.

    Raises:
        CallerError: it is not a config of the lab.
    """
    try:
        return config.from_json(definition.config, json.dumps(run.record["config"]))
    except ValidationError as error:
        raise CallerError(f"{run.folder}: run.json is damaged (config)", "run the lab again") from error

"""`python -m labs open`: the page of a run in a browser; and opening a run together with the definition of its lab."""

from __future__ import annotations

import json
import os
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from tyro.conf import Positional

import labs
from utils.base import config
from utils.base.config import Definition
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.runs.listing import newest
from utils.runs.record import REPORT, Run


@dataclass(frozen=True)
class Open:
    """Open the page of a run, report.html, in a browser, and print its path."""

    run: Positional[Path | None] = None
    """The folder of a run; defaults to the newest one."""

    def execute(self) -> int:
        """Open it."""
        run = Run.open(newest().folder if self.run is None else self.run)
        if REPORT not in run.record["files"]:
            raise CallerError(
                f"{run.folder}: this run has no {REPORT}, it is of an earlier version",
                f"read {run.folder / 'README.md'}, or run the lab again",
            )
        page = (run.folder / REPORT).resolve()
        show(str(page))
        if not in_browser(page):
            say("note: no browser can be opened from here; open this file in one")
        return 0


def in_browser(page: Path) -> bool:
    """Open a file in a browser with a window; False if there is none.

    Without a display Python would start a text browser, which takes over the terminal and shows no figure.
    """
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in displays):
        return False
    try:
        return webbrowser.open(page.as_uri())
    except (webbrowser.Error, OSError):
        return False


def opened_by(folder: Path, definition: Definition) -> Run:
    """A run of the lab with this definition.

    Raises:
        CallerError: it is a run of another lab, or `opened` refuses it.
    """
    run, found = opened(folder)
    if found.name != definition.name:
        raise CallerError(f"{folder} is a run of the lab {found.name}", "give a run of this lab")
    return run


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

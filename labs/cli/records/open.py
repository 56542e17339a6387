"""Opening a run together with its lab."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from labs import find_lab
from utils.base.errors import CallerError
from utils.runs.record import Run

if TYPE_CHECKING:
    from utils.runs.lab import Lab


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

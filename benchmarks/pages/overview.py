"""The table of the labs in the README."""

from __future__ import annotations

import importlib
import statistics
from functools import partial
from typing import Any

import labs
from benchmarks.pages.results import UNMEASURED, block, course_band, course_time, measured, over_seeds
from utils.base.text_tables import markdown_table
from utils.datasets import catalog

WORDED = {
    "test rmse": "RMSE {} MPa",
    "test accuracy": "accuracy {}",
    "test auc": "AUC {}",
    "test bits_per_char": "{} bits per character",
}
"""How the table writes a measure; of each lab it shows the first measure that is listed here."""


def page(lab: str) -> Any:
    """The module with a lab's `row`, its `card` and the blocks of its page."""
    return importlib.import_module(f"benchmarks.pages.{lab}")


@block
def labs_table() -> str:
    """One row per lab: the default preset from the bands, `best` from the records."""
    header = ["lab", "data", "`course` on test", "wall time", "memory"]
    header += ["`best` on test", "baselines", "wall time of `best`"]
    return markdown_table(header, [_row(lab) for lab in labs.finished()])


def _row(lab: str) -> list[str]:
    data, *best = measured(page(lab).row, [UNMEASURED] * 4)
    course = measured(partial(_course, lab), [UNMEASURED] * 3)
    return [f"[{lab}](labs/{lab}/README.md)", data, *course, *best]


def _course(lab: str) -> list[str]:
    """The result of the default preset on the default data, its wall time and its memory."""
    band = course_band(lab)
    measure, values = next((name, values) for name, values in band.measures.items() if name in WORDED)
    found = over_seeds(band, measure, digits=2 if statistics.mean(values) > 1 else 3)
    simulated = " SIMULATED" if catalog.find(band.data).simulated else ""
    return [
        f"{WORDED[measure].format(found)}{simulated}",
        course_time(lab),
        f"{band.command['peak_mb']:,.0f} MB",
    ]

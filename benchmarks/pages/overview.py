"""The table of the labs in the README."""

from __future__ import annotations

import importlib
from functools import partial
from typing import Any

import labs
from benchmarks.pages.results import UNMEASURED, block, course_band, in_minutes, measured
from utils.base.text_tables import markdown_table


def page(lab: str) -> Any:
    """The module with a lab's `row`, its `card` and the blocks of its page."""
    return importlib.import_module(f"benchmarks.pages.{lab}")


@block
def labs_table() -> str:
    """One row per lab: data, the result of `best` next to the number to beat, minutes."""
    header = ["lab", "data", "best result on test (to beat)", "minutes: `course`, `best`"]
    return markdown_table(header, [_row(lab) for lab in labs.finished()])


def _row(lab: str) -> list[str]:
    data, best, baselines, best_minutes = measured(page(lab).row, [UNMEASURED] * 4)
    course = measured(partial(minutes, lab), UNMEASURED)
    result = best if best == UNMEASURED else f"{best} (to beat: {baselines})"
    return [f"[{lab}](labs/{lab}/README.md)", data, result, f"{course}, {best_minutes}"]


def minutes(lab: str) -> str:
    """Wall time of a lab's command with the default preset, in minutes."""
    return in_minutes(course_band(lab).command["seconds"])

"""What a user may do with a finished run, as commands to paste."""

from __future__ import annotations

import shlex
from pathlib import Path

from labs.cli import help
from utils.base.config import Definition
from utils.base.console import width
from utils.runs.listing import finished_runs
from utils.runs.record import LABELS, Run

INPUTS = {"tables": "FILE.csv", "images": "IMAGE.png", "text": "FILE"}
"""A placeholder by the kind of inputs that a run predicts from."""
CONTINUED = " \\"
"""Ends a line of a command that is continued on the next one."""


def next_steps(definition: Definition, run: Run) -> str:
    """Commands that open the run, compare it with the previous one of its lab, and predict with it."""
    steps = [["open", str(run.folder)]]
    other = previous(run)
    if other is not None:
        steps.append(["compare", str(other), str(run.folder)])
    if LABELS in run.record["files"]:
        from labs.cli.predict import kind_of

        kind = kind_of(run.labels)
        if kind in INPUTS:
            steps.append(["predict", str(run.folder), INPUTS[kind]])
    steps.append([definition.name, "--help"])
    return "\n".join(["", "next:", *(_command([*help.program().split(), *words]) for words in steps)])


def previous(run: Run) -> Path | None:
    """The latest other run of the lab in the same folder."""
    others = finished_runs(run.folder.parent)
    same = (each.folder for each in others if each.record["lab"] == run.record["lab"])
    return next((folder for folder in same if folder.name != run.folder.name), None)


def _command(words: list[str]) -> str:
    """The command, on several lines if it is wider than the terminal."""
    limit = width()
    lines = ["  " + shlex.quote(words[0])]
    for word in map(shlex.quote, words[1:]):
        if limit is not None and len(lines[-1]) + 1 + len(word) + len(CONTINUED) > limit:
            lines[-1] += CONTINUED
            lines.append("    " + word)
        else:
            lines[-1] += f" {word}"
    return "\n".join(lines)

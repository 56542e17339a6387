"""What a user may do with a finished run, as commands to paste."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from labs.cli import help
from utils.base.config import Definition
from utils.base.console import width
from utils.runs.record import LABELS, Run
from utils.runs.run_folder import PARTIAL, RECORD

INPUTS = {"tables": "FILE.csv", "images": "IMAGE.png", "text": "FILE"}
"""A placeholder by the kind of inputs that a run predicts from."""
CONTINUED = " \\"
"""Ends a line of a command that is continued on the next one."""


def next_steps(definition: Definition, run: Run) -> str:
    """Commands that open the run, compare it with the previous one of its lab, and predict with it."""
    steps = []
    if "open" in help.COMMANDS:
        steps.append(["open", str(run.folder)])
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
    records = [path for path in run.folder.absolute().parent.glob(f"*/{RECORD}") if path.parent.name != run.folder.name]
    for path in sorted(records, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            same = json.loads(path.read_text(encoding="utf-8"))["lab"] == run.record["lab"]
        except (OSError, ValueError, KeyError, TypeError):  # not a record
            continue
        if same and not path.parent.name.endswith(PARTIAL):
            return run.folder.parent / path.parent.name
    return None


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

"""The output of `labs`, `labs --help` and `labs --version`; imports nothing heavy."""

from __future__ import annotations

import importlib
import sys
import textwrap
import tomllib
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import labs
from utils.base.console import width, wrapped
from utils.base.paths import ROOT
from utils.datasets.catalog import catalogue
from utils.datasets.locate import state

COMMANDS = {
    "evaluate": ("labs.cli.records.evaluate:Evaluate", "measure a saved run again, on its own or on other data"),
    "predict": ("labs.cli.predict:Predict", "predict from files with the model of a run"),
    "compare": ("labs.cli.records.compare:Compare", "compare two runs"),
    "score": (
        "labs.cli.records.score:Score",
        "evaluate predictions of any source: ROC, type 1 and 2 errors, confusion",
    ),
    "export": ("labs.cli.records.export:Export", "write the model of a run in other formats, each checked"),
    "runs": ("labs.cli.records.runs:Runs", "list your runs"),
    "open": ("labs.cli.records.open:Open", "open the page of a run in a browser"),
    "clean": ("labs.cli.records.clean:Clean", "remove unfinished or named runs"),
    "verify": ("labs.cli.gate.verify:Verify", "train labs again and check their metrics against their bands"),
    "baseline": ("labs.cli.gate.baseline:Baseline", "measure the bands of a lab again"),
    "sweep": ("labs.cli.gate.sweep:Sweep", "train a lab with a grid of hyperparameters and several seeds, in parallel"),
    "data list": ("labs.cli.data:List", "list the data sets and where they are"),
    "data fetch": ("labs.cli.data:Fetch", "download data sets into the cache or into a mirror folder"),
    "data verify": ("labs.cli.data:Verify", "check the files on this machine against their digests"),
    "data where": ("labs.cli.data:Where", "print the paths of a data set"),
    "data serve-mirror": ("labs.course.mirror:ServeMirror", "serve the data sets of this machine to a classroom"),
    "start": ("labs.course.start:Start", "copy the exercise notebooks into a folder of your own"),
    "grade": ("labs.course.grade:Grade", "grade submitted notebooks, without trust in their code"),
    "key": ("labs.course.key:Key", "write the notebooks with their solutions, for instructors"),
    "new": ("labs.cli.new:New", "write the skeleton of a new lab"),
}
"""By the words of the command: its `module:Class`, and what it does."""


def card_fields(card: str) -> dict[str, str]:
    """The fields of a lab's card (`Problem: …`) by lower-case name, with continuation lines joined.

    Args:
        card: the docstring of the lab's package.
    """
    fields: dict[str, str] = {}
    name = ""
    for line in card.splitlines()[1:]:
        head, colon, rest = line.partition(":")
        if colon and head and not head.startswith(" ") and head.isalpha():
            name = head.lower()
            fields[name] = rest.strip()
        elif name:
            fields[name] = f"{fields[name]} {line.strip()}".strip()
    return fields


def program() -> str:
    """The command of the labs as the user called it."""
    return "labs" if Path(sys.argv[0]).stem.lower() == "labs" else "python -m labs"


def version() -> str:
    """The version of the project: that of the checkout, or of the installed package."""
    file = ROOT / "pyproject.toml"
    if file.is_file():
        return str(tomllib.loads(file.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("keras-labs")


WIDEST = 100
"""Width of the descriptions in a pipe."""


def overview() -> str:
    """The labs: title, data and where they are, target, duration, command."""
    limit = min(WIDEST, width() or WIDEST)
    lines = []
    for name in labs.NAMES:
        card = importlib.import_module(f"labs.{name}").__doc__ or ""
        fields = card_fields(card)
        data = [
            f"{entry.name} ({state(entry)})" for entry in catalogue().values() if name in entry.labs and entry.samples
        ]
        lines.append(wrapped(f"{name}: {card.splitlines()[0]}"))
        for title, text in (("data", ", ".join(data)), ("target", fields["target"]), ("time", fields["time"])):
            lines += _hanging(f"  {title:8}", text, limit)
        lines.append(f"  {'run':8}{fields['command']}")
    return "\n".join([*lines, "", f"{program()} --help lists the other commands."])


def usage(group: str = "") -> str:
    """The help of `labs`, or of the commands that begin with a word, such as `data`."""
    called = program()
    commands = [
        (f"{called} {name} …", text) for name, (_, text) in COMMANDS.items() if not group or name.split()[0] == group
    ]
    if group:
        return _listed(commands) + "\n\nAdd --help to any command."
    first = [(called, "the labs, their data and targets"), (f"{called} <lab> …", "run a lab; --help lists its options")]
    return "\n".join(
        [
            "Deep-learning course labs that run anywhere.",
            "",
            _listed([*first, *commands]),
            "",
            wrapped(f"The labs: {', '.join(labs.NAMES)}. python -m labs.<lab> is the same as {called} <lab>."),
            "",
            _listed(
                [
                    ("--help", "added to any command: its options"),
                    ("-q, --quiet", "added to any command: no progress"),
                    ("--version", "print the version"),
                    ("--completion SHELL", "print a script that completes words: bash, zsh, fish, …"),
                ]
            ),
        ]
    )


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    """Two columns; where the second one would be too narrow, its text is below the first."""
    limit, first = width() or sys.maxsize, max(len(name) for name, _ in pairs) + 4
    lines: list[str] = []
    for name, text in pairs:
        if first + 30 <= limit:
            lines += _hanging(f"  {name}".ljust(first), text, limit)
        else:
            lines += [f"  {name}", *_hanging("      ", text, limit)]
    return "\n".join(lines)


def _hanging(head: str, text: str, limit: int) -> list[str]:
    """The text after its head, wrapped and indented by the width of the head."""
    return textwrap.wrap(text, limit, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False)

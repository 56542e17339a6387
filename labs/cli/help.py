"""The output of `python -m labs` and `python -m labs --help`; imports nothing heavy."""

from __future__ import annotations

import importlib
import textwrap

import labs
from utils.datasets.catalog import catalogue
from utils.datasets.locate import state

COMMANDS = {
    "evaluate": ("labs.cli.records.evaluate:Evaluate", "measure a saved run again, on its own or on other data"),
    "predict": ("labs.cli.predict:Predict", "predict from files with the model of a run"),
    "compare": ("labs.cli.records.compare:Compare", "compare two runs"),
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


def overview() -> str:
    """The labs: title, data and where they are, target, duration, command."""
    lines = []
    for name in labs.NAMES:
        card = importlib.import_module(f"labs.{name}").__doc__ or ""
        fields = card_fields(card)
        data = [
            f"{entry.name} ({state(entry)})" for entry in catalogue().values() if name in entry.labs and entry.samples
        ]
        lines.append(f"{name}: {card.splitlines()[0]}")
        for title, text in (("data", ", ".join(data)), ("target", fields["target"]), ("time", fields["time"])):
            lines += textwrap.wrap(text, 100, initial_indent=f"  {title:8}", subsequent_indent=" " * 10)
        lines.append(f"  {'run':8}{fields['command']}")
    return "\n".join([*lines, "", "python -m labs --help lists the other commands."])


def usage() -> str:
    """The help of `python -m labs`."""
    commands = "\n".join(f"  python -m labs {name + ' …':14} {text}" for name, (_, text) in COMMANDS.items())
    return (
        "Deep-learning course labs that run anywhere.\n\n"
        "  python -m labs                the labs, their data and targets\n"
        "  python -m labs.<lab>          run a lab; --help lists its options\n"
        f"{commands}\n\nAdd --help to any command. The labs: {', '.join(labs.NAMES)}."
    )

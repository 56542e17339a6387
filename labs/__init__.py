"""Deep-learning course labs. Each package is one lab: `python -m labs.<name>` runs it, its docstring is its card."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from utils.base.errors import CallerError

if TYPE_CHECKING:
    from utils.runs.lab import Lab

NAMES = ("regression", "classification", "pneumonia", "galaxy", "music", "transfer")
"""The labs, in the order in which `python -m labs` lists them. A new lab is one more name here."""


def find_lab(name: str) -> Lab:
    """The lab of this name.

    Raises:
        CallerError: there is none.
    """
    if name not in NAMES:
        raise CallerError(f"there is no lab {name}", f"the labs are: {', '.join(NAMES)}")
    lab: Lab = importlib.import_module(f"labs.{name}.lab").lab
    return lab

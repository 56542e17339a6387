"""Answers to the exercises of the notebooks: for each, right ones written differently, and wrong ones with their hints.

A module a notebook, of the name of its checks; `ANSWERS` has an entry for each exercise.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Wrong(NamedTuple):
    """A wrong answer, and words of the hint that a student must get for it."""

    answer: Any
    hint: str


class Answers(NamedTuple):
    """What an exercise's check must accept, and what it must refuse."""

    right: Sequence[Any]
    wrong: Sequence[Wrong]


def answers(exercise: str) -> Answers:
    """The answers to `<notebook>.<exercise>`."""
    module, name = exercise.split(".")
    found: Mapping[str, Answers] = importlib.import_module(f"{__name__}.{module}").ANSWERS
    return found[name]

"""Friendly checks of the exercises in the notebooks, with or without a grader.

    check("regression.rmse", rmse)

prints that an answer is right and what it means, or raises `NotYetError`, which a notebook shows as three lines: what
was expected, what was given, and a hint. A grader counts a cell that raises as not solved.

The exercises of a notebook are functions that check an answer, listed in `EXERCISES` of a module: that of the lab, or
one in this package for a notebook without a lab. `tests/exercises/` has answers that each must accept and reject.
"""

from __future__ import annotations

import importlib
from typing import Any

import labs
from utils.base.errors import CallerError
from utils.teaching.answers import Judge, NotYetError, wrapped

__all__ = ["NotYetError", "check", "exercises"]

WITHOUT_LAB = ("start_here", "saving")
"""The notebooks that belong to no lab, by their names in `check`."""
MODULES = {name: f"labs.exercises.{name}" for name in WITHOUT_LAB} | {
    name: f"labs.{name}.exercises" for name in labs.NAMES
}
"""The module of the exercises, by notebook."""


def exercises() -> dict[str, Judge]:
    """Every exercise by its full name, `<notebook>.<exercise>`."""
    return {
        f"{notebook}.{name}": judge
        for notebook, module in MODULES.items()
        for name, judge in importlib.import_module(module).EXERCISES.items()
    }


def check(name: str, answer: Any) -> None:
    """Check an answer, and print what it means if it is right.

    Args:
        name: `<notebook>.<exercise>`.
        answer: the student's answer: a value or a function, depending on the exercise.

    Raises:
        NotYetError: the answer is not right yet.
        CallerError: there is no such exercise.
    """
    judges = exercises()
    if name not in judges:
        raise CallerError(f"there is no exercise {name}", f"the exercises are: {', '.join(judges)}")
    meaning = judges[name](answer)
    print(f"✔ {name}: right\n{wrapped('', meaning)}")

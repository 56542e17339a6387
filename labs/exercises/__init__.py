"""Friendly verdicts on the exercises of the notebooks, with a grader or without one.

    check("regression.rmse", rmse)

prints that an answer is right and what it means, or raises `NotYetError`, which a notebook shows as three lines: what
was expected, what came, a hint. A grader counts a cell that raises as not solved; nothing else is needed for it.

The exercises of a notebook are functions that judge an answer, listed in the `EXERCISES` of a module: that of the lab,
or one in this package for a notebook without a lab. `tests/exercises/` has the answers that each must accept and
refuse.
"""

from __future__ import annotations

import importlib
from typing import Any

import labs
from utils.base.errors import CallerError
from utils.teaching.answers import Judge, NotYetError, wrapped

__all__ = ["NotYetError", "check", "exercises"]

MODULES = {"start_here": "labs.exercises.start_here"} | {name: f"labs.{name}.exercises" for name in labs.NAMES}
"""By notebook, the module of its exercises."""


def exercises() -> dict[str, Judge]:
    """Every exercise by its full name, `<notebook>.<exercise>`."""
    return {
        f"{notebook}.{name}": judge
        for notebook, module in MODULES.items()
        for name, judge in importlib.import_module(module).EXERCISES.items()
    }


def check(name: str, answer: Any) -> None:
    """Judge an answer, and print the verdict where it is right.

    Args:
        name: of the exercise, `<notebook>.<exercise>`.
        answer: the student's: a value or a function, as the exercise says.

    Raises:
        NotYetError: it is not right yet.
        CallerError: there is no such exercise.
    """
    judges = exercises()
    if name not in judges:
        raise CallerError(f"there is no exercise {name}", f"the exercises are: {', '.join(judges)}")
    meaning = judges[name](answer)
    print(f"✔ {name}: right\n{wrapped('', meaning)}")

"""Friendly verdicts on the exercises of the notebooks, with a grader or without one.

    check("regression.rmse", rmse)

prints that an answer is right and what it means, or raises `NotYetError`, which a notebook shows as three lines: what
was expected, what came, a hint. A grader counts a cell that raises as not solved; nothing else is needed for it.

The exercises of a notebook stand in the module of its name here: functions that judge an answer, listed in
`EXERCISES`. `tests/exercises/` holds the answers that each must accept and refuse.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from utils.checks.verdicts import Judge, NotYetError, wrapped
from utils.errors import CallerError

__all__ = ["NotYetError", "check", "exercises"]


def exercises() -> dict[str, Judge]:
    """Every exercise by its full name, `<notebook>.<exercise>`."""
    found: dict[str, Judge] = {}
    for module in pkgutil.iter_modules(__path__):
        judges = getattr(importlib.import_module(f"{__name__}.{module.name}"), "EXERCISES", {})
        found |= {f"{module.name}.{name}": judge for name, judge in judges.items()}
    return found


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

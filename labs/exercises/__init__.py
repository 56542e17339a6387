"""Friendly checks of the exercises in the notebooks, with or without a grader.

    check("regression.rmse", rmse)     # right, or what was expected, what was given, and a hint
    hint("regression.rmse")            # a second, stronger hint
    solution("regression.rmse")        # after an attempt

`check` prints that an answer is right and what it means, or raises `NotYetError`, which a notebook shows as a few lines
without a traceback.

The exercises of a notebook are functions that check an answer, listed in `EXERCISES` of a module: of the lab, or in
this package for a notebook without a lab. The module also has a second hint for each exercise in `HINTS`, and in
`VARIANTS` the exercises whose numbers may differ between students. `tests/exercises/` has answers that each must accept
and reject.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import labs
from utils.base.errors import CallerError
from utils.base.paths import EXERCISES
from utils.teaching.answers import Asked, Judge, NotYetError, wrapped
from utils.teaching.variants import Variants, student_of

__all__ = [
    "NotYetError",
    "check",
    "exercises",
    "hint",
    "is_graded",
    "judged",
    "notebooks_of",
    "recorded",
    "solution",
    "variants",
]

WITHOUT_LAB = ("start_here", "saving")
"""The notebooks that belong to no lab, by their names in `check`."""


def _modules() -> dict[str, str]:
    """The module of the exercises, by notebook.

    A lab with one notebook has `exercises.py`. A lab with several has the package `exercises` with a module for each:
    `labs/<lab>/exercises/<part>.py` is that of the notebook `<lab>_<part>`.
    """
    found = {name: f"labs.exercises.{name}" for name in WITHOUT_LAB}
    for lab in labs.NAMES:
        package = Path(labs.__file__).parent / lab / "exercises"
        parts = sorted(path.stem for path in package.glob("[!_]*.py"))
        found |= {f"{lab}_{part}": f"labs.{lab}.exercises.{part}" for part in parts}
        if not parts:
            found[lab] = f"labs.{lab}.exercises"
    return found


MODULES = _modules()
"""The module of the exercises, by notebook."""


def notebooks_of(lab: str) -> list[str]:
    """The notebooks of a lab."""
    return [notebook for notebook, module in MODULES.items() if module.startswith(f"labs.{lab}.")]


RECORD = "solutions.json"
"""File beside the exercise notebooks: the solution of each exercise, and the name of its answer."""

_attempted: set[str] = set()
_solved: set[str] = set()


def exercises() -> dict[str, Judge]:
    """Every exercise by its full name, `<notebook>.<exercise>`."""
    return {
        f"{notebook}.{name}": judge
        for notebook, module in MODULES.items()
        for name, judge in importlib.import_module(module).EXERCISES.items()
    }


def _module(name: str) -> Any:
    """The module of an exercise.

    Raises:
        CallerError: there is no such exercise.
    """
    notebook, _, exercise = name.partition(".")
    module = importlib.import_module(MODULES[notebook]) if notebook in MODULES else None
    if module is None or exercise not in module.EXERCISES:
        raise CallerError(f"there is no exercise {name}", f"the exercises are: {', '.join(exercises())}")
    return module


def variants(name: str) -> Variants | None:
    """The numbers of an exercise that may differ between students; None if they are the same for all."""
    found: dict[str, Variants] = getattr(_module(name), "VARIANTS", {})
    return found.get(name.partition(".")[2])


def is_graded(name: str) -> bool:
    """Whether a grader can judge an exercise: only values come back from a student's process, no models."""
    return name.partition(".")[2] not in getattr(_module(name), "NOT_GRADED", ())


def judged(name: str, answer: Any, student: str = "") -> str:
    """Check an answer; returns what the right answer means.

    Args:
        name: `<notebook>.<exercise>`.
        answer: the student's answer: a value or a function, depending on the exercise.
        student: whose numbers are used; empty for those of the notebook's text.

    Raises:
        NotYetError: the answer is not right yet.
        CallerError: there is no such exercise.
    """
    judge: Judge = _module(name).EXERCISES[name.partition(".")[2]]
    differing = variants(name)
    numbers = differing.of(name, student) if differing else {}
    asked = Asked(answer, name.partition(".")[2]) if callable(answer) else None
    try:
        return judge(asked or answer, **numbers)
    except NotYetError as error:
        if asked is not None:
            error.inputs = asked.inputs()
        raise


def check(name: str, answer: Any) -> None:
    """Check an answer, and print what it means if it is right.

    Args:
        name: `<notebook>.<exercise>`.
        answer: the student's answer: a value or a function, depending on the exercise.

    Raises:
        NotYetError: the answer is not right yet.
        CallerError: there is no such exercise.
    """
    try:
        meaning = judged(name, answer, student_of(Path.cwd()))
    except NotYetError as error:
        _solved.discard(name)
        if error.attempted:
            _attempted.add(name)
        more = f'hint("{name}")' + (f', solution("{name}")' if name in _attempted else "")
        error.notes = [wrapped("more:", more), f"  {_progress(name)}"]
        raise
    _attempted.add(name)
    _solved.add(name)
    print(f"✔ {name}: right\n{wrapped('', meaning)}\n  {_progress(name)}")


def _progress(name: str) -> str:
    notebook = name.partition(".")[0]
    names = [f"{notebook}.{each}" for each in _module(name).EXERCISES]
    return f"{len(_solved.intersection(names))} of {len(names)} solved"


def hint(name: str) -> None:
    """Print the second hint of an exercise, which says more than that of the check.

    Raises:
        CallerError: there is no such exercise.
    """
    print(wrapped("hint:", _module(name).HINTS[name.partition(".")[2]]))


def solution(name: str) -> None:
    """Print a solution of an exercise, after its check has seen an attempt in this session.

    Raises:
        CallerError: there is no such exercise.
    """
    _module(name)
    if name not in _attempted:
        print(wrapped("", f"Try it first: run the check of {name} with an answer of your own, even a wrong one."))
        return
    if name not in recorded():
        raise CallerError(f"{name} has no recorded solution", "python -m notebooks --exercises writes them")
    if variants(name) and student_of(Path.cwd()):
        print("# with the numbers of the text")
    print(recorded()[name]["solution"])


def recorded() -> dict[str, dict[str, str]]:
    """The notebook, the name of the answer and the solution of each exercise, as the generator wrote them."""
    found: dict[str, dict[str, str]] = json.loads((EXERCISES / RECORD).read_text(encoding="utf-8"))
    return found

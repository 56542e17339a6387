"""Checking an answer: what was expected, what was given, and a hint that helps without revealing the solution."""

from __future__ import annotations

import math
import textwrap
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Judge = Callable[[Any], str]
"""Checks an answer: returns a sentence on what the right answer means, or raises `NotYetError`."""

CLOSE = 1e-4
"""Relative tolerance of numbers: float32 and rounding to five digits pass."""
WIDTH = 88
"""Largest number of characters per line, so that a notebook does not wrap it."""
BEGIN = "write your answer in the cell above, run it, then run this cell again"


class NotYetError(AssertionError):
    """An answer that is not right yet. A notebook shows only its three lines, without a traceback.

    Args:
        expected: what the answer should be.
        got: what it is.
        hint: what to change.
    """

    def __init__(self, expected: str, got: str, hint: str) -> None:
        lines = [wrapped(f"{name}:", text) for name, text in (("expected", expected), ("got", got), ("hint", hint))]
        super().__init__("\n".join(["not yet", *lines]))
        self.expected, self.got, self.hint = expected, got, hint

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython prints instead of a traceback."""
        return [f"✘ {self}"]


def wrapped(label: str, text: str) -> str:
    """A label and an indented text, in lines that fit a cell."""
    indent = " " * (len("  expected: ") if label else 2)
    return textwrap.fill(text, WIDTH, initial_indent=f"  {label}".ljust(len(indent)), subsequent_indent=indent)


class Mistake(NamedTuple):
    """The answer that a known mistake gives, and the hint for it."""

    answer: Any
    hint: str


def shown(value: Any) -> str:
    """A short description of a value in one line."""
    if value is None or value is Ellipsis:
        return "nothing yet"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}: " + np.array2string(value.ravel()[:4], precision=4, threshold=4)
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"


def begun(answer: Any, expected: str) -> None:
    """Reject an answer that has not been started.

    Raises:
        NotYetError: it is None or `...`.
    """
    if answer is None or answer is Ellipsis:
        raise NotYetError(expected, "nothing yet", BEGIN)


def called(answer: Any, *arguments: Any, expected: str, signature: str) -> Any:
    """The result of the student's function. Arguments are copied first, so that the function cannot change ours.

    Args:
        answer: the function.
        *arguments: for it.
        expected: what it should return, in words.
        signature: how it is called (`rmse(truth, prediction)`).

    Raises:
        NotYetError: it is not a function, it raises, or it returns nothing.
    """
    begun(answer, f"a function {signature}")
    if not callable(answer):
        raise NotYetError(f"a function {signature}", shown(answer), "pass the function itself, without calling it")
    copies = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # graders treat output on standard error as a failure
            given = answer(*copies)
    except Exception as error:
        raise NotYetError(
            expected, f"{type(error).__name__}: {error}", f"call {signature} yourself to see the error"
        ) from error
    if given is None or given is Ellipsis:
        raise NotYetError(expected, "the function returns nothing", f"end the function with `return …`, or {BEGIN}")
    return given


def number(
    given: Any, right: float, *, what: str, mistakes: Sequence[Mistake] = (), hint: str, close: float = CLOSE
) -> None:
    """Compare a number with the right one: a Python or NumPy number, or an array or tensor of one value.

    Args:
        given: the student's answer.
        right: the right answer.
        what: what it should be, in words.
        mistakes: wrong numbers that known mistakes give.
        hint: the hint for all other answers.
        close: relative tolerance.

    Raises:
        NotYetError: it differs, or is not a number.
    """
    begun(given, what)
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf" or values.size != 1:
            raise TypeError
        value = float(values.reshape(()))
    except (TypeError, ValueError):
        raise NotYetError(f"{what}, as a single number", shown(given), hint) from None
    if math.isclose(value, right, rel_tol=close, abs_tol=close * 1e-3):
        return
    for mistake in mistakes:
        if math.isclose(value, mistake.answer, rel_tol=close, abs_tol=close * 1e-3):
            raise NotYetError(what, shown(value), mistake.hint)
    raise NotYetError(what, shown(value), hint)


def array(
    given: Any, right: Array, *, what: str, mistakes: Sequence[Mistake] = (), hint: str, close: float = CLOSE
) -> None:
    """Compare an array with the right one: a NumPy array, a tensor or nested lists of the same shape.

    Args:
        given: the student's answer.
        right: the right answer.
        what: what it should be, in words.
        mistakes: wrong arrays that known mistakes give.
        hint: the hint for all other answers.
        close: tolerance, relative to the largest value.

    Raises:
        NotYetError: the shape or a value differs, or it is not an array of numbers.
    """
    begun(given, what)
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf":
            raise TypeError
        values = values.astype("float64")
    except (TypeError, ValueError):
        raise NotYetError(f"{what}, as numbers", shown(given), hint) from None
    for mistake in mistakes:
        if _same(values, np.asarray(mistake.answer), close):
            raise NotYetError(what, shown(values), mistake.hint)
    if values.shape != right.shape:
        raise NotYetError(f"{what}, of shape {right.shape}", shown(values), f"check the shape; {hint}")
    if not _same(values, right, close):
        raise NotYetError(what, shown(values), hint)


def _same(values: Array, right: Array, close: float) -> bool:
    if values.shape != right.shape:
        return False
    largest = float(np.abs(right).max(initial=0.0))
    return bool(np.allclose(values, right, rtol=close, atol=close * largest))

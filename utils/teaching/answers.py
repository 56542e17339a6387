"""How an answer is judged: what was expected, what came, and a hint that helps without giving the answer away."""

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
"""Judges an answer: a sentence on what the right answer means, or `NotYetError`."""

CLOSE = 1e-4
"""Relative difference at which two numbers are the same answer: float32 and rounding to five digits pass."""
WIDTH = 88
"""Characters of a line, so that a cell does not break it."""
BEGIN = "write your answer in the cell above, run it, then run this cell again"


class NotYetError(AssertionError):
    """An answer that is not right yet. A notebook shows its three lines alone, without a traceback.

    Args:
        expected: what a right answer is like.
        came: what this one is.
        hint: where to look.
    """

    def __init__(self, expected: str, came: str, hint: str) -> None:
        lines = [wrapped(f"{name}:", text) for name, text in (("expected", expected), ("came", came), ("hint", hint))]
        super().__init__("\n".join(["not yet", *lines]))
        self.expected, self.came, self.hint = expected, came, hint

    def _render_traceback_(self) -> list[str]:
        """What IPython prints in place of a traceback."""
        return [f"✘ {self}"]


def wrapped(label: str, text: str) -> str:
    """A label and a text that keeps to its right, in lines that fit a cell."""
    indent = " " * (len("  expected: ") if label else 2)
    return textwrap.fill(text, WIDTH, initial_indent=f"  {label}".ljust(len(indent)), subsequent_indent=indent)


class Mistake(NamedTuple):
    """An answer that a known mistake leads to, and the hint for it."""

    answer: Any
    hint: str


def shown(value: Any) -> str:
    """A value in a line, short."""
    if value is None or value is Ellipsis:
        return "nothing yet"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}: " + np.array2string(value.ravel()[:4], precision=4, threshold=4)
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"


def begun(answer: Any, expected: str) -> None:
    """Refuse an answer that was not begun.

    Raises:
        NotYetError: it is None or `...`.
    """
    if answer is None or answer is Ellipsis:
        raise NotYetError(expected, "nothing yet", BEGIN)


def called(answer: Any, *arguments: Any, expected: str, signature: str) -> Any:
    """What the student's function gives for arguments; they are copied first, so that it cannot change ours.

    Args:
        answer: the function.
        *arguments: for it.
        expected: what it is to give, in words.
        signature: how it is called (`rmse(truth, prediction)`).

    Raises:
        NotYetError: it is no function, it raises, or it gives nothing.
    """
    begun(answer, f"a function {signature}")
    if not callable(answer):
        raise NotYetError(f"a function {signature}", shown(answer), "give the function itself, without calling it")
    copies = [value.copy() if isinstance(value, np.ndarray) else value for value in arguments]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # graders take what is printed there for an error
            given = answer(*copies)
    except Exception as error:
        raise NotYetError(
            expected, f"{type(error).__name__}: {error}", f"call {signature} yourself and look"
        ) from error
    if given is None or given is Ellipsis:
        raise NotYetError(expected, "the function returns nothing", f"end it with `return …`; or {BEGIN}")
    return given


def number(
    given: Any, right: float, *, what: str, mistakes: Sequence[Mistake] = (), hint: str, close: float = CLOSE
) -> None:
    """Hold a number against the right one: a Python or NumPy number, or an array or tensor of a single one.

    Args:
        given: the student's.
        right: the right one.
        what: it is, in words.
        mistakes: wrong numbers that tell what went wrong.
        hint: for all others.
        close: relative difference that is accepted.

    Raises:
        NotYetError: it is another, or no number.
    """
    begun(given, what)
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf" or values.size != 1:
            raise TypeError
        value = float(values.reshape(()))
    except (TypeError, ValueError):
        raise NotYetError(f"{what}: a single number", shown(given), hint) from None
    if math.isclose(value, right, rel_tol=close, abs_tol=close * 1e-3):
        return
    for mistake in mistakes:
        if math.isclose(value, mistake.answer, rel_tol=close, abs_tol=close * 1e-3):
            raise NotYetError(what, shown(value), mistake.hint)
    raise NotYetError(what, shown(value), hint)


def array(
    given: Any, right: Array, *, what: str, mistakes: Sequence[Mistake] = (), hint: str, close: float = CLOSE
) -> None:
    """Hold an array against the right one: NumPy's, a tensor or nested lists, of the same shape.

    Args:
        given: the student's.
        right: the right one.
        what: it is, in words.
        mistakes: wrong arrays that tell what went wrong.
        hint: for all others.
        close: relative difference that is accepted, of the largest value.

    Raises:
        NotYetError: the shape or a value differs, or it is no array of numbers.
    """
    begun(given, what)
    try:
        values = np.asarray(given)
        if values.dtype.kind not in "iuf":
            raise TypeError
        values = values.astype("float64")
    except (TypeError, ValueError):
        raise NotYetError(f"{what}: numbers", shown(given), hint) from None
    for mistake in mistakes:
        if _same(values, np.asarray(mistake.answer), close):
            raise NotYetError(what, shown(values), mistake.hint)
    if values.shape != right.shape:
        raise NotYetError(f"{what}, of shape {right.shape}", shown(values), f"look at the shape; {hint}")
    if not _same(values, right, close):
        raise NotYetError(what, shown(values), hint)


def _same(values: Array, right: Array, close: float) -> bool:
    if values.shape != right.shape:
        return False
    largest = float(np.abs(right).max(initial=0.0))
    return bool(np.allclose(values, right, rtol=close, atol=close * largest))

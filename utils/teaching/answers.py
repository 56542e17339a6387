"""Checking an answer: what was expected, what was given, and a hint that helps without revealing the solution."""

from __future__ import annotations

import inspect
import math
import os
import textwrap
import threading
import traceback
import warnings
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Judge = Callable[..., str]
"""Checks an answer: returns a sentence on what the right answer means, or raises `NotYetError`.

Its first argument is the answer; further ones, with defaults, are numbers that `VARIANTS` may change.
"""

CLOSE = 1e-4
"""Relative tolerance of numbers: float32 and rounding to five digits pass."""
WIDTH = 88
"""Largest number of characters per line, so that a notebook does not wrap it."""
BEGIN = "write your answer in the cell above, run it, then run this cell again"


class NotYetError(AssertionError):
    """An answer that is not right yet. A notebook shows only its lines, without a traceback.

    Args:
        expected: what the answer should be.
        got: what it is.
        hint: what to change.
        attempted: whether there was an answer at all.

    Attributes:
        inputs: the call of the student's function that was judged; empty if the answer is no function.
        notes: lines below the others: progress, and where to find more help.
    """

    def __init__(self, expected: str, got: str, hint: str, *, attempted: bool = True) -> None:
        super().__init__(expected, got, hint)
        self.expected, self.got, self.hint, self.attempted = expected, got, hint, attempted
        self.inputs = ""
        self.notes: list[str] = []

    def __str__(self) -> str:
        lines = {"inputs": self.inputs, "expected": self.expected, "got": self.got, "hint": self.hint}
        return "\n".join(["not yet", *(wrapped(f"{name}:", text) for name, text in lines.items() if text), *self.notes])

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython prints instead of a traceback."""
        return [f"✘ {self}"]


class Asked:
    """A student's function that remembers its last arguments, so that a result can show them.

    Args:
        function: of the student.
        name: of the function.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function, self.name = function, name
        self.last: tuple[Any, ...] | None = None

    def __call__(self, *arguments: Any) -> Any:
        """Call the function."""
        self.last = arguments
        return self.function(*arguments)

    def inputs(self) -> str:
        """The last call as text: `rmse(truth=[30. 42.5], prediction=[33. 40.5])`; empty if there was none."""
        if self.last is None:
            return ""
        try:
            names = [f"{name}=" for name in inspect.signature(self.function).parameters]
        except (TypeError, ValueError):
            names = []
        names = names if len(names) == len(self.last) else [""] * len(self.last)
        given = (f"{name}{value_of(each)}" for name, each in zip(names, self.last, strict=True))
        return f"{self.name}({', '.join(given)})"


def wrapped(label: str, text: str) -> str:
    """A label and an indented text, in lines that fit a cell."""
    indent = " " * (len("  expected: ") if label else 2)
    return textwrap.fill(text, WIDTH, initial_indent=f"  {label}".ljust(len(indent)), subsequent_indent=indent)


class Mistake(NamedTuple):
    """The answer that a known mistake gives, and the hint for it."""

    answer: Any
    hint: str


SHOWN = 12
"""Largest number of array elements that a result shows."""


def value_of(value: Any) -> str:
    """An argument in one line; of a long array the first elements, its shape and "…"."""
    if not isinstance(value, np.ndarray):
        text = " ".join(repr(value).split())
        return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"
    if value.size <= SHOWN or (value.ndim == 2 and value.size <= 3 * SHOWN):
        return " ".join(np.array2string(value, precision=4, separator=", ", max_line_width=10_000).split())
    return f"array of shape {value.shape}: {_first(value, SHOWN)}"


def _first(value: Array, count: int) -> str:
    """The first elements, in one line, with "…" if there are more."""
    text = np.array2string(value.ravel()[:count], precision=4, threshold=count, max_line_width=10_000)
    return f"{text[:-1]} …]" if value.size > count else text


def shown(value: Any) -> str:
    """A short description of a value in one line."""
    if value is None or value is Ellipsis:
        return "nothing yet"
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}: {_first(value, 4)}"
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else f"{text[:57]}…"


class RaisedError(Exception):
    """What a student's function raised in another process, as `failure` describes it."""


def failure(error: BaseException, files: str | None = None) -> str:
    """An exception of the student's code with its line: `ValueError: no (line 2: return no)`.

    Args:
        error: the exception.
        files: how the names of files with the student's code begin; defaults to the folder of the first file that is
            not this one, which is that of a notebook's cells.
    """
    if isinstance(error, RaisedError):
        return str(error)
    text = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    files = files or (os.path.dirname(frames[0].filename) + os.sep if frames else "")  # noqa: PTH120 - no path
    own = [frame for frame in frames if frame.filename.startswith(files)]
    if not own or not own[-1].line:
        return text
    return f"{text} (line {own[-1].lineno}: {own[-1].line.strip()})"


def begun(answer: Any, expected: str) -> None:
    """Reject an answer that has not been started.

    Raises:
        NotYetError: it is None or `...`.
    """
    if answer is None or answer is Ellipsis:
        raise NotYetError(expected, "nothing yet", BEGIN, attempted=False)


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
        # The filters of warnings are shared by all threads, and a grader judges in several.
        alone = threading.current_thread() is threading.main_thread()
        with warnings.catch_warnings() if alone else nullcontext():
            if alone:
                warnings.simplefilter("ignore")
            given = answer(*copies)
    except NotYetError:  # of a grader: the process with the answer ended
        raise
    except Exception as error:
        raise NotYetError(expected, failure(error), f"call {signature} yourself to see the whole error") from error
    if given is None or given is Ellipsis:
        hint = f"end the function with `return …`, or {BEGIN}"
        raise NotYetError(expected, "the function returns nothing", hint, attempted=False)
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

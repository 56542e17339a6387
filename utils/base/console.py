"""What a command prints: results on standard output, everything for a person on standard error.

A reader that has had enough (`… | head`) or a closed stream never stops the work.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm


def open_streams() -> None:
    """Make both streams usable: closed ones go nowhere, and a character that a terminal lacks is escaped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def show(text: str) -> None:
    """A result, on standard output."""
    _write(text, sys.stdout)


_asides = "stderr"


def say_on_the_page() -> None:
    """From here on, `say` on standard output: a notebook is one page, and shows standard error as a failure."""
    global _asides
    _asides = "stdout"


def say(text: str) -> None:
    """A line for a person, on standard error."""
    _write(text, getattr(sys, _asides))


def progress(total: int | None, what: str, unit: str, *, done: int = 0) -> tqdm[Any]:
    """A bar on standard error for long work; without a terminal, one line that names the work.

    Args:
        total: units of work, or None where nobody knows.
        what: the work (`decoding pictures`).
        unit: of the work; `B` counts bytes.
        done: units that were done before.
    """
    from tqdm import tqdm

    if not sys.stderr.isatty():
        say(what)
    bytewise = unit == "B"
    return tqdm(
        total=total,
        initial=done,
        desc=what,
        unit=unit,
        unit_scale=bytewise,
        unit_divisor=1000,
        leave=False,
        disable=None,  # no bar where standard error is no terminal
        file=sys.stderr,
    )


def _write(text: str, stream: TextIO) -> None:
    try:
        print(text, file=stream, flush=True)
    except BrokenPipeError:
        # From here on the stream goes nowhere; Python's own flush at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

"""Output of the commands: results on standard output, messages and progress on standard error.

A closed stream never stops the work. If the reader of the progress leaves (`… 2>&1 | head`), the rest of it is
discarded. If the reader of the result leaves before it is written, the command completes its work without a message and
exits with status 141, which a shell reports for a closed pipe (128 + SIGPIPE); the status of a failure is kept.
"""

from __future__ import annotations

import os
import select
import sys
from typing import TYPE_CHECKING, Any, TextIO

from utils.base.paths import printable

if TYPE_CHECKING:
    from tqdm import tqdm


def open_streams() -> None:
    """Make both streams usable: a closed one discards its text; a character that a terminal lacks is escaped."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")


_result_lost = False


def show(text: str) -> None:
    """Print a result on standard output."""
    global _result_lost
    if not _write(text, sys.stdout):
        _result_lost = True


def result_lost() -> bool:
    """Whether the reader of standard output left before the whole result was written; flushes standard output."""
    return _result_lost or not _write("", sys.stdout, end="")


def reader_left() -> bool:
    """Whether the reader of standard output has left; if so, further output is discarded."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):  # not a file: a notebook, a test
        return False
    if hasattr(select, "poll"):  # not on Windows
        poll = select.poll()
        poll.register(descriptor, 0)
        if not any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0)):
            return False
    _discard(sys.stdout)
    return True


_asides = "stderr"


def say_on_the_page() -> None:
    """Let `say` print on standard output from now on: a notebook marks standard error as a failure."""
    global _asides
    _asides = "stdout"


def say(text: str) -> None:
    """Print a message on standard error."""
    _write(text, getattr(sys, _asides))


def progress(total: int | None, what: str, unit: str, *, done: int = 0) -> tqdm[Any]:
    """A progress bar on standard error; without a terminal, one line with the description.

    Args:
        total: units of work, or None if unknown.
        what: description of the work (`decoding images`).
        unit: name of a unit; `B` counts bytes.
        done: units that are already done.
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
        disable=None,  # no bar if standard error is not a terminal
        file=sys.stderr,
    )


def _write(text: str, stream: TextIO, end: str = "\n") -> bool:
    """Print and flush; False if the reader has left."""
    try:
        print(printable(str(text)), file=stream, end=end, flush=True)
    except BrokenPipeError:
        _discard(stream)
        return False
    return True


def _discard(stream: TextIO) -> None:
    # The null device also takes what is still buffered, which Python flushes when it exits.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())

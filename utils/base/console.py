"""Output of the commands: results on standard output, messages and progress on standard error.

On a terminal, text fits its width, SIMULATED data and leaks are red, and progress is one line that is replaced. Through
a pipe, lines are plain and have any length. `NO_COLOR`, `TERM=dumb` and `COLUMNS` are respected.

A closed stream never stops the work. If the reader of the progress leaves (`… 2>&1 | head`), the rest of it is
discarded. If the reader of the result leaves before it is written, the command completes its work without a message and
exits with status 141, which a shell reports for a closed pipe (128 + SIGPIPE); the status of a failure is kept.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def captured_stderr(*, shown: bool = True) -> Iterator[None]:
    """Keep what libraries write to the file descriptor of standard error from the user.

    TensorFlow writes lines to the descriptor whatever its settings; replacing `sys.stderr` does not stop them.

    Args:
        shown: whether the lines are shown after all if the block fails.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except BaseException:
            os.dup2(saved, 2)
            captured.seek(0)
            if shown:
                os.write(2, captured.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)


_result_lost = False


def show(text: str) -> None:
    """Print a result on standard output."""
    global _result_lost
    if not _write(text, sys.stdout):
        _result_lost = True


def result_lost() -> bool:
    """Whether the reader of standard output left before the whole result was written; flushes standard output."""
    return _result_lost or not _print("", sys.stdout, end="")


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
_quiet = False
_status = ""


def say_on_the_page() -> None:
    """Let `say` print on standard output from now on: a notebook marks standard error as a failure."""
    global _asides
    _asides = "stdout"


def say(text: str) -> None:
    """Print a message on standard error."""
    _write(text, getattr(sys, _asides))


def set_quiet(quiet: bool) -> None:
    """Whether progress is hidden from now on; messages, errors and results are not."""
    global _quiet
    _quiet = quiet


def say_progress(text: str) -> None:
    """Print a line of progress on standard error, unless progress is hidden."""
    if not _quiet:
        say(text)


def on_terminal() -> bool:
    """Whether progress is shown on a terminal, in a line that is replaced."""
    return sys.stderr.isatty() and not _quiet


def status(text: str) -> None:
    """Replace the line of progress at the bottom of the terminal, by none if the text is empty.

    Any other output removes it. Nothing happens without a terminal.
    """
    global _status
    if not on_terminal() or text == _status:
        return
    text = text[: columns(sys.stderr) - 1]
    _print(f"\r{text.ljust(len(_status))}{'' if text else chr(13)}", sys.stderr, end="")
    _status = text


NARROWEST = 20


def columns(stream: TextIO) -> int:
    """Number of columns of a stream's terminal, or that of the environment variable COLUMNS; 80 if neither is known."""
    found = shutil.get_terminal_size().columns
    if not os.environ.get("COLUMNS", "").isdigit() and stream.isatty():
        with suppress(OSError, ValueError):  # a stream that claims to be a terminal
            found = os.get_terminal_size(stream.fileno()).columns or found
    return max(NARROWEST, found)


def width() -> int | None:
    """The columns that a result has; None through a pipe, where lines may have any length unless COLUMNS is set."""
    limited = sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdigit()
    return columns(sys.stdout) if limited else None


def wrapped(text: str, *, hang: int = 0, most: int | None = None) -> str:
    """The text with each of its lines wrapped at words to the width of a result, indented as the line is.

    Args:
        text: words longer than the width (paths) remain whole.
        hang: further indentation of the lines that continue one.
        most: largest width, also through a pipe.
    """
    limit = min((limit for limit in (width(), most) if limit is not None), default=None)
    return text if limit is None else "\n".join(_wrapped(line, limit, hang) for line in text.split("\n"))


def _wrapped(line: str, limit: int, hang: int) -> str:
    indent = line[: len(line) - len(line.lstrip())] + " " * hang
    return "\n".join(
        textwrap.wrap(line, limit, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    )


def progress(total: int | None, what: str, unit: str, *, done: int = 0) -> tqdm[Any]:
    """A progress bar on standard error; without a terminal, one line with the description.

    Args:
        total: units of work, or None if unknown.
        what: description of the work (`decoding images`).
        unit: name of a unit; `B` counts bytes.
        done: units that are already done.
    """
    from tqdm import tqdm

    status("")
    if not sys.stderr.isatty():
        say_progress(what)
    bytewise = unit == "B"
    return tqdm(
        total=total,
        initial=done,
        desc=what,
        unit=unit,
        unit_scale=bytewise,
        unit_divisor=1000,
        leave=False,
        disable=_quiet or None,  # None: no bar if standard error is not a terminal
        dynamic_ncols=True,
        file=sys.stderr,
    )


ALARM = re.compile(r"(?:SIMULATED|GENERATED)(?: data)?|\bMOVED\b|this split leaks: .*(?:\n {2,}.*)*")
"""What must not be overlooked."""


def _write(text: str, stream: TextIO, end: str = "\n") -> bool:
    """Print below the line of progress, with alarms in red on a terminal; False if the reader has left."""
    if _status and stream.isatty():
        status("")
    if stream.isatty() and ALARM.search(text) and _shows_colours(stream):
        text = ALARM.sub(lambda alarm: f"\033[31m{alarm[0]}\033[39m", text)
    return _print(text, stream, end)


def _shows_colours(stream: TextIO) -> bool:
    """Whether a terminal shows colours and the user has not disabled them."""
    from rich.console import Console

    console = Console(file=stream)
    return console.color_system is not None and not console.no_color and not console.legacy_windows


def _print(text: str, stream: TextIO, end: str = "\n") -> bool:
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

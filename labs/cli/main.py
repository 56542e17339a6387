"""The entry points of the command line, and how a command ends: status 0, 1 or 2, and errors in two lines.

Nothing heavy is imported here: `python -m labs --help` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import labs
from utils.base.console import open_streams, reader_left, result_lost, say, show
from utils.base.errors import CLOSED_PIPE, INTERRUPTED, CallerError, LabsError


def run_labs() -> NoReturn:
    """`python -m labs …`."""
    _exit(lambda: execute(sys.argv[1:]))


def run_lab(name: str) -> NoReturn:
    """`python -m labs.<name> …`."""
    _exit(lambda: execute_lab(name, sys.argv[1:]))


def _exit(action: Callable[[], int]) -> NoReturn:
    open_streams()
    status: str | int | None
    try:
        status = status_of(action)
    except SystemExit as ended:  # after --help
        status = ended.code
    sys.exit(CLOSED_PIPE if result_lost() and status in (0, None) else status)


def status_of(action: Callable[[], int]) -> int:
    """Run a command and return its exit status; errors that the user can fix are printed in two lines."""
    try:
        return action()
    except LabsError as error:
        say(f"error: {error.message}\nhint: {error.hint}")
        return error.exit_status
    except BrokenPipeError:
        if not reader_left():
            raise
        return CLOSED_PIPE
    except OSError as error:
        if error.filename is None:  # not about a path: a defect keeps its traceback
            raise
        say(f"error: {os.fsdecode(error.filename)}: {error.strerror}\nhint: check the path and its permissions")
        return CallerError.exit_status
    except KeyboardInterrupt:
        say("error: interrupted\nhint: no incomplete results are left; run the command again")
        return INTERRUPTED


def execute_lab(name: str, words: Sequence[str]) -> int:
    """Run a lab, or one of its own commands, from the words after its name; the exit status."""
    from labs.cli import train

    return train.run(labs.find_definition(name), words)


def execute(words: Sequence[str]) -> int:
    """Run a command of `python -m labs` from its words; the exit status."""
    from labs.cli import help, options

    if not words or words[0] in ("-h", "--help"):
        show(help.usage() if words else help.overview())
        return 0
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in help.COMMANDS:
            return options.execute(options.find(help.COMMANDS[name][0]), words[length:], f"python -m labs {name}")
    raise _unknown(words)


def _unknown(words: Sequence[str]) -> CallerError:
    from labs.cli import help

    below = [name for name in help.COMMANDS if name.split()[0] == words[0]]
    if below:
        return CallerError(f"there is no command {' '.join(words[:2])}", f"choose from: {', '.join(below)}")
    hint = f"run a lab with python -m labs.{words[0]}" if words[0] in labs.NAMES else "python -m labs --help lists them"
    return CallerError(f"there is no command {words[0]}", hint)

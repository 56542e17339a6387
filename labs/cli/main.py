"""The entry points of the command line, and how a command ends: status 0, 1 or 2, and errors in two lines.

Nothing heavy is imported here: `python -m labs --help` answers at once.
"""

from __future__ import annotations

import difflib
import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import labs
from utils.base.console import open_streams, reader_left, result_lost, say, set_quiet, show
from utils.base.errors import CLOSED_PIPE, INTERRUPTED, CallerError, CheckError, LabsError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a full disk, of a quota, and of a file that may not be larger."""


def run_labs() -> NoReturn:
    """`labs …` and `python -m labs …`."""
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
    except MemoryError:
        say("error: the memory is exhausted\nhint: give smaller inputs or a smaller model, or end other programs")
        return CallerError.exit_status
    except OSError as error:
        if error.errno in FULL:
            say(f"error: a file cannot be written ({error.strerror})\nhint: free some space, and run the command again")
            return CheckError.exit_status
        if error.filename is None:  # not about a path: a defect keeps its traceback
            raise
        say(f"error: {os.fsdecode(error.filename)}: {error.strerror}\nhint: check the path and its permissions")
        return CallerError.exit_status
    except KeyboardInterrupt:
        say("error: interrupted\nhint: no incomplete results are left; run the command again")
        return INTERRUPTED
    finally:
        set_quiet(False)


def execute_lab(name: str, words: Sequence[str]) -> int:
    """Run a lab, or one of its own commands, from the words after its name; the exit status."""
    from labs.cli import train

    return train.run(labs.find_definition(name), _without_quiet(words))


def execute(words: Sequence[str]) -> int:
    """Run a command of `python -m labs`, or a lab, from its words; the exit status."""
    from labs.cli import help, options

    words = _without_quiet(words)
    if not words or words[0] in HELP:
        show(help.usage() if words else help.overview())
        return 0
    if words[0] == "--version":
        show(f"keras-labs {help.version()}")
        return 0
    if words[0] == "--completion":
        from labs.cli import completion

        show(completion.script(words[1:]))
        return 0
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in help.COMMANDS:
            return options.execute(options.find(help.COMMANDS[name][0]), words[length:], f"{help.program()} {name}")
    if words[0] in labs.NAMES or "." in words[0]:
        return execute_lab(words[0], words[1:])
    if len(words) > 1 and words[1] in HELP and any(name.split()[0] == words[0] for name in help.COMMANDS):
        show(help.usage(words[0]))
        return 0
    raise _unknown(words)


HELP, QUIET = ("-h", "--help"), ("-q", "--quiet")


def _without_quiet(words: Sequence[str]) -> list[str]:
    """The words without the option that hides the progress, which every command has."""
    if any(word in QUIET for word in words):
        set_quiet(True)
    return [word for word in words if word not in QUIET]


def _unknown(words: Sequence[str]) -> CallerError:
    from labs.cli import help

    below = [name for name in help.COMMANDS if name.split()[0] == words[0]]
    if below:
        return CallerError(f"there is no command {' '.join(words[:2])}", f"choose from: {', '.join(below)}")
    near = difflib.get_close_matches(words[0], [*labs.NAMES, *(name.split()[0] for name in help.COMMANDS)], n=1)
    hint = f"{help.program()} --help lists the commands and the labs"
    return CallerError(f"there is no command {words[0]}", f"did you mean {near[0]}? {hint}" if near else hint)

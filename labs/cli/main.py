"""Where the commands begin and how they end: status 0, 1 or 2, and for a person two lines instead of a traceback.

Nothing heavy is imported here: `python -m labs` answers at once.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import labs
from utils.base.console import open_streams, say, show
from utils.base.errors import INTERRUPTED, CallerError, LabsError


def run_labs() -> NoReturn:
    """`python -m labs …`."""
    _end(lambda: _labs(sys.argv[1:]))


def run_lab(name: str) -> NoReturn:
    """`python -m labs.<name> …`."""
    _end(lambda: _lab(name, sys.argv[1:]))


def _end(action: Callable[[], int]) -> NoReturn:
    """Run a command and leave with its status; what the user can act on is two lines and no traceback."""
    open_streams()
    try:
        status = action()
    except LabsError as error:
        say(f"error: {error.message}\nhint: {error.hint}")
        status = error.exit_status
    except OSError as error:
        say(f"error: {error}\nhint: check the path and what you may do there")
        status = CallerError.exit_status
    except KeyboardInterrupt:
        say("error: interrupted\nhint: nothing is half written; run the command again")
        status = INTERRUPTED
    sys.exit(status)


def _lab(name: str, words: Sequence[str]) -> int:
    from labs.cli import train

    return train.run(labs.find_lab(name), words)


def _labs(words: Sequence[str]) -> int:
    from labs.cli import help

    if not words or words[0] in ("-h", "--help"):
        show(help.usage() if words else help.overview())
        return 0
    for length in (2, 1):
        name = " ".join(words[:length])
        if name in help.COMMANDS:
            break
    else:
        raise _unknown(words)
    from labs.cli import options

    module, kind = help.COMMANDS[name][0].split(":")
    command = getattr(importlib.import_module(module), kind)
    return options.execute(command, words[length:], f"python -m labs {name}")


def _unknown(words: Sequence[str]) -> CallerError:
    from labs.cli import help

    below = [name for name in help.COMMANDS if name.split()[0] == words[0]]
    if below:
        return CallerError(f"there is no command {' '.join(words[:2])}", f"choose from: {', '.join(below)}")
    hint = (
        f"a lab is run by python -m labs.{words[0]}" if words[0] in labs.NAMES else "python -m labs --help lists them"
    )
    return CallerError(f"there is no command {words[0]}", hint)

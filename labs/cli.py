"""Where the commands begin and how they end: status 0, 1 or 2, and for a person two lines instead of a traceback.

Nothing heavy is imported here: `python -m labs` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

import labs
from utils.errors import INTERRUPTED, CallerError, LabsError


def run_labs() -> NoReturn:
    """`python -m labs …`."""
    _end(lambda: _labs(sys.argv[1:]))


def run_lab(name: str) -> NoReturn:
    """`python -m labs.<name> …`."""
    _end(lambda: _lab(name, sys.argv[1:]))


def _end(action: Callable[[], int]) -> NoReturn:
    """Run a command and leave with its status; what the user can act on is two lines and no traceback."""
    try:
        status = action()
        sys.stdout.flush()
    except LabsError as error:
        print(f"error: {error.message}\nhint: {error.hint}", file=sys.stderr)
        status = error.exit_status
    except KeyboardInterrupt:
        print("error: interrupted\nhint: nothing is half written; run the command again", file=sys.stderr)
        status = INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has had enough (`… | head`); Python's own flush at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)


def _lab(name: str, words: Sequence[str]) -> int:
    from labs import running

    return running.run(labs.find_lab(name), words)


def _labs(words: Sequence[str]) -> int:
    from labs import overview

    name, *rest = words or [""]
    if name in ("", "-h", "--help"):
        print(overview.usage() if name else overview.overview())
        return 0
    if name not in overview.COMMANDS:
        raise CallerError(
            f"there is no command {name}", f"python -m labs --help lists them; a lab: python -m labs.{name}"
        )
    from labs import commands, parsing

    return parsing.execute(getattr(commands, name.capitalize()), rest, f"python -m labs {name}")

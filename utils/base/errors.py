"""The two ways a command ends without doing its work.

`CallerError` is the caller's mistake: the command line prints it as one line `error: …` and one line `hint: …` and
ends with status 2. `CheckError` is a check that did not hold (an export that predicts something else, a metric that
moved): the same two lines, status 1. Everything else is a defect of ours and keeps its traceback.
"""

from __future__ import annotations

INTERRUPTED = 130
"""The exit status after Ctrl-C, as shells count it."""


def with_extra(extra: str) -> str:
    """A hint: what brings the packages of one of the project's extras."""
    return f"pip install '.[{extra}]' in this project's folder, or its wheel with [{extra}]"


class LabsError(Exception):
    """A failure that the user can act on.

    Args:
        message: what is wrong, in one line, with the offending value.
        hint: what to do about it, in one line.
    """

    exit_status = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.hint = " ".join(hint.split())


class CallerError(LabsError):
    """The caller's mistake: an option, a file or a folder that cannot be used (exit status 2)."""

    exit_status = 2


class UnobtainableError(CallerError):
    """A file that one source does not give; another may."""


class CheckError(LabsError):
    """A check that did not hold: parity of an export, a metric, a digest (exit status 1)."""

    exit_status = 1

"""The errors that a user can act on, and exit statuses.

`CallerError` is a mistake of the caller. The command line prints one line `error: …` and one line `hint: …` and exits
with status 2. `CheckError` is a check that failed (an export with other predictions, a metric outside its band). It is
printed in the same way, and the exit status is 1. Any other exception is a defect of this project and keeps its
traceback.
"""

from __future__ import annotations

INTERRUPTED = 130
"""Exit status after Ctrl-C: 128 + SIGINT, as in a shell."""

CLOSED_PIPE = 141
"""Exit status of a command whose result could not be written to a closed pipe: 128 + SIGPIPE, as in a shell."""


def with_extra(extra: str) -> str:
    """The hint that says how to install one of the project's extras."""
    return f"pip install '.[{extra}]' in this project's folder, or its wheel with [{extra}]"


class LabsError(Exception):
    """An error that the user can act on.

    Args:
        message: what is wrong, in one line, including the invalid value.
        hint: how to correct it, in one line.
    """

    exit_status = 1

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = " ".join(message.split())
        self.hint = " ".join(hint.split())

    def __reduce__(self) -> tuple[type[LabsError], tuple[str, str]]:
        """Both arguments, so that an error reaches the parent process from a worker of joblib or Ray."""
        return type(self), (self.message, self.hint)


class CallerError(LabsError):
    """A mistake of the caller: an option, a file or a folder that cannot be used (exit status 2)."""

    exit_status = 2


class UnobtainableError(CallerError):
    """A file that a source cannot provide; another source may."""


class CheckError(LabsError):
    """A check that failed: parity of an export, a metric, a digest (exit status 1)."""

    exit_status = 1

"""The cache folder: arrays that are computed once and fetched files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.base.console import say
from utils.base.errors import CallerError


def cache_folder() -> Path:
    """Where fetched files and decoded pictures are kept: `LABS_DATA_HOME`, or the user's cache."""
    import platformdirs

    named = os.environ.get("LABS_DATA_HOME")
    return Path(named) if named else platformdirs.user_cache_path("keras-labs", appauthor=False)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder of the cache for this process; another one waits, and then finds the work done.

    Raises:
        CallerError: the folder cannot be made or written.
    """
    import filelock

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0.5)
        except filelock.Timeout:
            say(f"waiting: another process is filling {folder}")
            lock.acquire()
    except OSError as error:
        raise CallerError(
            f"the cache {folder} cannot be written ({error.strerror or error})",
            "let LABS_DATA_HOME name a folder that you may write to",
        ) from error
    try:
        yield
    finally:
        lock.release()

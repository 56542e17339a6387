"""Files and folders that are written completely or not at all, and digests of files."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from utils.base.errors import CallerError


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The digest of a file as `<algorithm>:<hex digits>`; memory use does not depend on the size of the file."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def sha256(path: Path) -> str:
    """The SHA-256 of a file as `sha256:<64 hex digits>`."""
    return digest(path)


def digest_of_all(digests: Mapping[str, str]) -> str:
    """One SHA-256 for several files, from their names and digests; it does not depend on their order."""
    lines = "".join(f"{name}\0{digests[name]}\n" for name in sorted(digests))
    return f"sha256:{hashlib.sha256(os.fsencode(lines)).hexdigest()}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file in the folder of `path`; renamed to `path` after the block, or removed if the block fails.

    Example:
        with replacing(folder / "history.csv") as temporary:
            table.to_csv(temporary)
    """
    # The suffix stays at the end: writers choose the format by it.
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, completely or not at all.

    Raises:
        ValueError: a number is NaN or infinite, which JSON cannot represent.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def make_folder(folder: Path, final: Path | None = None) -> None:
    """Create a folder and its parents.

    Args:
        folder: to create.
        final: the name that it gets later, which errors show; defaults to `folder`.

    Raises:
        CallerError: it exists or cannot be created.
    """
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise CallerError(
            f"--out {final or folder}: the folder cannot be written ({error.strerror})",
            "choose a folder with write permission",
        ) from error


def beside(folder: Path) -> Path:
    """A name for a temporary folder beside `folder`; those of processes that were killed are removed.

    Args:
        folder: the name that the folder gets later.
    """
    for abandoned in folder.parent.glob(f".{glob.escape(folder.name)}.*"):
        process = abandoned.name.rpartition(".")[2]
        if process.isdecimal() and not _runs(int(process)):
            shutil.rmtree(abandoned, ignore_errors=True)
    return folder.with_name(f".{folder.name}.{os.getpid()}")


def _runs(process: int) -> bool:
    """Whether a process runs; True on Windows, where `os.kill` would end it."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except OSError as error:
        return not isinstance(error, ProcessLookupError)
    return True


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder`, which is missing or empty; after an error nothing is left.

    Raises:
        CallerError: it cannot be created.
    """
    temporary = beside(folder)
    make_folder(temporary, folder)
    try:
        yield temporary
        if folder.is_dir():
            folder.rmdir()
        temporary.replace(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise

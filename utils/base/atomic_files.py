"""Files that are there whole or not at all, and their digests."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The file's digest as `<algorithm>:<hex digits>`; memory use does not depend on its size."""
    with path.open("rb") as file:
        return f"{algorithm}:{hashlib.file_digest(file, algorithm).hexdigest()}"


def sha256(path: Path) -> str:
    """The file's SHA-256 as `sha256:<64 hex digits>`."""
    return digest(path)


def digest_of_all(digests: Mapping[str, str]) -> str:
    """One SHA-256 of several files, from their names and digests, whatever the order."""
    lines = "".join(f"{name}\0{digests[name]}\n" for name in sorted(digests))
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to it when the block ends well and removed when it does not.

    Example:
        with replacing(folder / "history.csv") as temporary:
            table.to_csv(temporary)
    """
    # The suffix stays last: writers choose the format by it.
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all. NaN and infinity are refused: JSON has neither.

    Raises:
        ValueError: a number that is not finite.
    """
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, allow_nan=False) + "\n", encoding="utf-8")

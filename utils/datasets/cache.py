"""The cache folder: downloaded files, and arrays that are computed once (decoded images, simulated images, features).

Such an array is a `.npy` file named by a key of everything that it depends on. It is written under a temporary name and
renamed when it is complete. Where there is more to keep, a JSON file of notes is beside it; it is written last.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from utils.base.atomic_files import replacing, sha256, write_json
from utils.base.console import say
from utils.base.disk_rows import RowsOnDisk
from utils.base.errors import CallerError
from utils.base.paths import expanded, from_environment

# Those of `replacing`, and those of pooch.
_TEMPORARY = re.compile(r"\.\d+-.+|tmp[a-z0-9_]{8}")


def cache_folder() -> Path:
    """The folder of downloaded files and computed arrays: `LABS_DATA_HOME`, or the user's cache folder."""
    named = from_environment("LABS_DATA_HOME")
    if named is not None:
        return named
    import platformdirs

    usual = platformdirs.user_cache_path("keras-labs", appauthor=False)
    return Path(expanded(str(usual), "XDG_CACHE_HOME"))  # platformdirs takes it as it is


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder of the cache for this process; another process waits for it, and then finds the work done.

    Raises:
        CallerError: the folder cannot be created or written.
    """
    import filelock

    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / ".lock")
        try:
            lock.acquire(timeout=0.5)
        except filelock.Timeout:
            say(f"waiting: another process is writing to {folder}")
            lock.acquire()
        _remove_leftovers(folder)
    try:
        yield
    finally:
        lock.release()


def _remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of processes that were killed; who writes one holds the lock of the folder."""
    for path in folder.iterdir():
        if _TEMPORARY.fullmatch(path.name):
            path.unlink(missing_ok=True)


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Turn an error of writing to a folder of the cache into a `CallerError`."""
    try:
        yield
    except OSError as error:
        raise CallerError(
            f"the cache {folder} cannot be written ({error.strerror or error})",
            "free disk space, or set LABS_DATA_HOME to a folder that you may write to",
        ) from error


class RowWriter:
    """Writes rows of an array to a `.npy` file by position, so that none stays in memory.

    Args:
        path: the file, created here.
        shape: (rows, …); rows that are never written are zero.
        dtype: of the file.

    Raises:
        CallerError: the file cannot be written.
    """

    def __init__(self, path: Path, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self._row_bytes = int(np.prod(shape[1:])) * self._dtype.itemsize
        self._lock = threading.Lock()
        about = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        with writable(path.parent):
            with path.open("wb") as file:
                np.lib.format.write_array_header_1_0(file, about)
                self._start = file.tell()
                file.truncate(self._start + shape[0] * self._row_bytes)
            self._file = FileIO(path, "r+")

    def write(self, first: int, rows: NDArray[Any]) -> None:
        """Write consecutive rows, (rows, …), from row number `first` on. Several threads may write.

        Raises:
            CallerError: the disk is full.
        """
        left = np.ascontiguousarray(rows, self._dtype).reshape(-1).view(np.uint8).data
        # Not os.pwrite: Windows does not have it.
        with self._lock, writable(self._path.parent):
            self._file.seek(self._start + first * self._row_bytes)
            while len(left):
                left = left[self._file.write(left) :]

    def digest(self) -> str:
        """SHA-256 of the file, once all rows are written."""
        return sha256(self._path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


@dataclass(frozen=True)
class CachedArray:
    """An array of the cache, `<cache>/<kind>/<key>.npy`.

    Attributes:
        kind: `pictures`, `simulated` or `features`.
        key: names everything that the values depend on.
        has_notes: whether `<key>.json` is beside it.
    """

    kind: str
    key: str
    has_notes: bool = False

    @property
    def folder(self) -> Path:
        """The folder of the file, which is locked while arrays of this kind are computed."""
        return cache_folder() / self.kind

    @property
    def path(self) -> Path:
        """The `.npy` file."""
        return self.folder / f"{self.key}.npy"

    @property
    def complete(self) -> bool:
        """Whether the array is in the cache with all its rows, and its notes if it has any."""
        try:
            np.load(self.path, mmap_mode="r", allow_pickle=False)  # fails if the file is shorter than its header says
        except (OSError, ValueError, EOFError):
            return False
        return not self.has_notes or self._notes.is_file()

    @property
    def _notes(self) -> Path:
        return self.folder / f"{self.key}.json"

    def rows(self) -> RowsOnDisk:
        """The array, still on disk."""
        return RowsOnDisk(self.path)

    def notes(self) -> dict[str, Any]:
        """The notes beside the array."""
        found: dict[str, Any] = json.loads(self._notes.read_text(encoding="utf-8"))
        return found

    def compute_once(
        self, shape: tuple[int, ...], dtype: DTypeLike, fill: Callable[[RowWriter], Mapping[str, Any] | None]
    ) -> None:
        """Compute the array, unless it is in the cache or another process has just computed it.

        Args:
            shape: (rows, …).
            dtype: of the file.
            fill: writes the rows and returns the notes, or None.

        Raises:
            CallerError: the cache cannot be written.
        """
        if self.complete:
            return
        with locked(self.folder):
            if not self.complete:
                with self.writing(shape, dtype) as rows:
                    notes = fill(rows)
                if notes is not None:
                    with writable(self.folder):
                        write_json(self._notes, notes)

    @contextmanager
    def writing(self, shape: tuple[int, ...], dtype: DTypeLike) -> Iterator[RowWriter]:
        """Write the array; it is in the cache if the block succeeds, and nothing is left if it fails.

        The caller holds the lock of `folder`; arguments and errors as of `compute_once`.
        """
        with replacing(self.path) as temporary:
            writer = RowWriter(temporary, shape, dtype)
            try:
                yield writer
            finally:
                writer.close()

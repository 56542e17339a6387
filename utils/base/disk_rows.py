"""Rows of a `.npy` file that are read on demand: memory does not grow with the file.

The file is not mapped into memory: mapped pages count as memory of the process, and their page faults took much of the
training time of a small network.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

Array = NDArray[Any]


class _File:
    """An open `.npy` file that any thread may read from."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        about: np.memmap[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        self.shape, self.dtype, self._start = about.shape, about.dtype, about.offset
        self._row_bytes = int(np.prod(self.shape[1:])) * self.dtype.itemsize
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)
        self._lock = threading.Lock()

    def rows(self, numbers: NDArray[np.intp]) -> Array:
        found = np.empty((len(numbers), *self.shape[1:]), self.dtype)
        if not found.size:
            return found
        place = found.reshape(-1).view(np.uint8).data
        breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
        for first, last in zip([0, *breaks], [*breaks, len(numbers)], strict=True):  # consecutive rows are one read
            self._fill(place[first * self._row_bytes : last * self._row_bytes], int(numbers[first]))
        return found

    def _fill(self, place: memoryview, row: int) -> None:
        with self._lock:
            self._file.seek(self._start + row * self._row_bytes)
            while len(place):
                done = self._file.readinto(place)
                if not done:
                    raise CallerError(f"{self._file.name} is shorter than expected", "run again to recompute it")
                place = place[done:]


class RowsOnDisk:
    """Selected rows of an array on disk. Indexing returns arrays in memory.

    Args:
        file: a `.npy` file written by `numpy.save`, or the open file of other rows.
        rows: row numbers, or None for all.

    Attributes:
        shape: (rows, …).
        dtype: dtype of the file.
    """

    def __init__(self, file: Path | _File, rows: NDArray[np.intp] | None = None) -> None:
        self._file = file if isinstance(file, _File) else _File(file)
        self._rows = np.arange(self._file.shape[0]) if rows is None else rows
        self.shape = (len(self._rows), *self._file.shape[1:])
        self.dtype = self._file.dtype
        self.ndim = len(self.shape)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: slice | NDArray[np.intp]) -> Array:
        return self._file.rows(self._rows[index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("rows on disk are always copied into memory")
        return self[:].astype(dtype or self.dtype, copy=False)

    @property
    def key(self) -> str:
        """A key of these rows: the name of their file and a digest of the row numbers."""
        return f"{self._file.name}:{hashlib.sha256(self._rows.astype('<i8').tobytes()).hexdigest()}"

    def take(self, rows: NDArray[np.intp]) -> RowsOnDisk:
        """A selection of these rows, still on disk."""
        return RowsOnDisk(self._file, self._rows[rows])

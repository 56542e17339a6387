"""Rows of a `.npy` file, read as they are asked for: memory does not grow with the file."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

HELD = 32_000_000
"""Bytes of the file that may stay in this process's memory; the system keeps its own copy in the page cache."""


class MappedRows:
    """Some rows of an array on disk, in an order: it is indexed like an array, and gives arrays in memory.

    Args:
        path: of a `.npy` file, written by `numpy.save`.
        rows: row numbers, or None for all.

    Attributes:
        shape: (rows, …).
        dtype: of the file.
    """

    def __init__(self, path: Path, rows: NDArray[np.intp] | None = None) -> None:
        self._path = path
        self._all: np.memmap[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        self._rows = np.arange(len(self._all)) if rows is None else rows
        self._touched = 0
        self.shape = (len(self._rows), *self._all.shape[1:])
        self.dtype = self._all.dtype
        self.ndim = self._all.ndim

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: slice | NDArray[np.intp]) -> Array:
        found: Array = np.asarray(self._all[self._rows[index]])
        self._touched += found.nbytes
        if self._touched > HELD and hasattr(mmap, "MADV_DONTNEED"):
            self._all._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
            self._touched = 0
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("rows on disk come into memory as a copy")
        return self[:].astype(dtype or self.dtype, copy=False)

    def take(self, rows: NDArray[np.intp]) -> MappedRows:
        """These rows of these rows, still on disk."""
        return MappedRows(self._path, self._rows[rows])

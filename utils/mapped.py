"""Rows of a `.npy` file, read as they are asked for: memory does not grow with the file."""

from __future__ import annotations

import hashlib
import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

HELD = 4_000_000
"""Bytes that are read before the pages they came from are let go; the system keeps its own copy in the page cache.

Small, because each fault maps the pages around it as well: many times what was asked for.
"""


class _Pages:
    """A `.npy` file mapped into memory once, whoever reads from it."""

    def __init__(self, path: Path) -> None:
        self.name = path.stem
        self.array: np.memmap[Any, Any] = np.load(path, mmap_mode="r", allow_pickle=False)
        self._read = 0

    def rows(self, numbers: NDArray[np.intp]) -> Array:
        found: Array = np.asarray(self.array[numbers])
        self._read += found.nbytes
        if self._read > HELD and hasattr(mmap, "MADV_DONTNEED"):
            self.array._mmap.madvise(mmap.MADV_DONTNEED)  # type: ignore[attr-defined]
            self._read = 0
        return found


class MappedRows:
    """Some rows of an array on disk, in an order: it is indexed like an array, and gives arrays in memory.

    Args:
        file: a `.npy` file, written by `numpy.save`; or, already mapped, the file of other rows.
        rows: row numbers, or None for all.

    Attributes:
        shape: (rows, …).
        dtype: of the file.
    """

    def __init__(self, file: Path | _Pages, rows: NDArray[np.intp] | None = None) -> None:
        self._pages = file if isinstance(file, _Pages) else _Pages(file)
        array = self._pages.array
        self._rows = np.arange(len(array)) if rows is None else rows
        self.shape = (len(self._rows), *array.shape[1:])
        self.dtype = array.dtype
        self.ndim = array.ndim

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: slice | NDArray[np.intp]) -> Array:
        return self._pages.rows(self._rows[index])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy is False:
            raise ValueError("rows on disk come into memory as a copy")
        return self[:].astype(dtype or self.dtype, copy=False)

    @property
    def key(self) -> str:
        """Names these rows: their file, which in the cache is named by its content, and a digest of their numbers."""
        return f"{self._pages.name}:{hashlib.sha256(self._rows.astype('<i8').tobytes()).hexdigest()}"

    def take(self, rows: NDArray[np.intp]) -> MappedRows:
        """These rows of these rows, still on disk."""
        return MappedRows(self._pages, self._rows[rows])

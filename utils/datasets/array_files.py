"""Reading the array files of the courses, IDX and NPZ, and plain text: checked, bounded, never a pickled object."""

from __future__ import annotations

import gzip
import math
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

Array = NDArray[Any]

LARGEST = 4_000_000_000
"""Bytes that an array file may hold; more is refused before it is read."""

_IDX_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> Array:
    """Read an IDX file, the format of MNIST, plain or gzip.

    Returns:
        The array, of its dimensions, in the machine's byte order.

    Raises:
        CallerError: it is not IDX, is cut off or damaged, holds more or less than its header says, or is too large.

    Source:
        LeCun, Cortes and Burges, The MNIST database of handwritten digits (the page's section on file formats).
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            return _idx(path, gzip.open(raw) if packed else raw)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CallerError(f"{path}: the file is damaged or cut off ({error})", "fetch it again") from error


def _idx(path: Path, file: IO[bytes] | gzip.GzipFile) -> Array:
    magic = file.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _IDX_DTYPES or not 1 <= magic[3] <= 8:
        raise CallerError(f"{path}: this is not an IDX file", "give a file of MNIST's format")
    shape = tuple(int(size) for size in np.frombuffer(_exactly(path, file, 4 * magic[3]), ">u4"))
    dtype = np.dtype(_IDX_DTYPES[magic[2]])
    size = math.prod(shape) * dtype.itemsize
    if size > LARGEST:
        raise CallerError(f"{path}: its header promises {size:,} bytes", f"files of up to {LARGEST:,} are read")
    values = np.frombuffer(_exactly(path, file, size), dtype).reshape(shape)
    if file.read(1):
        raise CallerError(f"{path}: it holds more than its header says", "fetch it again")
    return values.astype(dtype.newbyteorder("="))


def _exactly(path: Path, file: IO[bytes] | gzip.GzipFile, size: int) -> bytes:
    # In pieces: a header may promise more than the file, and nothing is reserved for a promise.
    pieces = []
    while size > 0:
        piece = file.read(min(size, 1 << 22))
        if not piece:
            raise CallerError(f"{path}: the file ends before its data do", "fetch it again")
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def read_npz(path: Path, shapes: Mapping[str, tuple[int | None, ...]]) -> dict[str, Array]:
    """Read arrays from an NPZ file; pickled objects are refused, not loaded.

    Args:
        path: the file.
        shapes: of each array that is wanted, by name; None for any length.

    Returns:
        The arrays by name, of numbers or booleans.

    Raises:
        CallerError: it is not NPZ, is damaged, an array is missing, of another shape, of objects, or too large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > LARGEST:
                raise CallerError(f"{path}: it unpacks to {size:,} bytes", f"files of up to {LARGEST:,} are read")
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in shapes if name not in file.files]
            if missing:
                raise CallerError(
                    f"{path}: there is no array {', '.join(missing)}", f"it holds: {', '.join(file.files) or 'none'}"
                )
            arrays = {name: file[name] for name in shapes}
    except FileNotFoundError:
        raise CallerError(f"{path}: there is no such file", "check the path") from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = "it holds pickled objects" if "allow_pickle" in str(error) else f"damaged or no NPZ file ({error})"
        raise CallerError(f"{path}: {reason}", "take the file from its publisher") from error
    for name, shape in shapes.items():
        found = arrays[name].shape
        fits = len(found) == len(shape) and all(b in (None, a) for a, b in zip(found, shape, strict=True))
        if not fits or arrays[name].dtype.kind not in "biuf":
            wanted = ", ".join("any" if length is None else str(length) for length in shape)
            raise CallerError(f"{path}: {name} is {arrays[name].dtype} {found}", f"numbers of ({wanted}) are wanted")
    return arrays


def read_text(path: Path, *, largest: int = 100_000_000) -> str:
    """Read a text file in UTF-8; a byte-order mark is dropped and line ends become newlines.

    Raises:
        CallerError: it cannot be read, is empty, is not UTF-8, or is larger than `largest` bytes.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise CallerError(f"{path}: {size:,} bytes of text", f"files of up to {largest:,} are read")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CallerError(f"{path}: there is no such file", "check the path") from None
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "give a text file that you may read") from None
    except UnicodeDecodeError as error:
        raise CallerError(f"{path}: this is not text in UTF-8 (byte {error.start})", "save it as UTF-8") from None
    if not text.strip():
        raise CallerError(f"{path}: there is no text in it", "give a file with text")
    return text

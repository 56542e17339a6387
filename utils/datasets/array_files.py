"""Readers of IDX, NPZ and text files. Sizes are limited, and pickled objects are refused."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

Array = NDArray[Any]

LARGEST = 4_000_000_000
"""Size limit of an unpacked NPZ file in bytes; a larger one is refused before it is read."""

_IDX_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: Path) -> Array:
    """Read an IDX file, the format of MNIST, compressed with gzip.

    Args:
        path: a file whose digest the catalogue has checked; a damaged one is not expected here.

    Returns:
        The array in the shape of the file's header, in the machine's byte order.

    Source:
        LeCun, Cortes and Burges, The MNIST database of handwritten digits (the page's section on file formats).
    """
    content = gzip.decompress(path.read_bytes())
    dtype, dimensions = np.dtype(_IDX_DTYPES[content[2]]), content[3]
    shape = np.frombuffer(content, ">u4", dimensions, offset=4)
    return np.frombuffer(content, dtype, offset=4 + 4 * dimensions).reshape(shape).astype(dtype.newbyteorder("="))


def read_npz(path: Path, shapes: Mapping[str, tuple[int | None, ...]]) -> dict[str, Array]:
    """Read arrays from an NPZ file. Pickled objects are refused, not loaded.

    Args:
        path: the file.
        shapes: shape of each array to read, by name; None for any length.

    Returns:
        The arrays by name, numbers or booleans.

    Raises:
        CallerError: the file is not NPZ, is damaged or too large, or an array is missing, has another shape or has
            objects.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > LARGEST:
                raise CallerError(f"{path}: the arrays have {size:,} bytes", f"the limit is {LARGEST:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            missing = [name for name in shapes if name not in file.files]
            if missing:
                raise CallerError(
                    f"{path}: the array {', '.join(missing)} is missing",
                    f"the file has: {', '.join(file.files) or 'no array'}",
                )
            arrays = {name: file[name] for name in shapes}
    except FileNotFoundError:
        raise CallerError(f"{path}: no such file", "check the path") from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        reason = (
            "the file has pickled objects" if "allow_pickle" in str(error) else f"not an NPZ file, or damaged ({error})"
        )
        raise CallerError(f"{path}: {reason}", "download the file from its publisher") from error
    for name, shape in shapes.items():
        found = arrays[name].shape
        fits = len(found) == len(shape) and all(b in (None, a) for a, b in zip(found, shape, strict=True))
        if not fits or arrays[name].dtype.kind not in "biuf":
            wanted = ", ".join("any" if length is None else str(length) for length in shape)
            raise CallerError(
                f"{path}: {name} is {arrays[name].dtype} {found}", f"expected numbers of shape ({wanted})"
            )
    return arrays


def read_text(path: Path, *, largest: int = 100_000_000) -> str:
    """Read a UTF-8 text file; a byte-order mark is removed and line ends become newlines.

    Raises:
        CallerError: the file cannot be read, is empty, is not UTF-8, or is larger than `largest` bytes.
    """
    try:
        size = path.stat().st_size
        if size > largest:
            raise CallerError(f"{path}: the text has {size:,} bytes", f"the limit is {largest:,} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise CallerError(f"{path}: no such file", "check the path") from None
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "give a text file that you can read") from None
    except UnicodeDecodeError as error:
        raise CallerError(f"{path}: this is not text in UTF-8 (byte {error.start})", "save it as UTF-8") from None
    if not text.strip():
        raise CallerError(f"{path}: the file is empty", "give a file with text")
    return text

"""Readers of IDX, NPZ and text files. Sizes are limited, and pickled objects are refused."""

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
"""Size limit of an unpacked NPZ file in bytes; a larger one is refused before it is read."""

MOST_EXPANDED = 500
"""How many times its compressed size an array may have; real ones have less, and DEFLATE reaches 1,032."""
UNSUSPICIOUS = 64_000_000
"""Size in bytes up to which an array may be compressed by any factor."""

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
        check_npz(path, LARGEST)
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


def check_npz(path: Path, largest: int = LARGEST) -> None:
    """Refuse an NPZ file whose arrays would need more memory than it accounts for. No array is read.

    `np.load` allocates what the header of an array declares, before it reads a value.

    Args:
        path: the file.
        largest: size limit of all arrays in bytes.

    Raises:
        CallerError: the arrays are larger than the limit, or expand too much to be real.
        ValueError: an array has another size than its header declares, or contains objects.
        zipfile.BadZipFile: it is not a zip archive.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        size = sum(member.file_size for member in members)
        if size > largest:
            raise CallerError(f"{path}: the arrays have {size:,} bytes", f"the limit is {largest:,} bytes")
        for member in members:
            if member.file_size > max(UNSUSPICIOUS, MOST_EXPANDED * member.compress_size):
                raise CallerError(
                    f"{path}: {member.filename} expands from {member.compress_size:,} to {member.file_size:,} bytes",
                    "download the file from its publisher",
                )
            with archive.open(member) as file:
                if _declared_bytes(file) != member.file_size:
                    raise ValueError(f"the header of {member.filename} declares another size than it has")


def _declared_bytes(file: IO[bytes]) -> int:
    """The size of a `.npy` file according to its header."""
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(file)
    if version not in readers:
        raise ValueError(f"version {version} of the format NPY")
    shape, _, dtype = readers[version](file)
    if dtype.hasobject:
        raise ValueError("objects need allow_pickle")
    return file.tell() + math.prod(shape) * dtype.itemsize


def read_bytes(path: Path, largest: int, what: str = "file") -> bytes:
    """The content of a file that is not larger than `largest` bytes; of a pipe or a device no more is read than that.

    Raises:
        CallerError: it is larger.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(largest + 1) if path.stat().st_size <= largest else None
    if content is None or len(content) > largest:
        raise CallerError(f"{path}: the {what} has more than {largest:,} bytes", "give a smaller file, or parts of it")
    return content


def read_text(path: Path, *, largest: int = 100_000_000) -> str:
    """Read a UTF-8 text file; a byte-order mark is removed and line ends become newlines.

    Raises:
        CallerError: the file cannot be read, is empty, is not UTF-8, or is larger than `largest` bytes.
    """
    try:
        text = read_bytes(path, largest, "text").decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise CallerError(f"{path}: no such file", "check the path") from None
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "give a text file that you can read") from None
    except UnicodeDecodeError as error:
        raise CallerError(f"{path}: this is not text in UTF-8 (byte {error.start})", "save it as UTF-8") from None
    if not text.strip():
        raise CallerError(f"{path}: the file is empty", "give a file with text")
    return text

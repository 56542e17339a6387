"""Read tensors from a file that PyTorch saved before version 1.6, without PyTorch and without running its pickles.

Such a file is five pickles in sequence, then the bytes of every storage. A pickle may name any function of Python and
call it. Here only the four names that tensors need are allowed, and are replaced by code of this module. Every other
name is refused before anything is called.
"""

from __future__ import annotations

import math
import pickle
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

Array = NDArray[Any]

MAGIC = 0x1950A86A20F9469CFC6C
PROTOCOL = 1001
LARGEST = 100_000_000
"""Largest number of elements of a storage; a larger one is refused."""

# torch.FloatStorage is stored only by its name, so a name replaces it.
STORAGES = {("torch", "FloatStorage"): "<f4", ("torch", "LongStorage"): "<i8"}


class _Storage(NamedTuple):
    dtype: str
    key: str
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    """Replaces `torch._utils._rebuild_tensor_v2`: keeps the arguments, which are checked after reading."""
    whole = isinstance(storage, _Storage) and all(
        isinstance(number, int) and number >= 0 for number in (offset, *shape, *strides)
    )
    if not whole or len(shape) != len(strides):
        raise pickle.UnpicklingError("a tensor without shape")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


class _Restricted(pickle.Unpickler):
    """An unpickler that allows four names, and storages by their number."""

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild,
            **STORAGES,
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return known[module, name]

    def persistent_load(self, reference: Any) -> _Storage:
        kind, dtype, key, _, size, *_ = reference
        if kind != "storage" or dtype not in STORAGES.values() or not isinstance(size, int) or not 0 < size < LARGEST:
            raise pickle.UnpicklingError("a storage of another kind")
        return _Storage(dtype, str(key), size)


def read_tensors(path: Path) -> dict[str, Array]:
    """Read the tensors of a legacy PyTorch file by name, float32 and int64.

    Raises:
        CallerError: it cannot be read, has another format, is truncated, or its pickles name anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise CallerError(f"{path}: {error.strerror}", "check the path") from None
    except Exception as error:  # damaged pickles raise nearly any exception
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise CallerError(
            f"{path}: no tensors can be read from it ({reason}); nothing in it was run",
            "give the complete weights file of the backbone",
        ) from None


def _read(file: BinaryIO) -> dict[str, Array]:
    magic, protocol, system = (_Restricted(file).load() for _ in range(3))
    if magic != MAGIC or protocol != PROTOCOL or not system.get("little_endian"):
        raise ValueError("not a file of this format")
    tensors = _Restricted(file).load()
    if not isinstance(tensors, dict) or not all(isinstance(each, _Tensor) for each in tensors.values()):
        raise ValueError("more than tensors by name")
    storages = _storages(file, _Restricted(file).load(), {each.storage.key: each.storage for each in tensors.values()})
    return {str(name): _array(tensor, storages[tensor.storage.key]) for name, tensor in tensors.items()}


def _storages(file: BinaryIO, keys: Sequence[str], known: dict[str, _Storage]) -> dict[str, Array]:
    """Read the bytes after the pickles: for each storage its length, then its elements."""
    found = {}
    for key in keys:
        storage = known[key]
        size = int.from_bytes(file.read(8), "little")
        if size != storage.size:
            raise ValueError("a storage of another length")
        values = file.read(size * np.dtype(storage.dtype).itemsize)
        found[key] = np.frombuffer(values, storage.dtype, size)  # fails if the file is truncated
    return found


def _array(tensor: _Tensor, storage: Array) -> Array:
    """A tensor, which is a view of a storage."""
    last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
    # With strides of zero a tensor could be larger than its storage.
    if last >= len(storage) or math.prod(tensor.shape) > len(storage):
        raise ValueError("a tensor beyond its storage")
    strides = tuple(step * storage.itemsize for step in tensor.strides)
    view = np.lib.stride_tricks.as_strided(storage[tensor.offset :], tensor.shape, strides, writeable=False)
    return np.array(view)

"""Scan a `.keras` or `.h5` file before Keras loads it.

Keras's safe mode refuses Lambda layers. This scan also refuses what reads other files, runs other code or needs far
more memory than the file has: links to other HDF5 files, shapes of which nothing is stored, archives that expand, and
classes that are not Keras's own.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import tensorflow as tf

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
LARGEST_CONFIG = 200_000_000
"""Size limit in bytes of the description of a model, which may contain vocabularies."""
MOST_EXPANDED = 100
"""How many times its size in the file an array or a member of an archive may have; weights are hardly compressible."""
UNSUSPICIOUS = 64_000_000
"""Size in bytes up to which it may expand by any factor, and up to which variables need not be stored."""
UNSAFE = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "__lambda__"}
"""Classes of Keras that run code or open files which a description names."""
CREATES = "_initialize_with_initializer"
"""The method of `keras.Variable` that allocates it; it is not part of Keras's public interface."""


class UnsafeModelError(ValueError):
    """Why a file is not opened."""


def check(path: Path) -> int:
    """Refuse a file that is not safe to load.

    Args:
        path: a `.keras` or `.h5` file.

    Returns:
        The size of the stored weights in bytes.

    Raises:
        UnsafeModelError: it is not safe to load.
        OSError: it is damaged; so do KeyError, ValueError, RecursionError and zipfile.BadZipFile.
    """
    if path.suffix == ".h5":
        with h5py.File(path, "r") as file:
            _check_config(json.loads(file.attrs["model_config"]))
            return _stored_bytes(file)
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            _check_member(member)
        _check_config(json.loads(archive.read(CONFIG)))
        with h5py.File(io.BytesIO(archive.read(WEIGHTS)), "r") as file:
            return _stored_bytes(file)


def _check_member(member: zipfile.ZipInfo) -> None:
    parts = Path(member.filename).parts
    known = member.filename in (CONFIG, WEIGHTS, "metadata.json") or (parts[:1] == ("assets",) and ".." not in parts)
    if not known:
        raise UnsafeModelError(f"it contains {member.filename}, which is not part of a model")
    if member.file_size > max(UNSUSPICIOUS, MOST_EXPANDED * member.compress_size):
        raise UnsafeModelError(f"{member.filename} expands from {member.compress_size:,} to {member.file_size:,} bytes")
    if member.filename == CONFIG and member.file_size > LARGEST_CONFIG:
        raise UnsafeModelError(f"{CONFIG} has {member.file_size:,} bytes")


def _check_config(config: Any) -> None:
    """Refuse a description that names code which is not Keras's, or a file."""
    if isinstance(config, list):
        for each in config:
            _check_config(each)
    if not isinstance(config, dict):
        return
    name, module = config.get("class_name"), config.get("module")
    if name in UNSAFE:
        raise UnsafeModelError(f"it contains a {name}, which can run any code")
    if isinstance(name, str) and module not in (None, "builtins", "keras") and not str(module).startswith("keras."):
        raise UnsafeModelError(f"it contains {module}.{name}, which is not part of Keras")
    if isinstance(config.get("vocabulary"), str):
        raise UnsafeModelError(f"its vocabulary is read from the file {config['vocabulary']}")
    for each in config.values():
        _check_config(each)


def _stored_bytes(group: h5py.Group, seen: frozenset[Any] = frozenset()) -> int:
    """The size of all arrays below a group; those of other files and those that are hardly stored are refused."""
    total = 0
    for name in group:
        link = group.get(name, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise UnsafeModelError(f"{group.name}/{name} is a link to {getattr(link, 'filename', 'another place')}")
        found = group[name]
        address = h5py.h5o.get_info(found.id).addr
        if address in seen:
            raise UnsafeModelError(f"{group.name}/{name} contains itself")
        if isinstance(found, h5py.Group):
            total += _stored_bytes(found, seen | {address})
        elif isinstance(found, h5py.Dataset):
            total += _array_bytes(found)
    return total


def _array_bytes(array: h5py.Dataset) -> int:
    if array.external or array.is_virtual:
        raise UnsafeModelError(f"{array.name} is stored in another file")
    declared, stored = array.size * array.dtype.itemsize, array.id.get_storage_size()
    if declared > max(UNSUSPICIOUS, MOST_EXPANDED * stored):
        raise UnsafeModelError(f"{array.name} declares {declared:,} bytes, and {stored:,} are stored")
    return int(declared)


@contextmanager
def limited_variables(stored: int) -> Iterator[None]:
    """Refuse to create variables that need far more memory than the weights of the file.

    A description of a few bytes can declare a layer of any size, which Keras allocates before it looks for the weights.

    Args:
        stored: size of the weights in bytes.

    Raises:
        UnsafeModelError: when the block is left, whatever Keras made of it.
    """
    create = getattr(keras.Variable, CREATES)
    total, limit, refused = 0, 2 * stored + UNSUSPICIOUS, ""

    def counted(variable: Any, initializer: Any) -> None:
        nonlocal total, refused
        total += math.prod(variable.shape) * (tf.as_dtype(variable.dtype).size or 1)
        if total > limit:
            refused = f"its layers declare {total:,} bytes of variables, and {stored:,} are stored"
            raise UnsafeModelError(refused)
        create(variable, initializer)

    setattr(keras.Variable, CREATES, counted)
    try:
        yield
    except Exception:
        if refused:  # Keras wraps it in other errors
            raise UnsafeModelError(refused) from None
        raise
    finally:
        setattr(keras.Variable, CREATES, create)

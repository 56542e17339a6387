"""Values between the grader and the process of a student, as lines of JSON.

Nothing that a student's process sends is executed: there is no pickle, arrays are raw bytes with a checked dtype, and
what is neither a number, a text, an array nor a container arrives as the name of its type.
"""

from __future__ import annotations

import base64
import json
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

LONGEST = 50_000_000
"""Longest line in bytes."""
DTYPE = re.compile(r"[<>|=]?[biufc]\d{1,2}|[<>|=]?U\d{1,6}")


class BrokenValueError(ValueError):
    """A line that is no value."""


@dataclass(frozen=True)
class Other:
    """A value of a type that is not passed on."""

    text: str

    def __str__(self) -> str:
        return self.text


def dumps(value: Any) -> bytes:
    """A value as one line."""
    return json.dumps(_encoded(value)).encode() + b"\n"


def loads(line: bytes) -> Any:
    """The value of a line.

    Raises:
        BrokenValueError: the line is too long, incomplete, or no value.
    """
    if len(line) > LONGEST or not line.endswith(b"\n"):
        raise BrokenValueError("the line is too long or incomplete")
    try:
        return _decoded(json.loads(line))
    except BrokenValueError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError, MemoryError, OverflowError, AttributeError) as error:
        raise BrokenValueError(f"no value ({type(error).__name__})") from None


def _encoded(value: Any) -> Any:
    if value is None or isinstance(value, bool | str):
        return value
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, np.generic | np.ndarray):
        return _array(value)
    if isinstance(value, int):
        return {"int": hex(value)} if abs(value) > 2**53 else int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if isinstance(value, list | tuple | set | frozenset):
        kind = "list" if isinstance(value, list) else "tuple" if isinstance(value, tuple) else "set"
        return {kind: [_encoded(each) for each in value]}
    if isinstance(value, dict):
        return {"dict": [[_encoded(key), _encoded(each)] for key, each in value.items()]}
    if hasattr(value, "__array__"):  # a tensor, a column of a table
        return _array(np.asarray(value))
    return {"other": f"an object of type {type(value).__name__}"}


def _array(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind == "V":  # bfloat16
        array = array.astype("float32")
    if not DTYPE.fullmatch(array.dtype.str):
        return {"other": f"an array of dtype {array.dtype}"}
    return {
        "array": base64.b64encode(np.ascontiguousarray(array).tobytes()).decode(),
        "dtype": array.dtype.str,
        "shape": list(array.shape),
        "scalar": isinstance(value, np.generic),
    }


def _decoded(read: Any) -> Any:
    if read is None or isinstance(read, bool | str | int | float):
        return read
    match read:
        case {"ellipsis": True}:
            return ...
        case {"int": str(digits)} if len(digits) < 5_000:
            return int(digits, 16)
        case {"complex": [real, imaginary]}:
            return complex(real, imaginary)
        case {"list": list(values)}:
            return [_decoded(value) for value in values]
        case {"tuple": list(values)}:
            return tuple(_decoded(value) for value in values)
        case {"set": list(values)}:
            return {_decoded(value) for value in values}
        case {"dict": list(pairs)}:
            return {_decoded(key): _decoded(value) for key, value in pairs}
        case {"other": str(text)}:
            return Other(text[:200])
        case {"array": str(data), "dtype": str(dtype), "shape": list(shape), "scalar": bool(scalar)}:
            return _decoded_array(data, dtype, shape, scalar)
    raise BrokenValueError("no value")


def _decoded_array(data: str, dtype: str, shape: list[Any], scalar: bool) -> Any:
    if not DTYPE.fullmatch(dtype) or not all(type(side) is int and side >= 0 for side in shape):
        raise BrokenValueError("no array")
    raw = base64.b64decode(data, validate=True)
    kind = np.dtype(dtype)
    if len(raw) != kind.itemsize * math.prod(shape):
        raise BrokenValueError("the array is incomplete")
    array = np.frombuffer(raw, kind).reshape(shape) if raw else np.zeros(shape, kind)
    if kind.kind == "b":
        array = np.frombuffer(raw, "u1").reshape(shape) != 0  # other bytes are no truth values
    return array[()] if scalar and not shape else array.copy()

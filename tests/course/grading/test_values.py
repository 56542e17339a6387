"""Values cross the line between the grader and a student's process unchanged, and nothing else does."""

from __future__ import annotations

import base64
import json
import math
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labs.course.grading.values import BrokenValueError, Other, dumps, loads

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(PLAIN)
def test_plain_values(value: Any) -> None:
    back = loads(dumps(value))
    assert back == value
    assert type(back) is type(value)


@given(
    arrays.arrays(
        st.sampled_from(["f4", "f8", "i4", "u1", "?", "c8", "U3"]), arrays.array_shapes(min_dims=0, min_side=0)
    )
)
def test_arrays(array: Any) -> None:
    back = loads(dumps(array))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


def test_scalars_tensors_and_other_objects() -> None:
    keras = pytest.importorskip("keras")
    assert type(loads(dumps(np.float32(2)))) is np.float32
    assert loads(dumps(...)) is ...
    assert math.isnan(loads(dumps(math.nan)))
    np.testing.assert_array_equal(loads(dumps(keras.ops.ones((2, 2)))), np.ones((2, 2)))
    assert loads(dumps(object())) == Other("an object of type object")
    assert loads(dumps(np.array([object()]))) == Other("an array of dtype object")
    assert loads(dumps({3, 4})) == {3, 4}


def array_line(**changed: Any) -> bytes:
    about = {"array": base64.b64encode(bytes(8)).decode(), "dtype": "<f8", "shape": [1], "scalar": False}
    return json.dumps(about | changed).encode() + b"\n"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[1, 2",
        b"{}\n",
        b"\xff\n",
        b'{"pickle": "x"}\n',
        b"[" * 100_000 + b"\n",
        b'{"list": ' * 5_000 + b"1" + b"}" * 5_000 + b"\n",
        b'{"int": "0x' + b"f" * 10_000 + b'"}\n',
        b'{"set": [{"list": []}]}\n',
        array_line(dtype="O"),
        array_line(dtype="V8"),
        array_line(shape=[10**12]),
        array_line(shape=[-1]),
        array_line(shape=["1"]),
        array_line(array="§"),
        array_line(shape=[0, 10**30], array=""),
        b'"' + b"x" * 60_000_000 + b'"\n',
    ],
)
def test_what_is_no_value_is_refused(line: bytes) -> None:
    with pytest.raises(BrokenValueError):
        loads(line)

"""IDX, NPZ and text files are read as they were written; NPZ and text files are refused in one line."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from utils.base.errors import CallerError
from utils.datasets.tables.array_files import read_idx, read_npz, read_text

CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}
shared_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def idx(array: np.ndarray[Any, Any], code: int) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, code, array.ndim, *array.shape) + array.tobytes()


@given(data=st.data(), dtype=st.sampled_from(list(CODES)))
@shared_folder
def test_idx_comes_back(data: st.DataObject, dtype: str, tmp_path: Path) -> None:
    array = data.draw(arrays_of.arrays(np.dtype(dtype), arrays_of.array_shapes(max_dims=4, max_side=5)))
    path = tmp_path / "a.idx"
    path.write_bytes(gzip.compress(idx(array, CODES[dtype])))
    found = read_idx(path)
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, array)


@given(content=st.binary(max_size=100))
@shared_folder
def test_bytes_that_are_no_npz_are_a_callers_mistake(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(content)
    with pytest.raises(CallerError):
        read_npz(path, {"a": (None,)})


def test_npz(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, pictures=np.ones((3, 2, 2), "u1"), labels=np.arange(3))
    found = read_npz(path, {"pictures": (None, 2, 2), "labels": (None,)})
    assert (found["pictures"].shape, found["labels"].tolist()) == ((3, 2, 2), [0, 1, 2])
    with pytest.raises(CallerError, match="the array names is missing") as raised:
        read_npz(path, {"names": (None,)})
    assert raised.value.hint == "the file has: pictures, labels"
    with pytest.raises(CallerError, match=r"pictures is uint8 \(3, 2, 2\)"):
        read_npz(path, {"pictures": (None, 28, 28)})
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(CallerError, match="not an NPZ file, or damaged"):
        read_npz(path, {"pictures": (None, 2, 2)})


class Trap:
    """Unpickled, it would leave a file behind."""

    def __reduce__(self) -> Any:
        return (Path.touch, (Path("trapped"),))


def test_npz_never_unpickles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "a.npz", a=np.array([Trap()], dtype=object))
    with pytest.raises(CallerError, match="the file has pickled objects"):
        read_npz(tmp_path / "a.npz", {"a": (None,)})
    assert not (tmp_path / "trapped").exists()


def test_npz_of_text_or_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.savez(tmp_path / "a.npz", a=np.array(["x"]))
    with pytest.raises(CallerError, match="a is <U1"):
        read_npz(tmp_path / "a.npz", {"a": (None,)})
    np.savez_compressed(tmp_path / "b.npz", a=np.zeros(1_000_000))
    monkeypatch.setattr("utils.datasets.tables.array_files.LARGEST", 1_000_000)
    with pytest.raises(CallerError, match="the arrays have 8,000"):
        read_npz(tmp_path / "b.npz", {"a": (None,)})


def test_text(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffX:1\r\nK:D\r\n".encode())
    assert read_text(path) == "X:1\nK:D\n"
    for content, reason in ((b"", "is empty"), (b"ab\xff", "not text in UTF-8 \\(byte 2\\)"), (b" \n", "is empty")):
        path.write_bytes(content)
        with pytest.raises(CallerError, match=reason):
            read_text(path)
    with pytest.raises(CallerError, match="no such file"):
        read_text(tmp_path / "none")
    path.write_bytes(b"abc")
    with pytest.raises(CallerError, match="the text has more than 2 bytes"):
        read_text(path, largest=2)

"""Legacy PyTorch files: read to the last number, and nothing in them run."""

from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from utils.base.errors import CallerError
from utils.pretrained.backbones import obtain
from utils.pretrained.torch_reader import MAGIC, PROTOCOL, read_tensors


class Global:
    """Pickles as a name alone, as PyTorch's own functions and storage types do."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Call:
    """Pickles as a call of a name with arguments."""

    def __init__(self, function: Global, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments


class Storage:
    """Pickles as a reference to bytes that follow."""

    def __init__(self, kind: Any, key: str, size: int) -> None:
        self.reference = ("storage", kind, key, "cpu", size, None)


class Writer(pickle._Pickler):
    """Writes what PyTorch would have written, from stand-ins."""

    def persistent_id(self, value: Any) -> Any:
        return value.reference if isinstance(value, Storage) else None

    def save(self, value: Any, save_persistent_id: bool = True) -> None:
        if isinstance(value, Global):
            self.write(f"c{value.module}\n{value.name}\n".encode())  # type: ignore[attr-defined]
        elif isinstance(value, Call):
            self.save(value.function)
            self.save(value.arguments)
            self.write(pickle.REDUCE)  # type: ignore[attr-defined]
        else:
            super().save(value, save_persistent_id)  # type: ignore[misc]


FLOATS, LONGS = Global("torch", "FloatStorage"), Global("torch", "LongStorage")
REBUILD = Global("torch._utils", "_rebuild_tensor_v2")


def pickled(value: Any) -> bytes:
    out = io.BytesIO()
    Writer(out, protocol=2).dump(value)
    return out.getvalue()


def tensor(key: str, shape: tuple[int, ...], strides: tuple[int, ...], kind: Global = FLOATS, **changed: Any) -> Call:
    size, offset = changed.get("size", int(np.prod(shape))), changed.get("offset", 0)
    return Call(REBUILD, Storage(kind, key, size), offset, shape, strides, False, OrderedDict())


def written(path: Path, tensors: Any, storages: dict[str, Any], **header: Any) -> Path:
    system = {"protocol_version": PROTOCOL, "little_endian": True, **header}
    parts = [pickled(each) for each in (header.get("magic", MAGIC), PROTOCOL, system, tensors, list(storages))]
    for values in storages.values():
        parts += [len(values).to_bytes(8, "little"), values.tobytes()]
    path.write_bytes(b"".join(parts))
    return path


def test_tensors_are_read(tmp_path: Path) -> None:
    floats, longs = np.arange(12, dtype="<f4"), np.array([7], "<i8")
    named = OrderedDict(
        a=tensor("1", (3, 4), (4, 1)), b=tensor("1", (4, 3), (1, 4), size=12), n=tensor("2", (), (), LONGS)
    )
    found = read_tensors(written(tmp_path / "a.pth", named, {"1": floats, "2": longs}))
    np.testing.assert_array_equal(found["a"], floats.reshape(3, 4))
    np.testing.assert_array_equal(found["b"], floats.reshape(3, 4).T)
    assert (found["n"].shape, int(found["n"])) == ((), 7)


@pytest.mark.parametrize("module", ["os", "builtins", "torch", "collections"])
def test_other_names_are_refused_before_anything_is_called(module: str, tmp_path: Path) -> None:
    """A pickle that would make a file, were it run."""
    trace = tmp_path / "trace"
    names = {"os": "mkdir", "builtins": "open", "torch": "load", "collections": "Counter"}
    evil = {"a": Call(Global(module, names[module]), str(trace))}
    path = written(tmp_path / "evil.pth", evil, {})
    with pytest.raises(CallerError, match=f"it names {module}.{names[module]}.*nothing in it was run"):
        read_tensors(path)
    assert not trace.exists()


def test_a_pickle_of_todays_kind_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "trace"),)

    (tmp_path / "evil.pth").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CallerError, match="nothing in it was run"):
        read_tensors(tmp_path / "evil.pth")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("tensors", "storages", "header"),
    [
        ({"a": tensor("1", (5,), (1,), size=4)}, {"1": np.zeros(4, "<f4")}, {}),  # beyond its storage
        ({"a": tensor("1", (2,), (1,), offset=3, size=4)}, {"1": np.zeros(4, "<f4")}, {}),
        ({"a": tensor("1", (4,), (-1,))}, {"1": np.zeros(4, "<f4")}, {}),
        ({"a": tensor("1", (4,), (1,), size=10**12)}, {"1": np.zeros(4, "<f4")}, {}),
        ({"a": tensor("1", (4,), (1,))}, {"1": np.zeros(3, "<f4")}, {}),  # another length than it says
        ({"a": tensor("1", (4,), (1,))}, {}, {}),  # no bytes at all
        ({"a": 3}, {}, {}),
        ([1, 2], {}, {}),
        ({"a": tensor("1", (4,), (1,))}, {"1": np.zeros(4, "<f4")}, {"little_endian": False}),
        ({"a": tensor("1", (4,), (1,))}, {"1": np.zeros(4, "<f4")}, {"magic": 3}),
    ],
)
def test_forgeries_are_refused(tensors: Any, storages: dict[str, Any], header: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path / "a.pth", tensors, storages, **header)
    with pytest.raises(CallerError, match="no tensors can be read from it"):
        read_tensors(path)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999999])
def test_a_file_that_is_cut_off(share: float, tmp_path: Path) -> None:
    whole = obtain("efficientnet-lite0").path.read_bytes()
    (tmp_path / "half.pth").write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(CallerError, match=r"half.pth: no tensors can be read from it"):
        read_tensors(tmp_path / "half.pth")


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="No such file"):
        read_tensors(tmp_path / "none.pth")

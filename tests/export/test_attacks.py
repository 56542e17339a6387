"""Opening a file does not execute it: each attack is refused with an error, without a side effect, in little memory.

The files are made here. `victim` is a file that an attack would write.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT
from tests.runs.test_folders import LABELS, RECORD, written
from utils.base.atomic_files import sha256
from utils.base.errors import CallerError
from utils.datasets.array_files import read_npz, read_text
from utils.datasets.cache import CachedArray
from utils.datasets.csv_tables import numbers, read_table
from utils.export.formats import FORMATS, load_model, open_model, save_model
from utils.export.scans.saved_models import outside_operations
from utils.images.decode import read_picture, read_pictures
from utils.pretrained.torch_reader import read_tensors
from utils.runs import predictions
from utils.runs.record import Run

MEGABYTES = 150
"""Memory that refusing a file may take; each bomb would take at least twice as much."""


@contextmanager
def little_memory() -> Iterator[None]:
    """Fail if the block needs much memory: the peak of the process is reset before it, which Linux can."""
    if not Path("/proc/self/clear_refs").exists():
        yield
        return

    def kilobytes(name: str) -> int:
        found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
        assert found is not None
        return int(found[1])

    Path("/proc/self/clear_refs").write_text("5")
    before = kilobytes("VmRSS")
    yield
    assert (kilobytes("VmHWM") - before) / 1e3 < MEGABYTES


@contextmanager
def refused(reason: str) -> Iterator[None]:
    """The block raises an error with this reason, and needs little memory."""
    with little_memory(), pytest.raises(CallerError, match=reason) as caught:
        yield
    assert caught.value.hint
    assert len(caught.value.message) < 600


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "victim.txt"
    yield path
    assert not path.exists(), "the file was executed"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The folder of a small model in three formats."""
    inputs = keras.Input((8,), name="features")
    save_model(keras.Model(inputs, keras.layers.Dense(2, name="y")(inputs)), tmp_path)
    assert open_model(tmp_path / "model.keras").predict(np.ones((2, 8))).shape == (2, 2)
    return tmp_path


# Keras files


@pytest.mark.parametrize("name", ["m.keras", "m.h5"])
def test_a_lambda(name: str, tmp_path: Path, victim: Path) -> None:
    inputs = keras.Input((8,))
    # The path is a constant of the code: Keras does not restore default arguments.
    act = eval(f"lambda x: (__import__('pathlib').Path({str(victim)!r}).touch(), x)[1]")
    owned = keras.layers.Lambda(act)
    keras.Model(inputs, owned(inputs)).save(tmp_path / name)
    victim.unlink()
    with refused("a Lambda, which can run any code"):
        load_model(tmp_path / name)


def changed(path: Path, change: Callable[[dict[str, Any]], Any], **members: bytes) -> Path:
    """A `.keras` file with another description of its model, and further members."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | members
    config = json.loads(parts["config.json"])
    change(config)
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def layer(config: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = config["config"]["layers"][1]
    return found


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ({"class_name": "system", "module": "os"}, "os.system, which is not part of Keras"),
        ({"class_name": "TFSMLayer", "module": "keras.layers"}, "a TFSMLayer"),
        ({"class_name": "Dense", "module": "elsewhere.layers"}, "elsewhere.layers.Dense, which is not part of Keras"),
        ({"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}}, "read from the file /etc/passwd"),
    ],
)
def test_a_description_that_names_other_code_or_a_file(about: dict[str, Any], reason: str, model: Path) -> None:
    with refused(reason):
        load_model(changed(model / "model.keras", lambda config: layer(config).update(about)))


def test_a_shape_bomb_in_the_description(model: Path) -> None:
    """A layer of 640 MB, whose weights are not in the file."""
    units = 20_000_000
    path = changed(model / "model.keras", lambda config: layer(config)["config"].update(units=units))
    with refused("its layers declare .* bytes of variables, and 72 are stored"):
        load_model(path)
    with h5py.File(model / "model.h5", "a") as file:
        file.attrs["model_config"] = file.attrs["model_config"].replace('"units": 2,', f'"units": {units},')
    with refused("its layers declare"):
        load_model(model / "model.h5")


def bombed(file: h5py.File) -> None:
    """Replace an array by one of 400 MB, of which nothing is stored."""
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
    del file[names[0]]
    file.create_dataset(names[0], (100_000_000,), "f4", chunks=(1_000_000,), compression="gzip", fillvalue=1.0)


def linked(file: h5py.File) -> None:
    """Replace an array by a link to another file."""
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
    del file[names[0]]
    file[names[0]] = h5py.ExternalLink("secret.h5", "/secret")


def stored_elsewhere(file: h5py.File) -> None:
    """Replace an array by one whose bytes are those of another file."""
    names: list[str] = []
    file.visititems(lambda name, found: names.append(name) if isinstance(found, h5py.Dataset) else None)
    del file[names[0]]
    file.create_dataset(names[0], (2,), "f4", external=[("/etc/passwd", 0, 8)])


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (bombed, "declares 400,000,000 bytes, and 0 are stored"),
        (linked, "is a link to secret.h5"),
        (stored_elsewhere, "is stored in another file"),
    ],
)
def test_hdf5_attacks_in_both_formats(attack: Callable[[h5py.File], None], reason: str, model: Path) -> None:
    with h5py.File(model / "secret.h5", "w") as secret:
        secret["secret"] = np.ones(2, "f4")
    with h5py.File(model / "model.h5", "a") as file:
        attack(file)
    with refused(reason):
        load_model(model / "model.h5")
    with zipfile.ZipFile(model / "model.keras") as archive:
        weights = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(weights, "a") as file:
        attack(file)
    with refused(reason):
        load_model(changed(model / "model.keras", lambda _: None, **{"model.weights.h5": weights.getvalue()}))


@pytest.mark.parametrize(
    ("member", "size", "reason"),
    [
        ("model.weights.h5", 300_000_000, "model.weights.h5 expands from .* to 300,000,000 bytes"),
        ("assets/x", 300_000_000, "assets/x expands from .* to 300,000,000 bytes"),
        ("../victim.txt", 5, "it contains ../victim.txt, which is not part of a model"),
        ("assets/../../victim.txt", 5, "which is not part of a model"),
    ],
)
def test_a_zip_bomb_or_a_member_elsewhere(member: str, size: int, reason: str, model: Path, victim: Path) -> None:
    path = changed(model / "model.keras", lambda _: None, **{member: bytes(size)})
    with refused(reason):
        load_model(path)


# SavedModels


def trojan(folder: Path, act: Callable[[], Any]) -> Path:
    class Trojan(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 8), tf.float32, name="features")])
        def serve(self, features: tf.Tensor) -> dict[str, tf.Tensor]:
            act()
            return {"y": features[:, :1]}

    module = Trojan()
    tf.saved_model.save(module, folder, signatures=module.serve)
    return folder


def write_in_a_branch(path: str) -> None:
    tf.cond(tf.random.uniform(()) < 2.0, lambda: [tf.io.write_file(path, "owned"), 1][1], lambda: 0)


def write_in_a_loop(path: str) -> None:
    tf.while_loop(lambda i: i < 1, lambda i: [i + 1, tf.io.write_file(path, "owned")][:1], [tf.constant(0)])


def read_a_checkpoint(path: str) -> None:
    to_itself = {"row_remapping": [0], "col_remapping": [0], "initializing_values": [0.0][:0]}
    tf.raw_ops.LoadAndRemapMatrix(ckpt_path=path, old_tensor_name="x", num_rows=1, num_cols=1, **to_itself)


def read_a_message_format(path: str) -> None:
    tf.raw_ops.DecodeProtoV2(
        bytes=[b""], message_type="x", field_names=["y"], output_types=[tf.int32], descriptor_source=path
    )


def write_a_message_format(path: str) -> None:
    no_fields = {"values": [tf.zeros((1, 1), tf.int32)], "field_names": ["y"], "sizes": [[0]]}
    tf.raw_ops.EncodeProto(**no_fields, message_type="x", descriptor_source=path)


ACTS: dict[str, Callable[[str], Any]] = {
    "WriteFile": lambda path: tf.io.write_file(path, "owned"),
    "WriteFile in a branch": write_in_a_branch,
    "WriteFile in a loop": write_in_a_loop,
    "ReadFile": lambda _: tf.io.read_file("/etc/passwd"),
    "MatchingFiles": lambda _: tf.io.matching_files("/etc/*"),
    "ImmutableConst": lambda path: tf.raw_ops.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name=path),
    "PrintV2": lambda path: tf.print("owned", output_stream=f"file://{path}"),
    "EagerPyFunc": lambda path: tf.py_function(lambda: Path(path).touch(), [], []),
    "LoadAndRemapMatrix": read_a_checkpoint,
    "DecodeProtoV2": read_a_message_format,
    "EncodeProto": write_a_message_format,
    "SaveV2": lambda path: tf.raw_ops.SaveV2(
        prefix=path, tensor_names=["x"], shape_and_slices=[""], tensors=[tf.zeros(1)]
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_saved_model_that_leaves_its_graph(name: str, tmp_path: Path, victim: Path) -> None:
    folder = trojan(tmp_path / "m", lambda: ACTS[name](str(victim)))
    operation = name.split()[0]
    assert outside_operations(folder) == {operation}
    with refused(operation):
        open_model(folder)


def edited(folder: Path, edit: Callable[[Any], None]) -> Path:
    """A SavedModel whose graph was edited by hand."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((folder / "saved_model.pb").read_bytes())
    edit(saved)
    (folder / "saved_model.pb").write_bytes(saved.SerializeToString())
    return folder


def test_an_operation_hidden_in_the_saver(tmp_path: Path, victim: Path) -> None:
    """The scan accepts that the saver, which only the loader calls, reads and writes checkpoints, and nothing else."""
    folder = trojan(tmp_path / "m", lambda: tf.io.write_file(str(victim), "owned"))

    def hide(saved: Any) -> None:
        for function in saved.meta_graphs[0].graph_def.library.function:
            if any(node.op == "WriteFile" for node in function.node_def):
                function.signature.name = "__inference__traced_restore_1"

    assert outside_operations(edited(folder, hide)) >= {"WriteFile"}
    with refused("WriteFile"):
        open_model(folder)


def test_a_call_of_the_saver(tmp_path: Path) -> None:
    def call_it(saved: Any) -> None:
        functions = saved.meta_graphs[0].graph_def.library.function
        saver = next(each for each in functions if "traced_restore" in each.signature.name)
        caller = next(each for each in functions if "traced" not in each.signature.name)
        node = caller.node_def.add(name="owned", op="Case")
        node.attr["branches"].list.func.add(name=saver.signature.name)

    with refused("Case of the saver"):
        open_model(edited(trojan(tmp_path / "m", lambda: None), call_it))


def test_a_saved_model_of_tensorflow_1(tmp_path: Path) -> None:
    """Its main graph would be run by the loader."""
    with refused("not a SavedModel of TensorFlow 2"):
        open_model(
            edited(
                trojan(tmp_path / "m", lambda: None), lambda saved: saved.meta_graphs[0].ClearField("object_graph_def")
            )
        )


def test_a_shape_bomb_in_a_saved_model(tmp_path: Path) -> None:
    def enlarge(saved: Any) -> None:
        functions = saved.meta_graphs[0].graph_def.library.function
        constant = next(node for each in functions for node in each.node_def if node.op == "Const")
        constant.attr["value"].tensor.tensor_shape.dim.add(size=10**9)

    with refused("declares .* bytes of variables and constants"):
        open_model(edited(trojan(tmp_path / "m", lambda: None), enlarge))


# Arrays


class Pickled:
    """Writes the victim when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.path}",)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def declared(shape: tuple[int, ...]) -> bytes:
    """A `.npy` file of 16 bytes that declares a shape."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(16)


def test_a_pickle_in_arrays(tmp_path: Path, victim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path))
    objects = np.array([Pickled(victim)], dtype=object)
    with refused("pickled objects"):
        read_npz(npz(tmp_path / "a.npz", x=objects), {"x": (1,)})
    run = written(tmp_path / "run", RECORD)
    npz(run / predictions.FILE, truth=objects)
    (run / "run.json").write_text(json.dumps({**RECORD, "files": {predictions.FILE: sha256(run / predictions.FILE)}}))
    with refused(r"predictions\.npz is damaged"):
        predictions.load(Run.open(run))
    cached = CachedArray("kind", "a")
    cached.folder.mkdir()
    np.save(cached.path, objects)
    assert not cached.complete


def test_a_pickle_in_a_torch_file(tmp_path: Path, victim: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(pickle.dumps(Pickled(victim), protocol=2))
    with refused("it names posix.system"):
        read_tensors(path)


@pytest.mark.parametrize("shape", [(10**15,), (10**6, 10**6, 10**6), (100_000_000,)])
def test_a_shape_bomb_in_arrays(shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", declared(shape))
    with refused("declares another size"):
        read_npz(tmp_path / "a.npz", {"x": (None,)})
    cached = CachedArray("kind", "a")
    cached.folder.mkdir()
    cached.path.write_bytes(declared(shape))
    with little_memory():
        assert not cached.complete


def test_a_zip_bomb_of_arrays(tmp_path: Path) -> None:
    with refused(r"x\.npy expands from .* to 300,000,128 bytes"):
        read_npz(npz(tmp_path / "a.npz", x=np.zeros(75_000_000, "f4")), {"x": (None,)})


# Text and images

COLUMNS = numbers("a", "b")


def test_a_csv_with_one_endless_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "1," * 2_000_000)
    with refused("line 2 has 4,000,000 characters"):
        read_table(path, COLUMNS)
    path.touch()
    os.truncate(path, 600_000_000)
    with refused("more than 200,000,000 bytes"):
        read_table(path, COLUMNS)
    with refused("more than 100,000,000 bytes"):
        read_text(path)


def test_a_compressed_csv_with_one_endless_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utils.datasets.csv_dialect.LARGEST", 20_000_000)
    with gzip.open(tmp_path / "a.csv.gz", "wb", compresslevel=1) as file:
        file.write(bytes(400_000_000))
    with refused("more than 20,000,000 bytes"):
        read_table(tmp_path / "a.csv.gz", COLUMNS)


def test_a_file_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utils.datasets.csv_dialect.LARGEST", 20_000_000)
    with refused("more than 20,000,000 bytes"):
        read_table(Path("/dev/zero"), COLUMNS)


def png(path: Path, side: int) -> Path:
    """A black PNG of one bit per pixel."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(bytes(side // 8 + 1)) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    return path


def hdr(path: Path, side: int) -> Path:
    """A Radiance image, which Pillow does not read and OpenCV does, in 600 bytes per row."""
    runs = b"".join(bytes([128 + min(127, side - at), 1]) for at in range(0, side, 127)) * 4
    path.write_bytes(
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n"
        + f"-Y {side} +X {side}\n".encode()
        + (bytes([2, 2, side >> 8, side & 255]) + runs) * side
    )
    return path


@pytest.mark.parametrize("bomb", [png, hdr])
def test_an_image_bomb(bomb: Callable[[Path, int], Path], tmp_path: Path) -> None:
    assert not isinstance(read_picture(bomb(tmp_path / "small", 80), (32, 32), "grey"), str), "the file is well formed"
    with refused("more than 100,000,000 pixels"):
        read_pictures([bomb(tmp_path / "large", 20_000 if bomb is png else 10_001)], (32, 32), "grey")


def test_an_image_that_is_a_program(tmp_path: Path, victim: Path) -> None:
    """Pillow would give it to Ghostscript."""
    path = tmp_path / "a.jpg"
    path.write_text(
        f"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n({victim}) (w) file closefile showpage\n%%EOF\n"
    )
    with refused("not an image"):
        read_pictures([path], (32, 32), "grey")


# Runs


def test_a_tampered_file(tmp_path: Path) -> None:
    run = written(tmp_path / "run", RECORD)
    (run / "labels.json").write_text(json.dumps({**LABELS, "target": "other"}))
    with refused(r"labels\.json is not what the run wrote"):
        Run.open(run)


def test_a_file_that_the_run_did_not_write(tmp_path: Path) -> None:
    run = Run.open(written(tmp_path / "run", RECORD))
    (run.folder / FORMATS["keras"]).write_bytes(b"swapped in")
    with refused(r"this run has no model\.keras"):
        run.path(FORMATS["keras"])


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside.txt"])
def test_a_record_that_names_a_file_elsewhere(name: str, tmp_path: Path) -> None:
    (tmp_path / "outside.txt").touch()
    digest = sha256(tmp_path / "run" / name) if name.startswith("/") else sha256(tmp_path / "outside.txt")
    with refused(f"files: {name} is elsewhere"):
        Run.open(written(tmp_path / "run", {**RECORD, "files": {name: digest}}))


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"schema": "one"}, "schema"),
        ({"files": {"model.keras": 1}}, r"files\.model\.keras"),
        ({"metrics": {"test": {"rmse": {"value": "low"}}}}, r"metrics\.test\.rmse\.value"),
        ({"data": {"name": "x", "digest": "y"}}, r"data\.simulated"),
    ],
)
def test_a_record_of_another_shape_is_named_by_its_key(change: dict[str, Any], key: str, tmp_path: Path) -> None:
    with refused(rf"run\.json is damaged \({key}: "):
        Run.open(written(tmp_path / "run", {**RECORD, **change}))


def test_an_input_of_any_size(tmp_path: Path) -> None:
    """Images are resized to this shape before the model is opened."""
    run = Run.open(written(tmp_path / "run", RECORD, {**LABELS, "input_shape": [10**6, 10**6, 3]}))
    with refused("input_shape"):
        _ = run.labels


def test_no_other_module_opens_models_or_pickles() -> None:
    """The readers that are tested above are the only ones."""
    opens = re.compile(
        r"saving\.load_model|saved_model\.load\(|pickle\.loads?\(|joblib\.load|np\.load\((?!.*allow_pickle=False)"
    )
    found = {
        path.relative_to(ROOT).as_posix()
        for package in ("labs", "utils")
        for path in (ROOT / package).rglob("*.py")
        if opens.search(path.read_text(encoding="utf-8"))
    }
    # These open what this project has just written.
    own = {"labs/exercises/saving.py", "utils/export/reading.py", "utils/export/exporting.py"}
    assert found == {"utils/export/formats.py", *own}

"""Arrays, tables, images and runs that attack: each is refused, without a side effect, in little memory."""

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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.attacks.refusals import little_memory, refused
from tests.conftest import ROOT
from tests.runs.test_folders import LABELS, RECORD, written
from utils.base.atomic_files import sha256
from utils.datasets.cache import CachedArray
from utils.datasets.tables.array_files import read_npz, read_text
from utils.datasets.tables.columns import numbers
from utils.datasets.tables.csv_tables import read_table
from utils.export.formats import FORMATS
from utils.images.decode import read_picture, read_pictures
from utils.pretrained.torch_reader import read_tensors
from utils.runs import predictions
from utils.runs.record import Run

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
    monkeypatch.setattr("utils.datasets.tables.csv_dialect.LARGEST", 20_000_000)
    with gzip.open(tmp_path / "a.csv.gz", "wb", compresslevel=1) as file:
        file.write(bytes(400_000_000))
    with refused("more than 20,000,000 bytes"):
        read_table(tmp_path / "a.csv.gz", COLUMNS)


def test_a_file_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utils.datasets.tables.csv_dialect.LARGEST", 20_000_000)
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

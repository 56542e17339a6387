"""Archives of images: read by name, decoded once, and a member that is not as it should be is refused."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from utils.base.errors import CheckError
from utils.images import image_archives


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))


def webp(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((20, 20), level, "uint8")).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def packed(path: Path, names: list[str], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for number, name in enumerate(names):
            archive.writestr(name, webp(40 * (number % 3)))
    return path


def test_an_archive_is_read_as_the_folder_of_its_members(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    names = ["train/b/1.webp", "train/a/1.webp", "test/a/3.webp", "test/b/4.webp"]
    path = packed(tmp_path / "in.zip", names)
    found = image_archives.load(path, (16, 16), "grey")
    assert found.names == tuple(sorted(names))
    assert (found.class_names, found.labels.tolist()) == (("a", "b"), [0, 1, 0, 1])
    assert found.official == ("test", "test", "train", "train")
    assert found.pictures[:].mean(axis=(1, 2, 3)).tolist() == [80, 0, 40, 0]
    assert found.digests[1] == found.digests[3] != found.digests[0]
    assert "decoding 4 images" in capfd.readouterr().err
    again = image_archives.load(path, (16, 16), "grey")
    assert "decoding" not in capfd.readouterr().err
    assert again.digest == found.digest
    assert image_archives.load(path, (8, 8), "rgb").pictures.shape == (4, 8, 8, 3)


def test_an_archive_without_splits(tmp_path: Path) -> None:
    found = image_archives.load(packed(tmp_path / "in.zip", ["a/1.webp", "b/2.webp"]), (16, 16), "grey")
    assert (found.official, found.labels.tolist()) == ((), [0, 1])


def test_a_compressed_member_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", ["a/1.webp", "b/2.webp"], zipfile.ZIP_DEFLATED)
    with pytest.raises(CheckError, match=r"a/1\.webp is compressed or has another size"):
        image_archives.load(path, (16, 16), "grey")


def test_a_member_that_claims_another_size_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", ["a/1.webp", "b/2.webp"])
    size = len(webp(0)).to_bytes(4, "little")
    content = bytearray(path.read_bytes())
    directory = content.index(b"PK\x01\x02")
    place = content.index(size + size, directory) + 4  # the size when unpacked; the stored size is before it
    content[place : place + 4] = (4_000_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(CheckError, match=r"a/1\.webp is compressed or has another size"):
        image_archives.load(path, (16, 16), "grey")

"""Folders of images: decoded once to what an image viewer shows; files that are not images are reported."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from utils.base.errors import CallerError
from utils.images import image_folders
from utils.images.decode import Mode, read_picture
from utils.images.image_folders import load, scan

GREY = np.linspace(0, 255, 32 * 24).reshape(32, 24).astype("uint8")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pictures"


def folder(root: Path, classes: str = "ab", number: int = 3, side: int = 20) -> Path:
    """A folder of PNGs, each of its own grey."""
    for label, name in enumerate(classes):
        (root / name / "deep").mkdir(parents=True)
        for i in range(number):
            place = root / name / ("deep" if i % 2 else "") / f"{i}.png"
            Image.fromarray(np.full((side, side), 40 * label + 10 * i, "uint8")).save(place)
    return root


def test_a_folder_comes_back_in_order(tmp_path: Path, cache: Path) -> None:
    found = load(folder(tmp_path / "in"), (16, 16), "grey")
    assert (found.class_names, found.labels.tolist()) == (("a", "b"), [0, 0, 0, 1, 1, 1])
    assert found.names == ("a/0.png", "a/2.png", "a/deep/1.png", "b/0.png", "b/2.png", "b/deep/1.png")
    assert found.pictures.shape == (6, 16, 16, 1)
    assert found.pictures[:].mean(axis=(1, 2, 3)).tolist() == [0, 20, 10, 40, 60, 50]
    assert found.pictures[np.array([5, 0])][:, 0, 0, 0].tolist() == [50, 0]
    assert np.asarray(found.pictures.take(np.array([3])))[0, 0, 0, 0] == 40
    assert len(list(cache.glob("*.npy"))) == 1


def test_decoded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = folder(tmp_path / "in")
    calls: list[Path] = []
    true = read_picture

    def counted(path: Path, *words: Any, **named: Any) -> Any:
        calls.append(path)
        return true(path, *words, **named)

    monkeypatch.setattr(image_folders, "read_picture", counted)
    first = load(root, (16, 16), "grey")
    again = load(root, (16, 16), "grey")
    assert (len(calls), first.digest) == (6, again.digest)
    load(root, (8, 16), "grey")
    load(root, (16, 16), "rgb")
    assert len(calls) == 18
    Image.fromarray(np.full((20, 20), 99, "uint8")).save(root / "a" / "0.png")
    changed = load(root, (16, 16), "grey")
    assert changed.digest != first.digest
    assert changed.pictures[:1].mean() == 99


def test_a_filled_cache_is_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(folder(tmp_path / "in"), (16, 16), "grey")

    def refuse(place: Path) -> Any:
        raise CallerError(f"the cache {place} cannot be written (Read-only file system)", "")

    monkeypatch.setattr(image_folders, "locked", refuse)
    monkeypatch.setattr("utils.datasets.cache.locked", refuse)
    os.utime(tmp_path / "in" / "a" / "0.png")  # read again, which the cache cannot remember
    np.testing.assert_array_equal(load(tmp_path / "in", (16, 16), "grey").pictures[:], first.pictures[:])
    with pytest.raises(CallerError, match="Read-only"):
        load(tmp_path / "in", (8, 8), "grey")


def test_official_splits(tmp_path: Path) -> None:
    folder(tmp_path / "in" / "train", number=2)
    folder(tmp_path / "in" / "Test", number=1)
    found = scan(tmp_path / "in")
    assert found.class_names == ("a", "b")
    assert sorted(found.official) == ["test"] * 2 + ["train"] * 4


def test_without_test_pictures_validation_is_the_test_split(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path / "in" / "train", number=2)
    folder(tmp_path / "in" / "val", number=1)
    assert sorted(scan(tmp_path / "in").official) == ["test"] * 2 + ["train"] * 4
    assert "val is the test split" in capsys.readouterr().err


def test_a_split_is_never_taken_for_a_class(tmp_path: Path) -> None:
    folder(tmp_path / "in" / "train")
    with pytest.raises(CallerError, match="there are train, but not both train and test"):
        scan(tmp_path / "in")
    folder(tmp_path / "in" / "Testing")
    assert set(scan(tmp_path / "in").official) == {"train", "test"}


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    root = folder(tmp_path / "in")
    (root / "a" / "deep").rename(root / "a" / ".thumbnails")
    assert [name for name in scan(root).names if "thumb" in name] == []


def test_a_cache_that_lost_its_pictures_is_made_again(tmp_path: Path, cache: Path) -> None:
    root = folder(tmp_path / "in")
    load(root, (16, 16), "grey")
    next(cache.glob("*.npy")).write_bytes(b"cut off")
    assert load(root, (16, 16), "grey").pictures[:].mean(axis=(1, 2, 3)).tolist() == [0, 20, 10, 40, 60, 50]


@pytest.mark.parametrize(
    ("classes", "reason"), [("", "0 classes of images"), ("a", "1 class of images"), ("ab", "has no image")]
)
def test_folders_refused(classes: str, reason: str, tmp_path: Path) -> None:
    root = folder(tmp_path / "in", classes) if classes else tmp_path / "in"
    root.mkdir(exist_ok=True)
    if classes == "ab":
        (root / "c").mkdir()
        (root / "c" / "notes.txt").touch()
    with pytest.raises(CallerError, match=reason):
        scan(root)
    with pytest.raises(CallerError, match="no such folder"):
        scan(tmp_path / "nowhere")


def png(width: int, height: int) -> bytes:
    """The head of a PNG that says how large it would be, and no more."""
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\0\0\0\0"
    chunks = (b"IHDR" + head, b"IDAT" + zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (len(chunk) - 4).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") for chunk in chunks
    )


def encoded(kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(GREY).save(buffer, kind)
    return buffer.getvalue()


UNUSABLE = {
    "empty": (b"", "empty"),
    "text": (b"this is text", "not an image"),
    "cut.jpg": (encoded("JPEG")[:200], "damaged|not an image"),
    "cut.png": (encoded("PNG")[:-40], "damaged"),
    "huge": (png(50_000, 50_000), "more than 100,000,000 pixels"),
    "tiny": (b"P5 2 2 255\n" + bytes(4), "2 × 2 pixels are too few"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_unusable_pictures_are_named(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, reason = UNUSABLE[case]
    root = folder(tmp_path / "in")
    (root / "a" / "bad.png").write_bytes(content)
    found = load(root, (16, 16), "grey")
    assert len(found.pictures) == len(found.labels) == len(found.names) == 6
    ((name, why),) = found.skipped.items()
    assert name == "a/bad.png"
    assert any(part in why for part in reason.split("|")), why
    assert f"note: a/bad.png: {why}; skipped" in capsys.readouterr().err
    for path in (root / "a").rglob("*.png"):
        path.write_bytes(content)
    with pytest.raises(CallerError, match="no image of a can be used"):
        load(root, (16, 16), "grey")


def saved(tmp_path: Path, image: Image.Image, name: str, **options: Any) -> Path:
    image.save(tmp_path / name, **options)
    return tmp_path / name


def read(path: Path, mode: Mode = "grey", size: tuple[int, int] = (32, 24)) -> Any:
    found = read_picture(path, size, mode)
    assert not isinstance(found, str), found
    assert found.dtype == np.uint8
    assert found.shape == (*size, 1 if mode == "grey" else 3)
    return found


def test_exif_turns(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90° to the right
    path = saved(tmp_path, Image.fromarray(GREY), "a.png", exif=exif)
    np.testing.assert_array_equal(read(path, size=(24, 32))[..., 0], np.rot90(GREY, -1))


def test_sixteen_bits(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(GREY.astype("uint16") * 257), "a.png")
    np.testing.assert_array_equal(read(path)[..., 0], GREY)


def test_transparency_is_over_white(tmp_path: Path) -> None:
    rgba = np.dstack([GREY, GREY, GREY, np.where(np.arange(24) < 12, 0, 255)[None].repeat(32, 0)]).astype("uint8")
    found = read(saved(tmp_path, Image.fromarray(rgba), "a.png"), "rgb")
    assert (found[:, :11] == 255).all()
    np.testing.assert_array_equal(found[:, 13:, 0], GREY[:, 13:])


def test_palette_and_cmyk_are_colours(tmp_path: Path) -> None:
    red = Image.new("RGB", (24, 32), (200, 30, 30))
    for name, image in (("p.png", red.convert("P")), ("c.jpg", red.convert("CMYK")), ("g.gif", red.convert("P"))):
        colour = read(saved(tmp_path, image, name), "rgb").reshape(-1, 3).mean(axis=0)
        np.testing.assert_allclose(colour, (200, 30, 30), atol=30)
        assert abs(read(tmp_path / name, "grey").mean() - (0.299 * 200 + 0.587 * 30 + 0.114 * 30)) < 15


@given(
    height=st.integers(16, 90),
    width=st.integers(16, 90),
    mode=st.sampled_from(["grey", "rgb"]),
    size=st.tuples(st.integers(16, 40), st.integers(16, 40)),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reduced_decoding_is_the_same_picture(
    height: int, width: int, mode: Mode, size: tuple[int, int], seed: int, tmp_path: Path
) -> None:
    """A JPEG decoded at a smaller scale, against the whole decoded and averaged: within five levels in the mean."""
    smooth = np.random.default_rng(seed).integers(0, 256, (4, 4, 3)).astype("uint8")
    image = Image.fromarray(smooth).resize((width * 4, height * 4), Image.Resampling.BICUBIC)
    path = saved(tmp_path, image, "a.jpg", quality=95)
    with Image.open(path) as whole:
        plain = whole.convert("L" if mode == "grey" else "RGB").resize(size[::-1], Image.Resampling.BILINEAR)
    difference = np.abs(read(path, mode, size).squeeze().astype(int) - np.asarray(plain).astype(int))
    assert difference.mean() < 5
    assert difference.max() < 48


def test_centre(tmp_path: Path) -> None:
    framed = np.zeros((40, 40), "uint8")
    framed[10:30, 10:30] = 200
    found = read_picture(saved(tmp_path, Image.fromarray(framed), "a.png"), (16, 16), "grey", centre=0.5)
    assert not isinstance(found, str)
    assert found.min() == 200

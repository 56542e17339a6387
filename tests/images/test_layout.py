"""Which folders are classes and which are splits; files that systems leave behind; names in any encoding."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, features

from utils.base.errors import CallerError
from utils.base.paths import printable
from utils.images import image_folders
from utils.images.decode import Mode, read_picture
from utils.images.layout import role


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABS_DATA_HOME", str(tmp_path / "cache"))


def picture(path: Path, seed: int = 0, kind: str = "PNG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 20, 3)).astype("uint8")
    Image.fromarray(pixels).save(path, kind)
    return path


def pictures(root: Path, *folders: str, number: int = 2) -> Path:
    for folder in folders:
        for i in range(number):
            picture(root / folder / f"{i}.png", hash((folder, i)) % 2**32)
    return root


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", "train training training_set trainset Train TRAINING seg_train train_data train-images train2017"),
        ("test", "test testing test_set Test-Set seg_test testdata test1 Test.Images"),
        ("validation", "val valid validation validation_set val_set Val val2017 seg_val"),
        ("", "trains cats testament set data 1 pred single_prediction train_station valley retest train test"),
    ],
)
def test_names_of_splits(split: str, names: str) -> None:
    for name in names.split() if split else [*names.split()[:-2], "train test"]:
        assert role(name) == split, name


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("training_set", "test_set"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("training_set/training_set", "Test"),
        ("archive/train", "archive/test"),
        ("data/data/Training", "data/data/Testing"),
        ("train/images", "test/images"),
    ],
)
def test_splits_are_recognised(train: str, test: str, tmp_path: Path) -> None:
    root = pictures(tmp_path / "in", *(f"{split}/{name}" for split in (train, test) for name in ("cats", "dogs")))
    found = image_folders.scan(root)
    assert found.class_names == ("cats", "dogs")
    assert set(zip(found.official, (name.removesuffix("/0.png")[:-5] for name in found.names), strict=True)) >= {
        ("train", train),
        ("test", test),
    }


@pytest.mark.parametrize("extra", ["pred", "single_prediction", "seg_pred/seg_pred", "chest_xray/train/cats"])
def test_other_folders_beside_splits_are_named(extra: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pictures(
        tmp_path / "in", "train/cats", "train/dogs", "test/cats", "test/dogs", "val/cats", "val/dogs", extra
    )
    found = image_folders.scan(root)
    assert found.class_names == ("cats", "dogs")
    assert set(found.official) == {"train", "test", "validation"}
    assert not any(name.startswith(extra) for name in found.names)
    assert f"note: {extra.split('/')[0]} is not a split and is left out" in capsys.readouterr().err


@pytest.mark.parametrize("test", ["test", "Test_set", "test/images"])
@pytest.mark.parametrize("validation", [True, False])
def test_unlabelled_test_images(
    test: str, validation: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = pictures(tmp_path / "in", "train/cats", "train/dogs", test, *["val/cats", "val/dogs"][: 2 * validation])
    pictures(root, "train/cats", "train/dogs", number=12)
    found = image_folders.scan(root)
    assert set(found.official) == ({"train", "validation"} if validation else {"train"})
    said = capsys.readouterr().err
    assert f"note: {test.split('/')[0]}: its 2 images are in no class folder; they are left out" in said
    assert "the test rows are taken from train" in said
    splits = image_folders.split(image_folders.load(root, (16, 16), "grey"), Shares())
    assert splits.test.names is not None
    assert {name.split("/")[0] for name in splits.test.names} == {"train"}
    assert len(splits.validation) == (4 if validation else 2)


class Shares:
    test_fraction = 0.25
    validation_fraction = 0.1
    split_seed = 0


UNCLEAR = {
    "classes beside train": ("train/a", "train/b", "cats"),
    "a flat train beside classes": ("train", "bus", "car"),
    "a flat test beside classes": ("test", "cats", "dogs"),
    "flat splits": ("train", "test"),
}


@pytest.mark.parametrize("case", UNCLEAR)
def test_unclear_folders_are_refused_with_both_readings(case: str, tmp_path: Path) -> None:
    with pytest.raises(CallerError, match=r"not clear whether the folders are splits .* or classes") as caught:
        image_folders.scan(pictures(tmp_path / "in", *UNCLEAR[case]))
    assert "if they are splits, " in caught.value.hint
    assert "if they are classes, rename" in caught.value.hint


def test_classes_must_have_training_images_under_the_same_name(tmp_path: Path) -> None:
    root = pictures(tmp_path / "in", "train/cats", "train/dogs", "test/cats", "test/birds")
    with pytest.raises(CallerError, match="the class birds has images in test"):
        image_folders.scan(root)
    root = pictures(tmp_path / "other", "train/cats", "train/dogs", "test/Cats", "test/Dogs")
    with pytest.raises(CallerError, match="test has the folders Cats and Dogs"):
        image_folders.scan(root)


CLUTTER = [
    *("__MACOSX/cats/._0.jpg", "._x.png", ".DS_Store", "Thumbs.db", "desktop.ini", ".ipynb_checkpoints/0.png"),
    *("@eaDir/0.png", "cats/__MACOSX/0.png", "cats/._0.png", "cats/Thumbs.db", "cats/.ipynb_checkpoints/1.png"),
    *("dogs/@eaDir/1.png", "dogs/desktop.ini", "$RECYCLE.BIN/2.png", ".thumbnails/3.png"),
]


@pytest.mark.parametrize("split", ["", "train/", "test/"])
def test_what_systems_leave_behind_is_passed_over(
    split: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [f"{part}{name}" for part in (("train/", "test/") if split else ("",)) for name in ("cats", "dogs")]
    root = pictures(tmp_path / "in", *folders)
    plain = image_folders.scan(root)
    for name in CLUTTER:
        if name.endswith("png"):
            picture(root / split / name)
        else:
            (root / split / name).parent.mkdir(parents=True, exist_ok=True)
            (root / split / name).write_bytes(b"\0\5\x16\7")
    found = image_folders.scan(root)
    assert (found.names, found.class_names, found.left_out) == (plain.names, plain.class_names, {})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.jfif", "JPEG"),
        ("a.JPG", "JPEG"),
        ("a.avif", "AVIF"),
        ("a", "PNG"),
        ("a.img", "JPEG"),
        ("a.dat", "WEBP"),
        ("a.jp2", "JPEG2000"),
        ("a.png", "JPEG"),
        ("IMG.0001", "TIFF"),
    ],
)
def test_the_content_decides_what_is_an_image(name: str, kind: str, tmp_path: Path) -> None:
    if kind == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    root = pictures(tmp_path / "in", "cats", "dogs")
    picture(root / "cats" / name, 9, kind)
    found = image_folders.load(root, (16, 16), "rgb")
    assert f"cats/{name}" in found.names
    assert not found.skipped


def test_opencv_reads_what_pillow_does_not(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    grey = np.random.default_rng(0).uniform(0, 1, (20, 20)).astype("float32")
    root = pictures(tmp_path / "in", "cats", "dogs")
    for place, (name, values) in enumerate({"a.hdr": np.dstack([grey] * 3), "rgb.tif": np.dstack([grey] * 3)}.items()):
        assert cv2.imwrite(str(root / "cats" / name), values)
        assert len(image_folders.load(root, (16, 16), "grey").names) == 5 + place


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def test_other_files_are_named_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pictures(tmp_path / "in", "cats", "dogs")
    (root / "cats" / "phone.heic").write_bytes(HEIC)
    (root / "dogs" / "list.txt").write_text("what these are")
    (root / "dogs" / "empty").touch()
    found = image_folders.load(root, (16, 16), "grey")
    assert len(found.names) == 4
    assert capsys.readouterr().err.splitlines()[1:] == [
        "note: cats/phone.heic: HEIC, which cannot be read here; save it as JPEG; skipped",
        "note: dogs/empty: empty; skipped",
        "note: dogs/list.txt: not an image; skipped",
    ]
    image_folders.load(root, (16, 16), "grey")
    assert "phone.heic" in capsys.readouterr().err, "also when the images are in the cache"


def test_images_beside_the_class_folders_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pictures(tmp_path / "in", "cats", "dogs")
    picture(root / "lost.png")
    assert len(image_folders.scan(root).names) == 4
    assert "note: in: 1 images are in no class folder; they are left out" in capsys.readouterr().err


LATIN = os.fsdecode(b"caf\xe9")
"""A name of Latin-1 bytes, as old zip archives contain."""


@pytest.mark.parametrize("place", ["in/cats/{}.png", "in/{}/0.png", "{}/cats/9.png", "in/train/{}/0.png"])
def test_names_in_another_encoding(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = place.format(LATIN).split("/")
    root = tmp_path / parts[0]
    folders = ["dogs", LATIN if place.endswith("{}/0.png") else "cats"]
    if "train" in place:
        folders = [f"{split}/{name}" for split in ("train", "test") for name in folders]
    try:
        pictures(root, *folders, number=12)
        picture(tmp_path.joinpath(*parts), 7)
        (tmp_path.joinpath(*parts).with_suffix(".txt")).touch()
    except OSError:
        pytest.skip("this file system takes only names in UTF-8")
    found = image_folders.load(root, (16, 16), "grey")
    assert "skipped" in capsys.readouterr().err
    splits = image_folders.split(found, Shares())
    names = [name for part in splits.parts().values() if part.names is not None for name in part.names]
    texts = [*splits.class_names, *names, splits.source.name]
    for text in texts:
        text.encode("utf-8")
    assert any("caf\\xe9" in text for text in texts)
    assert (root / found.names[0]).is_file(), "the names open the files"


@given(st.text(st.characters(exclude_categories=())))
def test_every_name_can_be_printed(name: str) -> None:
    shown = printable(name)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert json.loads(json.dumps(shown)) == shown
    assert shown == name or any("\ud800" <= character <= "\udfff" for character in name)


@pytest.mark.parametrize("mode", ["grey", "rgb"])
def test_a_constant_image_is_reported(mode: Mode, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = pictures(tmp_path / "in", "cats", "dogs")
    Image.new("L", (20, 20), 7).save(root / "cats" / "black.png")
    for _ in range(2):
        assert len(image_folders.load(root, (16, 16), mode).names) == 5
        assert "note: cats/black.png: all its pixels have the same value" in capsys.readouterr().err
    remarks: list[str] = []
    assert not isinstance(read_picture(root / "cats" / "0.png", (16, 16), mode, remarks=remarks), str)
    assert remarks == []

"""The command `filters` of the pneumonia lab, and the predictions of shifted radiographs."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from labs.pneumonia import experiments
from labs.pneumonia.filters import read_kernel
from tests.conftest import Command
from utils.figures import filter_sheets
from utils.images import filters


@pytest.fixture
def radiograph(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 60)).astype("uint8")
    Image.fromarray(pixels).save(tmp_path / "radiograph.png")
    return tmp_path / "radiograph.png"


def test_shifts_change_the_networks() -> None:
    models = experiments.shift_networks((28, 28, 1))
    images = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1)).astype("uint8")
    pooled, mean = models["CNN with max pooling"], models["CNN with max pooling and the mean over all positions"]
    assert models["CNN without pooling"].count_params() > 5 * pooled.count_params() > mean.count_params()
    for model in models.values():
        assert experiments.shift_changes(model, images, (0,))[0] == 0
        assert (experiments.shift_changes(model, images, (1, 3)) > 0).all()
    flat = np.full((1, 28, 28, 1), 100, "uint8")
    assert experiments.shift_changes(pooled, flat, (2,))[0] == 0, "all edge pixels are equal"


def test_the_command(command: Command, radiograph: Path, tmp_path: Path) -> None:
    ended = command(
        "labs.pneumonia", "filters", radiograph, "--kernel=0,-1,0/-1,5,-1/0,-1,0", "--image-size", 48, "--out", "out"
    )
    assert ended.status == 0, ended.err
    assert "your kernel" in ended.out
    record = json.loads((tmp_path / "out" / "filters.json").read_text())
    assert record["kernel"] == [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"filters.json", *record["files"]}
    assert set(record["files"]) == {f"{name}.png" for name in ("filters", "borders", "frequencies", "pooling")}
    pixels = np.asarray(Image.open(radiograph))[:, 6:54]
    expected = filters.apply(pixels, filters.SOBEL_X)
    assert record["responses"]["sobel-x"]["highest"] == expected.max()
    again = command("labs.pneumonia", "filters", radiograph, "--out", "out")
    assert again.status == 2
    assert "not an empty folder" in again.err
    cropped = command(
        "labs.pneumonia", "filters", radiograph, "--border", "crop", "--kernel", "blur", "--json", COLUMNS="60"
    ).json
    assert cropped["responses"]["your kernel"]["height"] == 252
    assert list((tmp_path / "models" / "pneumonia").glob("*-filters/filters.png"))


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("--kernel=sharp", "neither a known name nor rows of numbers", "sobel-x"),
        ("--kernel=1,0/0,1", "2 × 2 values", "odd"),
        ("--kernel=1,0,1/1", "the rows have 3, 1 values", "--kernel="),
        ("--kernel=1,nan,1", "not a finite number", "--kernel="),
        ("--kernel=" + ",".join("1" * 33), "1 × 33 values", "at most 31"),
        ("--kernel=", "neither a known name", "--kernel="),
        ("--border mirror", "--border: invalid choice", "extend, pad, crop"),
        ("--pool 1", "--pool: input should be greater", "--help"),
        ("--image-size 16", "--image-size 16: too small", "32 or more"),
    ],
)
def test_bad_options(command: Command, radiograph: Path, tmp_path: Path, words: str, error: str, hint: str) -> None:
    ended = command("labs.pneumonia", "filters", radiograph, *words.split(), "--out", "out")
    assert ended.status == 2, ended.err
    assert error in ended.err.splitlines()[0]
    assert hint in ended.err.splitlines()[1]
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_no_image(command: Command, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("text")
    assert "a.png: not an image" in command("labs.pneumonia", "filters", "a.png").err
    assert command("labs.pneumonia", "filters", "b.png").status == 2
    assert not (tmp_path / "models").exists()


def test_kernels_in_words() -> None:
    np.testing.assert_array_equal(read_kernel("1,2,3;4,5,6;7,8,9"), np.arange(1, 10).reshape(3, 3))
    assert read_kernel("laplace") is filters.LAPLACE


def test_figures_say_what_they_show() -> None:
    image = np.random.default_rng(1).integers(0, 256, (40, 40)).astype("uint8")
    borders = filter_sheets.borders(image, filters.BLUR, "blur")
    assert [axes.get_title() for axes in borders.axes] == [
        "image: 40 × 40",
        "extend: 40 × 40",
        "pad: 40 × 40",
        "crop: 36 × 36",
    ]
    sharpen = {"sharpened": read_kernel("0,-1,0/-1,5,-1/0,-1,0")}
    titles = [axes.get_title() for axes in filter_sheets.responses(image, sharpen).axes]
    assert {"blurred", "blurred, then Sobel", "Laplace", "sharpened"} <= set(titles)
    pooled = filter_sheets.pooling(image, 8)
    assert pooled.axes[1].get_title() == "max: 5 × 5"

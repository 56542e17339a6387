"""Grids of images: which images and texts are drawn, in colour and in grey, and that simulated data are marked."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from utils.figures import image_sheets
from utils.figures.image_sheets import Explained

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)


def drawn(figure: Figure) -> tuple[str, list[str], list[Array]]:
    """Save the figure (a warning is an error) and return its title, the titles of its images, and the images."""
    figure.savefig(BytesIO(), dpi=40)
    title = figure.get_suptitle()
    words = [word for axes in figure.axes for word in (axes.get_title(), axes.get_title("left")) if word.strip()]
    words += [text.get_text() for axes in figure.axes for text in axes.texts]
    return title, words, [np.asarray(image.get_array()) for axes in figure.axes for image in axes.get_images()]


def images(number: int, channels: int) -> Array:
    return RANDOM.integers(0, 256, (number, 9, 8, channels)).astype("uint8")


def explained(channels: int, number: int = 3) -> list[Explained]:
    return [Explained(image, RANDOM.random((9, 8)), "sparrow", 0.375) for image in images(number, channels)]


def maps(number: int = 3) -> dict[str, Array]:
    return {f"layer_{i}": RANDOM.normal(size=(4, 4, i + 1)) for i in range(number)}


def most_confident(channels: int, **options: Any) -> Figure:
    truth, probabilities = np.array([0, 1, 1, 0, 1]), np.array([[9, 1], [2, 8], [7, 3], [6, 4], [4, 6]]) / 10
    return image_sheets.most_confident(images(5, channels), truth, probabilities, ["no", "yes"], **options)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "draw",
    [
        lambda channels, **options: image_sheets.filters(RANDOM.normal(size=(3, 3, channels, 5)), **options),
        lambda channels, **options: image_sheets.feature_maps(images(1, channels)[0], maps(), **options),
        lambda channels, **options: image_sheets.grad_cam(explained(channels), **options),
        most_confident,
    ],
)
def test_simulated_data_are_marked_in_the_title(draw: Callable[..., Figure], channels: int) -> None:
    assert "SIMULATED" in drawn(draw(channels, simulated=True))[0].splitlines()[0]
    assert "SIMULATED" not in drawn(draw(channels))[0]


def test_correct_predictions_above_wrong_ones_most_confident_first() -> None:
    title, words, tiles = drawn(most_confident(1))
    assert "1 error in 5 images" in title
    assert words == ["no (90 %)", "yes (80 %)", "no (60 %)", "yes (60 %)", "predicted no (70 %)\nactual yes"]
    assert len(tiles) == 5
    assert drawn(most_confident(3, number=2))[1] == ["no (90 %)", "yes (80 %)", "predicted no (70 %)\nactual yes"]


def test_a_threshold_replaces_the_most_probable_class() -> None:
    """With a threshold of 0.3 another image is predicted wrongly."""
    title, words, _ = drawn(most_confident(1, threshold=0.3))
    assert "1 error" in title
    assert words == ["no (90 %)", "yes (80 %)", "yes (60 %)", "yes (30 %)", "predicted yes (40 %)\nactual no"]


def test_no_errors_and_a_long_name() -> None:
    truth, probabilities = np.array([0, 1]), np.eye(2)
    names = ["hippeastrum of the valley", "b"]
    title, words, tiles = drawn(image_sheets.most_confident(images(2, 3), truth, probabilities, names))
    assert "no errors in 2 images" in title
    assert words == ["hippeastrum o… (100 %)", "b (100 %)"]
    assert len(tiles) == 2


def test_filters_in_colour_show_zero_as_grey() -> None:
    kernels = np.zeros((3, 3, 3, 2))
    kernels[0, 0, :, 1] = [-2, 0, 2]
    _, words, tiles = drawn(image_sheets.filters(kernels))
    assert words == ["1", "2"]
    np.testing.assert_allclose(tiles[0], 0.5)
    np.testing.assert_allclose(tiles[1][0, 0], [0, 0.5, 1])
    assert not np.isnan(drawn(image_sheets.filters(np.zeros((3, 3, 1, 9))))[2]).any()


def test_feature_maps_show_the_most_variable_channels_of_evenly_sampled_layers() -> None:
    found = {f"layer_{i}": np.zeros((4, 4, 20)) for i in range(20)}
    found["layer_19"][..., 7] = RANDOM.normal(size=(4, 4))
    title, words, tiles = drawn(image_sheets.feature_maps(images(1, 3)[0], found, layers=3, channels=2))
    assert "3 of 20 layers" in title
    assert words == [
        "input image",
        "layer_0: 4 × 4, 20 channels",
        "layer_10: 4 × 4, 20 channels",
        "layer_19: 4 × 4, 20 channels",
    ]
    assert len(tiles) == 1 + 3 * 2
    np.testing.assert_array_equal(tiles[5], found["layer_19"][..., 7])
    assert "layers" not in drawn(image_sheets.feature_maps(images(1, 1)[0], maps()))[0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_grad_cam_names_the_class_and_its_probability(number: int, channels: int) -> None:
    several = explained(channels, number)
    title, words, tiles = drawn(image_sheets.grad_cam(several, title="bird.png"))
    assert title == "bird.png"
    assert [word for word in words if word.startswith("sparrow")] == ["sparrow (37.5%)"] * number
    for index, one in enumerate(several):
        np.testing.assert_array_equal(tiles[3 * index], one.image.squeeze())
        np.testing.assert_array_equal(tiles[3 * index + 2], one.heatmap)

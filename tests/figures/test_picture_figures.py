"""Sheets of pictures: what is shown where, in colour and grey, and that simulated data are called so."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from utils.figures import image_sheets
from utils.figures.image_sheets import Seen

Array = np.ndarray[Any, Any]
RANDOM = np.random.default_rng(0)


def drawn(figure: Figure) -> tuple[str, list[str], list[Array]]:
    """The title, what stands over the pictures, and the pictures, once it could be written without a warning."""
    figure.savefig(BytesIO(), dpi=40)
    title = figure.get_suptitle()
    words = [word for axes in figure.axes for word in (axes.get_title(), axes.get_title("left")) if word.strip()]
    words += [text.get_text() for axes in figure.axes for text in axes.texts]
    return title, words, [np.asarray(image.get_array()) for axes in figure.axes for image in axes.get_images()]


def pictures(number: int, channels: int) -> Array:
    return RANDOM.integers(0, 256, (number, 9, 8, channels)).astype("uint8")


def seen(channels: int, number: int = 3) -> list[Seen]:
    return [Seen(picture, RANDOM.random((9, 8)), "sparrow", 0.375) for picture in pictures(number, channels)]


def maps(number: int = 3) -> dict[str, Array]:
    return {f"layer_{i}": RANDOM.normal(size=(4, 4, i + 1)) for i in range(number)}


def surest(channels: int, **options: Any) -> Figure:
    truth, probabilities = np.array([0, 1, 1, 0, 1]), np.array([[9, 1], [2, 8], [7, 3], [6, 4], [4, 6]]) / 10
    return image_sheets.surest(pictures(5, channels), truth, probabilities, ["no", "yes"], **options)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "draw",
    [
        lambda channels, **options: image_sheets.filters(RANDOM.normal(size=(3, 3, channels, 5)), **options),
        lambda channels, **options: image_sheets.feature_maps(pictures(1, channels)[0], maps(), **options),
        lambda channels, **options: image_sheets.grad_cam(seen(channels), **options),
        surest,
    ],
)
def test_simulated_data_are_called_so(draw: Callable[..., Figure], channels: int) -> None:
    assert "SIMULATED" in drawn(draw(channels, simulated=True))[0].splitlines()[0]
    assert "SIMULATED" not in drawn(draw(channels))[0]


def test_hits_above_mistakes_below_surest_first() -> None:
    title, words, images = drawn(surest(1))
    assert "1 mistake in 5 pictures" in title
    assert words == ["no (90%)", "yes (80%)", "no (60%)", "yes (60%)", "no (70%)\nis yes"]
    assert len(images) == 5
    assert drawn(surest(3, number=2))[1] == ["no (90%)", "yes (80%)", "no (70%)\nis yes"]


def test_a_threshold_decides() -> None:
    """From 0.3 on the answer is yes: the mistake is another one."""
    title, words, _ = drawn(surest(1, threshold=0.3))
    assert "1 mistake" in title
    assert words == ["no (90%)", "yes (80%)", "yes (60%)", "yes (30%)", "yes (40%)\nis no"]


def test_no_mistake_and_a_long_name() -> None:
    truth, probabilities = np.array([0, 1]), np.eye(2)
    names = ["hippeastrum of the valley", "b"]
    title, words, images = drawn(image_sheets.surest(pictures(2, 3), truth, probabilities, names))
    assert "no mistake in 2 pictures" in title
    assert words == ["hippeastrum of th… (100%)", "b (100%)"]
    assert len(images) == 2


def test_filters_in_colour_keep_zero_grey() -> None:
    kernels = np.zeros((3, 3, 3, 2))
    kernels[0, 0, :, 1] = [-2, 0, 2]
    _, words, images = drawn(image_sheets.filters(kernels))
    assert words == ["1", "2"]
    np.testing.assert_allclose(images[0], 0.5)
    np.testing.assert_allclose(images[1][0, 0], [0, 0.5, 1])
    assert not np.isnan(drawn(image_sheets.filters(np.zeros((3, 3, 1, 9))))[2]).any()


def test_feature_maps_show_what_varies_and_skip_evenly() -> None:
    found = {f"layer_{i}": np.zeros((4, 4, 20)) for i in range(20)}
    found["layer_19"][..., 7] = RANDOM.normal(size=(4, 4))
    title, words, images = drawn(image_sheets.feature_maps(pictures(1, 3)[0], found, layers=3, channels=2))
    assert "3 of 20 layers" in title
    assert words == [
        "the picture",
        "layer_0: 4 × 4, 20 channels",
        "layer_10: 4 × 4, 20 channels",
        "layer_19: 4 × 4, 20 channels",
    ]
    assert len(images) == 1 + 3 * 2
    np.testing.assert_array_equal(images[5], found["layer_19"][..., 7])
    assert "layers" not in drawn(image_sheets.feature_maps(pictures(1, 1)[0], maps()))[0].split("picture")[1]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_grad_cam_names_the_class_and_its_probability(number: int, channels: int) -> None:
    several = seen(channels, number)
    title, words, images = drawn(image_sheets.grad_cam(several, title="bird.png"))
    assert title == "bird.png"
    assert [word for word in words if word.startswith("sparrow")] == ["sparrow (37.5%)"] * number
    for place, one in enumerate(several):
        np.testing.assert_array_equal(images[3 * place], one.picture.squeeze())
        np.testing.assert_array_equal(images[3 * place + 2], one.heat)

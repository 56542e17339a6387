"""The narrow curved valley: its gradient, the choice of learning rates, and the two images."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from labs.foundations import valley
from labs.foundations.figures import boundary
from utils.figures import plots

PATHS = {name: valley.descend(make(), 0.001, steps=20) for name, make in valley.SEVEN.items()}


@pytest.mark.parametrize("place", [(-1.5, 1.0), (0.3, -0.7), (1.0, 1.0)])
def test_the_slope_is_the_gradient_of_the_height(place: tuple[float, float]) -> None:
    w, small = np.array(place), 1e-6
    steps = small * np.eye(2)
    differences = [(valley.height(w + step) - valley.height(w - step)) / (2 * small) for step in steps]
    np.testing.assert_allclose(valley.slope(w), differences, atol=1e-6)
    assert valley.height(np.array(valley.MINIMUM)) == 0


@pytest.mark.parametrize("name", valley.SEVEN)
def test_the_chosen_rate_is_the_best_that_stays_in_the_picture(name: str) -> None:
    make = valley.SEVEN[name]
    rate = valley.best_rate(make)
    path = valley.descend(make(), rate)
    heights = valley.height(path)
    assert path.shape == (valley.STEPS + 1, 2)
    np.testing.assert_array_equal(path[0], valley.START)
    assert (np.abs(path[:, 0]) <= 2).all()
    assert ((path[:, 1] >= -1) & (path[:, 1] <= 3)).all()
    assert heights.max() == heights[0] > 10 * heights[-1]
    smaller = valley.RATES[valley.RATES.index(rate) - 1]
    assert heights[-1] < valley.height(valley.descend(make(), smaller)[-1])


def test_a_path_may_start_elsewhere_and_may_diverge() -> None:
    path = valley.descend(valley.SEVEN["SGD"](), 0.001, 3, (1.0, 1.0))
    np.testing.assert_array_equal(path, np.ones((4, 2)))
    assert not np.isfinite(valley.descend(valley.SEVEN["SGD"](), 10.0)).all()


def test_the_animation_ends_with_the_still_image() -> None:
    image = Image.open(io.BytesIO(valley.animation(PATHS, every=8)))
    assert isinstance(image, PngImagePlugin.PngImageFile)
    assert image.n_frames == 4  # after 0, 8, 16 and 20 steps
    frames = []
    for number in range(image.n_frames):
        image.seek(number)
        frames.append(np.asarray(image.convert("RGB"), dtype=float))
    assert all(np.abs(one - other).max() > 50 for one, other in itertools.pairwise(frames))
    written = io.BytesIO()
    valley.still(PATHS).savefig(written, format="png", dpi=90)
    still = np.asarray(Image.open(written).convert("RGB"), dtype=float)
    assert np.abs(frames[-1] - still).mean() < 3  # but for the palette


def test_every_optimizer_has_its_look_and_its_line() -> None:
    assert set(valley.LOOKS) == set(valley.SEVEN)
    assert len({*valley.LOOKS.values()}) == 7
    surface, curves = valley.still(PATHS).axes
    legend = surface.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [*valley.SEVEN]
    assert [len(line.get_xdata()) for line in curves.lines] == [21] * 7  # type: ignore[arg-type]


def test_the_boundary_is_where_both_colours_are_equally_probable() -> None:
    _, axes = plots.new_figure("")
    filled = boundary(axes, lambda plane: (plane[:, 0] + 1) / 2)
    np.testing.assert_allclose(np.array(filled.levels, dtype=float), np.linspace(0, 1, 11))
    (line,) = (lines for lines in axes.collections if len(getattr(lines, "levels", ())) == 1)
    (path,) = line.get_paths()
    np.testing.assert_allclose(np.array(path.vertices, dtype=float)[:, 0], 0, atol=1e-6)

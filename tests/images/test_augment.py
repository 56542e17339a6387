"""Augmentation: equal to Keras's own code where that is right, each option what its name says, repeated by its seed."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras.src.legacy.preprocessing import image as legacy
from pydantic import TypeAdapter, ValidationError

from utils.base.choices import Augmentation, FillMode
from utils.base.errors import CallerError
from utils.images import augment as augment_module
from utils.images.augment import Augmenter, Parameters, Pictures, augment, brighten, draw, matrices, warp

LEVELS = 0.52
"""Half a level is the rounding to uint8; the rest is float32 coordinates, on images of at most 96 × 96."""

# SciPy's modes that go on beyond the edge as ours do; Keras hands a mode through to SciPy.
CONTINUED = {"nearest": "nearest", "reflect": "reflect", "constant": "grid-constant", "wrap": "grid-wrap"}

channels = st.sampled_from([1, 3, 4])
sides = st.integers(8, 96)
modes = st.sampled_from(get_args(FillMode))
seeds = st.integers(0, 2**32 - 1)
everything = Augmentation(
    rotation_range=30.0,
    width_shift_range=0.2,
    height_shift_range=0.1,
    shear_range=20.0,
    zoom_range=0.3,
    horizontal_flip=True,
    vertical_flip=True,
    brightness_range=(0.5, 1.5),
)


def noise(*shape: int, seed: int = 0) -> Pictures:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def still(pictures: int = 1, **changes: Any) -> Parameters:
    """Parameters that change nothing but what is named."""
    return draw(Augmentation(), np.random.default_rng(0), pictures)._replace(
        **{name: np.full(pictures, value) for name, value in changes.items()}
    )


def warped(pictures: Pictures, fill_mode: FillMode = "nearest", **changes: Any) -> Pictures:
    return warp(pictures, matrices(still(len(pictures), **changes), *pictures.shape[1:3]), fill_mode)


def by_keras(picture: Pictures, parameters: Parameters, mode: str, cval: float, *, mend: bool = True) -> Any:
    """An image as Keras transforms it, float32; corrected: about the centre also of images that are not square."""
    height, width, _ = picture.shape
    centre = legacy.transform_matrix_offset_center
    with pytest.MonkeyPatch.context() as patch:
        if mend:
            patch.setattr(legacy, "transform_matrix_offset_center", lambda matrix, h, w: centre(matrix, w, h))
        moved = legacy.apply_affine_transform(
            picture.astype(np.float32),
            theta=parameters.rotation[0],
            tx=parameters.shift_x[0] * width,
            ty=parameters.shift_y[0] * height,
            shear=parameters.shear[0],
            zx=parameters.zoom_x[0],
            zy=parameters.zoom_y[0],
            row_axis=0,
            col_axis=1,
            channel_axis=2,
            fill_mode=mode,
            cval=cval,
        )
    moved = legacy.flip_axis(moved, 1) if parameters.flip_x[0] else moved
    return legacy.flip_axis(moved, 0) if parameters.flip_y[0] else moved


drawn = st.builds(
    still,
    rotation=st.floats(-180, 180),
    shift_x=st.floats(-0.9, 0.9),
    shift_y=st.floats(-0.9, 0.9),
    shear=st.floats(-80, 80),
    zoom_x=st.floats(0.05, 1.95),
    zoom_y=st.floats(0.05, 1.95),
    flip_x=st.booleans(),
    flip_y=st.booleans(),
)


@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@given(shape=st.tuples(sides, sides, channels), mode=modes, cval=st.integers(0, 255), parameters=drawn)
@settings(deadline=None, max_examples=200)
def test_equals_keras(shape: tuple[int, int, int], mode: FillMode, cval: int, parameters: Parameters) -> None:
    picture, (height, width, _) = noise(*shape), shape
    ours = warp(picture[None], matrices(parameters, height, width), mode, cval)[0]
    assert np.abs(ours - by_keras(picture, parameters, CONTINUED[mode], cval)).max() <= LEVELS


@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
@given(side=sides, mode=modes, parameters=drawn)
@settings(deadline=None, max_examples=100)
def test_equals_unmended_keras_inside_square_pictures(side: int, mode: FillMode, parameters: Parameters) -> None:
    picture = noise(side, side, 1)
    maps = matrices(parameters, side, side)
    rows, columns = np.mgrid[:side, :side]
    x, y = maps[0, :2] @ np.stack([columns.ravel(), rows.ravel(), np.ones(side**2)])
    inside = ((np.minimum(x, y) >= 0.01) & (np.maximum(x, y) <= side - 1.01)).reshape(side, side, 1)
    difference = np.abs(warp(picture[None], maps, mode)[0] - by_keras(picture, parameters, mode, 0.0, mend=False))
    assert difference.max(where=inside, initial=0) <= LEVELS


@pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")
def test_keras_still_mixes_up_its_axes() -> None:
    """What the module says about Keras 3.15; if this fails, Keras was corrected, and the module's text must change."""
    generator = legacy.ImageDataGenerator(height_shift_range=0.4)
    columns = np.broadcast_to(np.arange(32, dtype=np.float32)[None, :, None], (32, 32, 1))
    assert np.abs(generator.random_transform(columns, seed=1) - columns).max() > 1
    oblong = noise(16, 32, 1)
    parameters = still(rotation=90.0)
    mended, unmended = (by_keras(oblong, parameters, "nearest", 0.0, mend=mend) for mend in (True, False))
    assert np.abs(mended - unmended).max() > 1


@given(height=sides, width=sides, depth=channels, factor=st.floats(0, 4), seed=seeds)
@settings(deadline=None, max_examples=50)
def test_brightness_equals_keras(height: int, width: int, depth: int, factor: float, seed: int) -> None:
    picture = noise(height, width, depth, seed=seed)
    ours = brighten(picture[None], np.array([factor]))[0]
    assert (ours == legacy.apply_brightness_shift(picture, factor, scale=False)).all()


@given(count=st.integers(0, 3), height=st.integers(1, 64), width=st.integers(1, 64), depth=channels, seed=seeds)
@settings(deadline=None)
def test_nothing_drawn_changes_nothing(count: int, height: int, width: int, depth: int, seed: int) -> None:
    pictures = noise(count, height, width, depth, seed=seed)
    assert not Augmentation().active
    assert augment(pictures, Augmentation(), np.random.default_rng(seed)) is pictures
    for mode in get_args(FillMode):
        assert (warped(pictures, mode) == pictures).all()
    assert (brighten(pictures, np.ones(count)) == pictures).all()


@given(height=sides, width=sides, depth=channels)
@settings(deadline=None, max_examples=30)
def test_each_parameter_does_what_its_name_says(height: int, width: int, depth: int) -> None:
    pictures = noise(2, height, width, depth)
    assert (warped(pictures, flip_x=True) == pictures[:, :, ::-1]).all()
    assert (warped(pictures, flip_y=True) == pictures[:, ::-1]).all()
    square = pictures[:, : min(height, width), : min(height, width)]
    assert (warped(square, rotation=90.0) == np.rot90(square, axes=(1, 2))).all()
    assert (warped(pictures, rotation=180.0) == pictures[:, ::-1, ::-1]).all()
    assert (warped(pictures, "wrap", shift_x=3 / width) == np.roll(pictures, -3, axis=2)).all()
    assert (warped(pictures, "wrap", shift_y=-2 / height) == np.roll(pictures, 2, axis=1)).all()
    assert (warped(pictures, shift_x=3 / width)[:, :, -3:] == pictures[:, :, -1:]).all()
    assert (warped(pictures, "constant", shift_x=3 / width)[:, :, -3:] == 0).all()
    assert (warped(pictures, "reflect", shift_x=3 / width)[:, :, -3:] == pictures[:, :, :-4:-1]).all()


def test_shear_and_zoom_of_a_slope() -> None:
    """A slope of two levels a pixel stays a slope, and bilinear interpolation of it is exact."""
    offset = np.arange(65) - 32
    slope = np.broadcast_to(128 + 2 * offset, (65, 65)).astype(np.uint8)
    sideways, down = slope[None, :, :, None], slope.T[None, :, :, None]
    zoomed = warped(sideways, zoom_x=0.5, zoom_y=0.9)[0, :, :, 0]
    assert (zoomed == 128 + offset).all()
    assert (warped(down, zoom_x=0.9, zoom_y=0.5)[0, :, :, 0] == 128 + offset[:, None]).all()
    sheared = warped(sideways, shear=30.0)[0, 16:49, 24:41, 0]  # x − y sin 30°, as Keras shears
    assert np.abs(sheared - (128 + 2 * (offset[24:41] - offset[16:49, None] / 2))).max() <= LEVELS
    lower = warped(down, shear=30.0)[0, :, 24:41, 0]  # y cos 30°
    assert np.abs(lower - (128 + 2 * offset[:, None] * np.cos(np.pi / 6))).max() <= LEVELS


@pytest.mark.parametrize(("option", "axis"), [("width_shift_range", 1), ("height_shift_range", 0)])
def test_shift_options_move_along_their_own_axis(option: str, axis: int) -> None:
    """An image of equal rows is not changed by moving it up and down, one of equal columns not sideways."""
    equal = np.broadcast_to(noise(1, 1, 24, 1) if axis == 0 else noise(1, 24, 1, 1), (8, 24, 24, 1))
    options: dict[str, Any] = {option: 0.4}
    augmenter = Augmenter(Augmentation(**options), seed=0)
    assert (augmenter(equal, 0, 0) == equal).all()
    turned = equal.transpose(0, 2, 1, 3)
    assert (augmenter(turned, 0, 0) != turned).any()


OPTIONS: dict[str, tuple[Any, set[str], float, float]] = {
    "rotation_range": (25.0, {"rotation"}, -25.0, 25.0),
    "width_shift_range": (0.2, {"shift_x"}, -0.2, 0.2),
    "height_shift_range": (0.3, {"shift_y"}, -0.3, 0.3),
    "shear_range": (10.0, {"shear"}, -10.0, 10.0),
    "zoom_range": (0.4, {"zoom_x", "zoom_y"}, 0.6, 1.4),
    "horizontal_flip": (True, {"flip_x"}, 0.0, 1.0),
    "vertical_flip": (True, {"flip_y"}, 0.0, 1.0),
    "brightness_range": ((0.5, 1.2), {"brightness"}, 0.5, 1.2),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_draws_its_own_parameters_over_its_range(option: str) -> None:
    """2,000 draws stay in the range, come within a hundredth of its ends, and average to its middle."""
    value, own, low, high = OPTIONS[option]
    augmentation = Augmentation(**{option: value})
    assert augmentation.active
    parameters = draw(augmentation, np.random.default_rng(5), 2000)._asdict()
    nothing = still(2000)._asdict()
    for name, values in parameters.items():
        if name not in own:
            assert (values == nothing[name]).all()
            continue
        assert values.min() >= low
        assert values.max() <= high
        margin = (high - low) / 100
        assert values.min() < low + margin
        assert values.max() > high - margin
        assert abs(values.mean() - (low + high) / 2) < 5 * margin


def test_parameters_are_drawn_apart() -> None:
    """No two parameters go together, and no draw changes with the other options or with the size of the batch."""
    together = draw(everything, np.random.default_rng(3), 2000)
    assert np.abs(np.corrcoef(together) - np.eye(len(together))).max() < 0.1
    alone = draw(Augmentation(rotation_range=30.0), np.random.default_rng(3), 2000)
    assert (alone.rotation == together.rotation).all()
    fewer = draw(everything, np.random.default_rng(3), 20)
    assert all((few == many[:20]).all() for few, many in zip(fewer, together, strict=True))


def test_a_batch_depends_on_seed_epoch_step_and_pictures_alone() -> None:
    pictures = noise(6, 24, 32, 3)
    kept = pictures.copy()
    first = Augmenter(everything, seed=7)(pictures, 2, 5)
    assert first.dtype == np.uint8
    assert first.shape == pictures.shape
    assert (pictures == kept).all()
    assert (first != pictures).any()
    augmenter = Augmenter(everything, seed=7)
    augmenter(pictures, 0, 0)
    assert (augmenter(pictures, np.int64(2), np.int32(5)) == first).all()  # type: ignore[arg-type]
    others = [augmenter(pictures, 2, 6), augmenter(pictures, 5, 2), Augmenter(everything, seed=8)(pictures, 2, 5)]
    assert all((other != first).any() for other in others)
    with ThreadPoolExecutor(4) as pool:
        steps = [*range(20), *range(20)]
        batches = list(pool.map(lambda step: augmenter(pictures, 1, step), steps))
    assert all((batch == augmenter(pictures, 1, step)).all() for step, batch in zip(steps, batches, strict=True))


def test_the_shuffling_draws_other_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pipelines` shuffles with `default_rng((seed, epoch))`, which is also `default_rng((seed, epoch, 0))`."""
    shuffling = np.random.default_rng((7, 3))
    assert shuffling.random() == np.random.default_rng((7, 3, 0)).random()
    taken: list[np.random.Generator] = []
    monkeypatch.setattr(augment_module, "augment", lambda *arguments: taken.append(arguments[2]))
    Augmenter(everything, seed=7)(noise(1, 8, 8, 1), 3, 0)
    assert taken[0].random() != np.random.default_rng((7, 3)).random()


@given(height=sides, width=sides, depth=channels, mode=modes, seed=seeds)
@settings(deadline=None, max_examples=30)
def test_memory_layout_does_not_matter(height: int, width: int, depth: int, mode: FillMode, seed: int) -> None:
    """Views: strided, turned, channels first, read-only."""
    views = [
        noise(3, 2 * height, 3 * width, depth)[:, ::2, ::3],
        noise(3, height, width, depth)[::-1, ::-1, ::-1],
        noise(3, depth, height, width).transpose(0, 2, 3, 1),
        np.broadcast_to(noise(1, height, width, depth), (3, height, width, depth)),
    ]
    augmenter = Augmenter(Augmentation(rotation_range=90.0, fill_mode=mode, brightness_range=(0.5, 2.0)), seed)
    for view in views:
        assert (augmenter(view, 1, 1) == augmenter(view.copy(), 1, 1)).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"rotation_range": -1.0},
        {"rotation_range": 181.0},
        {"rotation_range": float("nan")},
        {"rotation_range": "20"},
        {"width_shift_range": 1.0},
        {"height_shift_range": 5},
        {"shear_range": 90.0},
        {"zoom_range": 1.0},
        {"zoom_range": (0.8, 1.2)},
        {"horizontal_flip": 1},
        {"vertical_flip": "yes"},
        {"fill_mode": "mirror"},
        {"cval": 256.0},
        {"brightness_range": 0.2},
        {"brightness_range": (1.2, 0.8)},
        {"brightness_range": (-0.1, 1.0)},
        {"brightness_range": (0.5, float("inf"))},
        {"rotation": 5.0},
    ],
)
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Augmentation(**wrong)


def test_options_go_through_json_and_what_changes_nothing_is_known() -> None:
    kind = TypeAdapter(Augmentation)
    assert kind.validate_json(kind.dump_json(everything)) == everything
    assert not Augmentation(fill_mode="constant", cval=9.0, brightness_range=(1.0, 1.0)).active


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((2, 8, 8, 1), np.float32),
        np.zeros((8, 8, 3), np.uint8),
        np.zeros((2, 8, 8, 2), np.uint8),
        np.zeros((2, 0, 8, 1), np.uint8),
    ],
)
def test_other_pictures_are_refused(pictures: Any) -> None:
    with pytest.raises(CallerError, match="cannot be augmented"):
        Augmenter(everything, seed=1)(pictures, 0, 0)
    with pytest.raises(CallerError, match="cannot be augmented"):
        Augmenter(Augmentation(), seed=1)(pictures, 0, 0)


def test_opencv_is_missed_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    augment_module._opencv.cache_clear()
    pictures = noise(1, 8, 8, 1)
    assert Augmenter(Augmentation(), seed=1)(pictures, 0, 0) is pictures
    with pytest.raises(CallerError, match="needs OpenCV") as caught:
        Augmenter(everything, seed=1)
    assert caught.value.hint.startswith("pip install '.[pneumonia]'")


def test_opencv_uses_no_threads_of_its_own() -> None:
    cv2 = augment_module._opencv()
    assert cv2.getNumThreads() == 1

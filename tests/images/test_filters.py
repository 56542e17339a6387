"""Filters of images, compared with OpenCV, SciPy and Keras, and a convolution that learns one."""

from __future__ import annotations

from typing import Any

import cv2
import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage, signal

from utils.images import filters

Array = NDArray[Any]
levels = st.integers(0, 255)
images = arrays(np.uint8, st.tuples(st.integers(7, 20), st.integers(7, 20)), elements=levels)
kernels = arrays(
    np.float64, st.tuples(st.sampled_from([1, 3, 5, 7]), st.sampled_from([1, 3, 5, 7])), elements=st.integers(-4, 4)
)
CV = {"extend": cv2.BORDER_REPLICATE, "pad": cv2.BORDER_CONSTANT}
SCIPY = {"extend": "nearest", "pad": "constant"}


@given(images, kernels, st.sampled_from(["extend", "pad"]))
def test_against_opencv_and_scipy(image: Array, kernel: Array, border: filters.Border) -> None:
    found = filters.apply(image, kernel, border)
    exact = image.astype("float64")
    np.testing.assert_allclose(found, cv2.filter2D(exact, cv2.CV_64F, kernel, borderType=CV[border]), atol=1e-9)
    np.testing.assert_allclose(found, ndimage.correlate(exact, kernel, mode=SCIPY[border], cval=0), atol=1e-9)
    flipped = filters.apply(image, kernel, border, flip=True)
    np.testing.assert_allclose(flipped, ndimage.convolve(exact, kernel, mode=SCIPY[border], cval=0), atol=1e-9)


@given(images, kernels)
def test_cropped(image: Array, kernel: Array) -> None:
    expected = signal.correlate2d(image.astype("float64"), kernel, mode="valid")
    np.testing.assert_allclose(filters.apply(image, kernel, "crop"), expected, atol=1e-9)


@given(images)
def test_named_filters_against_opencv_and_scipy(image: Array) -> None:
    exact = image.astype("float64")
    border = cv2.BORDER_REPLICATE
    across, down = (cv2.Sobel(exact, cv2.CV_64F, *axis, ksize=3, borderType=border) for axis in ((1, 0), (0, 1)))
    np.testing.assert_allclose(filters.apply(image, filters.SOBEL_X), across)
    np.testing.assert_allclose(filters.apply(image, filters.SOBEL_Y), down)
    np.testing.assert_allclose(filters.apply(image, filters.SOBEL_Y), ndimage.sobel(exact, 0, mode="nearest"))
    np.testing.assert_allclose(filters.sobel(image), np.hypot(across, down), atol=1e-9)
    laplace = filters.apply(image, filters.LAPLACE)
    np.testing.assert_allclose(laplace, cv2.Laplacian(exact, cv2.CV_64F, ksize=1, borderType=border), atol=1e-9)
    np.testing.assert_allclose(laplace, ndimage.laplace(exact, mode="nearest"), atol=1e-9)
    blurred = cv2.filter2D(exact, cv2.CV_64F, filters.BLUR, borderType=border)
    np.testing.assert_allclose(filters.apply(image, filters.BLUR), blurred, atol=1e-9)
    np.testing.assert_allclose(filters.edges_after_blur(image), filters.sobel(blurred), atol=1e-9)


@given(images, st.sampled_from([0.05, 0.2]))
def test_passes_against_scipy(image: Array, width: float) -> None:
    """A Gaussian of the frequency is a Gaussian of the place, whose width is 1 / (2π × that of the frequency)."""
    low = filters.low_pass(image, width)
    exact = np.fft.ifft2(ndimage.fourier_gaussian(np.fft.fft2(image), 1 / (2 * np.pi * width))).real
    np.testing.assert_allclose(low, exact, atol=1e-9)
    np.testing.assert_allclose(low + filters.high_pass(image, width), image)
    assert filters.high_pass(image, width).mean() == pytest.approx(0, abs=1e-9)


def test_frequencies() -> None:
    wave = np.cos(2 * np.pi * 4 * np.arange(32) / 32)[None, :] * np.ones((16, 1))
    found = filters.log_spectrum(wave)
    assert np.argwhere(found > 1).tolist() == [[8, 12], [8, 20]], "four cycles to both sides of the centre"
    blur, laplace = (filters.frequency_response(kernel, (16, 32)) for kernel in (filters.BLUR, filters.LAPLACE))
    assert (blur[8, 16], laplace[8, 16]) == (pytest.approx(1), pytest.approx(0, abs=1e-12))
    assert blur[0, 0] < 1e-9
    assert laplace[0, 0] == pytest.approx(8)
    wrapped = ndimage.correlate(wave, filters.BLUR, mode="wrap")
    np.testing.assert_allclose(np.fft.fft2(wrapped), np.fft.fft2(wave) * np.fft.ifftshift(blur), atol=1e-9)


@given(images, st.integers(1, 4))
def test_pooling_against_keras(image: Array, size: int) -> None:
    stacked = image[None, :, :, None].astype("float32")
    for kind, layer in (("max", keras.layers.MaxPooling2D(size)), ("average", keras.layers.AveragePooling2D(size))):
        expected = np.asarray(layer(stacked))[0, :, :, 0]
        np.testing.assert_allclose(filters.pool(image, size, kind), expected, atol=1e-3)  # type: ignore[arg-type]


@given(images, st.integers(-6, 6), st.integers(-6, 6))
def test_shifts_against_scipy(image: Array, down: int, right: int) -> None:
    expected = ndimage.shift(image, (down, right), order=0, mode="nearest")
    np.testing.assert_array_equal(filters.shifted(image, down, right), expected)
    np.testing.assert_array_equal(filters.shifted(image[None, ..., None], down, right)[0, ..., 0], expected)


def test_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="odd"):
        filters.apply(np.zeros((8, 8)), np.ones((2, 3)))
    with pytest.raises(ValueError, match="does not fit"):
        filters.apply(np.zeros((4, 8)), np.ones((5, 5)), "crop")
    with pytest.raises(ValueError, match="smaller"):
        filters.pool(np.zeros((4, 8)), 5)

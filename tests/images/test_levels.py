"""Images of more than eight bits: scaled by their tags or their values, and reported where grey levels are lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, TiffImagePlugin

from utils.images.decode import read_picture
from utils.images.levels import FEW, to_levels

RAMP = np.linspace(0, 1, 32 * 24).reshape(32, 24)


def read(path: Path) -> tuple[Any, list[str]]:
    remarks: list[str] = []
    found = read_picture(path, (32, 24), "grey", remarks=remarks)
    assert not isinstance(found, str), found
    return found[..., 0], remarks


def same(found: Any, share: Any) -> None:
    """As a ramp of this share of the range, within a level."""
    np.testing.assert_allclose(found.astype(float), share * 255, atol=1)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_any_number_of_bits_in_sixteen(bits: int, suffix: str, tmp_path: Path) -> None:
    values = np.rint(RAMP * (2**bits - 1)).astype("uint16")
    path = tmp_path / f"a.{suffix}"
    if suffix == "pgm":
        if bits == 8:
            pytest.skip("a PGM of eight bits has one byte per pixel")
        head = f"P5 24 32 {2**bits - 1}\n".encode()
        path.write_bytes(head + values.astype(">u2").tobytes())
    else:
        Image.fromarray(values).save(path)
    found, remarks = read(path)
    levels = len(np.unique(found))
    assert remarks == []
    assert levels >= 60
    assert (np.diff(found.ravel().astype(int)) >= 0).all()
    if suffix == "pgm" or bits in (8, 12, 16):
        same(found, RAMP)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (0, 1, "float32"),
        (-1, 1, "float32"),
        (0, 255, "float32"),
        (-1000, 3000, "int32"),
        (0, 1e6, "int32"),
        (-3, 9, "f4"),
    ],
)
def test_floats_and_signed_integers(low: float, high: float, kind: str, tmp_path: Path) -> None:
    Image.fromarray((low + RAMP * (high - low)).astype(kind)).save(tmp_path / "a.tif")
    found, remarks = read(tmp_path / "a.tif")
    same(found, RAMP)
    assert remarks == []


def test_a_declared_range_is_used(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[280], tags[281] = 0, 16383
    Image.fromarray(np.rint(RAMP * 1000).astype("uint16")).save(tmp_path / "a.tif", tiffinfo=tags)
    with Image.open(tmp_path / "a.tif") as image:
        assert image.tag_v2.get(281) is not None  # type: ignore[attr-defined]
    found, remarks = read(tmp_path / "a.tif")
    same(found, RAMP * 1000 / 16383)
    assert remarks == [f"only {len(np.unique(found))} of its 768 grey levels are left"]


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("bits", [12, 16])
def test_colours_of_sixteen_bits(suffix: str, bits: int, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    ramp = np.rint(RAMP * (2**bits - 1)).astype("uint16")
    zero = np.zeros_like(ramp)
    assert cv2.imwrite(str(tmp_path / f"a.{suffix}"), np.dstack([zero, zero, ramp]))  # OpenCV writes BGR
    found = read_picture(tmp_path / f"a.{suffix}", (32, 24), "rgb")
    assert not isinstance(found, str), found
    same(found[..., 0], RAMP)
    assert found[..., 1:].max() == 0


def test_white_is_zero(tmp_path: Path) -> None:
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    values = np.rint(RAMP * 4095).astype("uint16")
    Image.fromarray(values).save(tmp_path / "a.tif", tiffinfo=tags)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    entry = content.index((262).to_bytes(2, "little") + (3).to_bytes(2, "little"))
    content[entry + 8] = 0  # PhotometricInterpretation: WhiteIsZero
    (tmp_path / "a.tif").write_bytes(content)
    same(read(tmp_path / "a.tif")[0], 1 - RAMP)


def test_lost_levels_are_reported(tmp_path: Path) -> None:
    Image.fromarray((40000 + np.rint(RAMP * 500)).astype("uint16")).save(tmp_path / "a.png")
    assert read(tmp_path / "a.png")[1] == ["only 3 of its 501 grey levels are left"]
    values = RAMP.astype("float32")
    values[0, 0] = 1e9  # a defective pixel
    Image.fromarray(values).save(tmp_path / "b.tif")
    assert read(tmp_path / "b.tif")[1] == ["only 2 of its 768 grey levels are left"]


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    values = RAMP.astype("float32")
    values[3, 3] = np.nan
    Image.fromarray(values).save(tmp_path / "a.tif")
    same(read(tmp_path / "a.tif")[0], np.nan_to_num(values))
    Image.fromarray(np.full((32, 24), np.nan, "float32")).save(tmp_path / "b.tif")
    assert read_picture(tmp_path / "b.tif", (32, 24), "grey") == "damaged (no pixel has a finite value)"


@given(
    arrays.arrays(
        st.sampled_from(["uint16", "int32", "float32"]), (9, 8), elements={"allow_nan": False, "allow_infinity": False}
    )
)
def test_order_is_kept_and_every_loss_is_reported(values: Any) -> None:
    found, lost = to_levels(values)
    order = np.argsort(values, axis=None, kind="stable")
    assert (np.diff(found.ravel()[order].astype(int)) >= 0).all()
    kept, had = len(np.unique(found)), len(np.unique(values))
    assert bool(lost) == (kept < min(FEW, had))

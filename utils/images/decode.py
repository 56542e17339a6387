"""Decode an image file to an array of pixels, as an image viewer shows it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

if TYPE_CHECKING:
    from PIL.Image import Image as ImageType

Array = NDArray[Any]
Mode = Literal["grey", "rgb"]

LARGEST = 100_000_000
"""Largest number of pixels of an image, against decompression bombs. The largest radiographs have about 20 million."""
SMALLEST = 8
"""Smallest length of the shorter side, in pixels."""
NEAR = 0.95
"""A JPEG is decoded at a smaller scale if that has at least this fraction of the requested size."""
VERSION = 3
"""Raised when decoding changes, so that earlier caches are not used."""
CHANNELS = {"grey": 1, "rgb": 3}


def read_picture(
    path: Path, size: tuple[int, int], mode: Mode, *, centre: float = 1.0, square: bool = False
) -> Array | str:
    """Read an image as (height, width, channels) uint8, or return the reason why it cannot be used.

    The result is what an image viewer shows: rotated as EXIF says, palettes and CMYK as colours, transparency over
    white, the first frame of several; of 16 bits per channel the upper eight are kept. A JPEG is decoded at the
    smallest of its scales (a half, a quarter, an eighth) that is hardly smaller than `size`, then resized.

    Args:
        path: the file.
        size: (height, width).
        mode: `grey` (ITU-R 601 luma) or `rgb`.
        centre: fraction of height and width that is kept around the centre.
        square: crop a square with that fraction of the shorter side, which keeps the proportions, and resize it
            bicubically, as networks for ImageNet expect.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = LARGEST
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about damaged EXIF or palettes
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if min(image.size) < SMALLEST:
                    return f"{image.width} × {image.height} pixels are too few"
                wanted = int(np.ceil(NEAR * max(size) / centre))
                image.draft("L" if mode == "grey" else None, (wanted, wanted))
                turned = ImageOps.exif_transpose(image)
                return _pixels(_cut(_colours(turned, mode), size, centre, square=square))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"more than {LARGEST:,} pixels"
    except UnidentifiedImageError:
        return "empty" if path.stat().st_size == 0 else "not an image"
    except Exception as error:  # Pillow raises nearly any exception on damaged files
        return f"damaged ({' '.join(str(error).split())[:80]})"


def _colours(image: ImageType, mode: Mode) -> ImageType:
    """The image as `L` or `RGB`."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):
        values = np.asarray(image).astype("float64")
        # 16-bit files have values up to 65535; a file without a value above 255 was stored with 8 bits.
        scale = 257.0 if values.max() > 255 else 1.0
        image = Image.fromarray(np.clip(values / scale, 0, 255).astype("uint8"))
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        opaque = image.convert("RGBA")
        white = Image.new("RGBA", opaque.size, "white")
        image = Image.alpha_composite(white, opaque)
    return image.convert("L" if mode == "grey" else "RGB")


def _cut(image: ImageType, size: tuple[int, int], centre: float, *, square: bool) -> ImageType:
    """The centre of an image, resized."""
    from PIL import Image

    if square:
        side = int(centre * min(image.size))
        left, top = ((length - side + 1) // 2 for length in image.size)
        cropped = image.crop((left, top, left + side, top + side))
        return cropped.resize((size[1], size[0]), Image.Resampling.BICUBIC)
    if centre < 1:
        # Cropped first: a resize with a box also uses pixels outside the box.
        left, top = (round(length * (1 - centre) / 2) for length in image.size)
        image = image.crop((left, top, image.width - left, image.height - top))
    return image.resize((size[1], size[0]), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _pixels(image: ImageType) -> NDArray[np.uint8]:
    """The image as an array (height, width, channels)."""
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels[..., None] if pixels.ndim == 2 else pixels


def is_picture(path: Path) -> bool:
    """Whether the file has the header of an image; nothing is decoded."""
    from PIL import Image

    try:
        with Image.open(path):
            return True
    except Exception:  # Pillow raises nearly any exception on damaged files
        return False


def read_pictures(
    paths: Sequence[Path], size: tuple[int, int], mode: Mode, *, centre: float = 1.0, square: bool = False
) -> Array:
    """Images to predict from, (images, height, width, channels) uint8; see `read_picture`.

    Raises:
        CallerError: a file is missing or cannot be used.
    """
    found = []
    for path in paths:
        if not path.is_file():
            raise CallerError(f"{path}: there is no such file", "give image files")
        picture = read_picture(path, size, mode, centre=centre, square=square)
        if isinstance(picture, str):
            raise CallerError(f"{path}: {picture}", "give JPEG or PNG files that an image viewer opens")
        found.append(picture)
    return np.stack(found)

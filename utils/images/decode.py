"""Decode an image file to an array of pixels, as an image viewer shows it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from utils.base.console import say
from utils.base.errors import CallerError
from utils.base.paths import files_below
from utils.images import levels

if TYPE_CHECKING:
    from PIL.Image import Image as ImageType

Array = NDArray[Any]
Mode = Literal["grey", "rgb"]

LARGEST = 100_000_000
"""Largest number of pixels of an image, against decompression bombs. The largest radiographs have about 20 million."""
FORMATS = ["AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "PCX", "PNG", "PPM", "SGI", "TGA", "TIFF", "WEBP"]
"""The formats that Pillow may decode. It decodes some others with external programs: EPS with Ghostscript."""
SMALLEST = 8
"""Smallest length of the shorter side, in pixels."""
NEAR = 0.95
"""A JPEG is decoded at a smaller scale if that has at least this fraction of the requested size."""
VERSION = 4
"""Raised when decoding changes, so that earlier caches are not used."""
CHANNELS = {"grey": 1, "rgb": 3}


def read_picture(
    path: Path,
    size: tuple[int, int],
    mode: Mode,
    *,
    centre: float = 1.0,
    square: bool = False,
    remarks: list[str] | None = None,
) -> Array | str:
    """Read an image as (height, width, channels) uint8, or return the reason why it cannot be used.

    The result is what an image viewer shows: rotated as EXIF says, palettes and CMYK as colours, transparency over
    white, the first frame of several; images of more than eight bits as in `utils.images.levels`. A JPEG is decoded at
    the smallest of its scales (a half, a quarter, an eighth) that is hardly smaller than `size`, then resized.

    Args:
        path: the file. Its content decides on its format, not its name.
        size: (height, width).
        mode: `grey` (ITU-R 601 luma) or `rgb`.
        centre: fraction of height and width that is kept around the centre.
        square: crop a square with that fraction of the shorter side, which keeps the proportions, and resize it
            bicubically, as networks for ImageNet expect.
        remarks: what is odd about a usable image is appended, in words.
    """
    from PIL import Image, UnidentifiedImageError

    Image.MAX_IMAGE_PIXELS = LARGEST
    remarks = [] if remarks is None else remarks
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about damaged EXIF or palettes
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with _opened(path) as image:
                if min(image.size) < SMALLEST:
                    return f"{image.width} × {image.height} pixels are too few"
                wanted = int(np.ceil(NEAR * max(size) / centre))
                image.draft("L" if mode == "grey" else None, (wanted, wanted))
                upright = _turned(_shallow(image, path, remarks), image)
                pixels = _pixels(_cut(_colours(upright, mode), size, centre, square=square))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return f"more than {LARGEST:,} pixels"
    except UnidentifiedImageError:
        return unreadable(path)
    except Exception as error:  # Pillow raises nearly any exception on damaged files
        return f"damaged ({' '.join(str(error).split())[:80]})"
    if pixels.min() == pixels.max():
        remarks[:] = ["all its pixels have the same value"]
    return pixels


def _opened(path: Path) -> ImageType:
    """The image of a file, from Pillow, or from OpenCV for what only that reads."""
    from PIL import Image, UnidentifiedImageError

    try:
        return Image.open(path, formats=FORMATS)
    except UnidentifiedImageError:
        values = levels.read_by_opencv(path)
        if values is None:
            raise
        if values.shape[0] * values.shape[1] > LARGEST:
            raise Image.DecompressionBombError from None
        return Image.fromarray(values if values.dtype == np.uint8 else levels.to_levels(values)[0])


def unreadable(path: Path) -> str:
    """Why a file is not an image that can be read here."""
    with path.open("rb") as file:
        head = file.read(12)
    if not head:
        return "empty"
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"):
        return "HEIC, which cannot be read here; save it as JPEG"
    return "not an image"


def _shallow(image: ImageType, path: Path, remarks: list[str]) -> ImageType:
    """The image with at most eight bits per channel."""
    from PIL import Image

    if not levels.is_deep(image, path):
        return image
    found, lost = levels.to_levels(levels.deep_values(image, path), levels.declared_range(image))
    if lost:
        remarks.append(lost)
    return Image.fromarray(255 - found if levels.is_inverted(image) else found)


def _turned(image: ImageType, source: ImageType) -> ImageType:
    """The image, rotated as the EXIF data of its source say."""
    from PIL import ImageOps

    turn = source.getexif().get(0x0112)
    if image is not source and turn is not None:
        image.getexif()[0x0112] = turn
    return ImageOps.exif_transpose(image)


def _colours(image: ImageType, mode: Mode) -> ImageType:
    """The image as `L` or `RGB`."""
    from PIL import Image

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
    """Whether the content of a file is that of an image, whatever its name; Pillow's formats are not decoded."""
    try:
        with _opened(path):
            return True
    except Exception:  # Pillow raises nearly any exception on damaged files
        return False


def expanded(paths: Sequence[Path]) -> list[Path]:
    """The paths, and in place of each folder the images in it; other files of a folder are reported and left out.

    Raises:
        CallerError: a folder has no image that can be read.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = []
        for file in files_below(path):
            image = read_picture(file, (SMALLEST, SMALLEST), "grey")
            if isinstance(image, str):
                say(f"note: {file}: {image}; left out")
            else:
                found.append(file)
        if not found:
            raise CallerError(
                f"{path}: the folder has no image that can be read", "give another folder, or image files"
            )
        files += found
    return files


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
        remarks: list[str] = []
        picture = read_picture(path, size, mode, centre=centre, square=square, remarks=remarks)
        if isinstance(picture, str):
            raise CallerError(f"{path}: {picture}", "give JPEG or PNG files that an image viewer opens")
        for remark in remarks:
            say(f"note: {path}: {remark}")
        found.append(picture)
    return np.stack(found)

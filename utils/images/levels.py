"""Images of more than eight bits per channel, as the 256 grey levels that a network is given.

Detectors write 10, 12 or 14 bits into files of 16, and programs write floats in many ranges. The range is that of the
file's tags; without tags it follows from the values: eight, twelve or sixteen bits, [0, 1] or [−1, 1]. With these few
ranges an image of 10 or 14 bits keeps at least 64 levels, and the images of one detector are scaled alike.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image as ImageType

Array = NDArray[Any]

FEW = 32
"""An image that comes out with fewer grey levels than this, while its file has more, is reported."""
LARGEST_FILE = 500_000_000
"""In bytes; a larger file (a video) is not read to find out whether it is an image."""
_EIGHT, _TWELVE, _SIXTEEN = (float(2**bits - 1) for bits in (8, 12, 16))
_BITS, _PHOTOMETRIC = 258, 262
_LIMITS = ((280, 281), (340, 341))
"""TIFF tags: bits per sample, photometric interpretation, and (smallest, largest) value of a sample."""


def is_deep(image: ImageType, path: Path) -> bool:
    """Whether a file has more than eight bits per channel."""
    if image.mode.startswith(("I", "F")):
        return True
    if image.format == "PNG":
        with path.open("rb") as file:
            return file.read(25)[24:] == b"\x10"  # the bit depth in the header
    return image.format == "TIFF" and max(_tag(image, _BITS) or (8,)) > 8


def deep_values(image: ImageType, path: Path) -> Array:
    """The values of such an image, (height, width) or (height, width, channels) with RGB in this order."""
    if image.mode.startswith(("I", "F")):
        return np.asarray(image)
    values = read_by_opencv(path)
    return np.asarray(image) if values is None else values  # Pillow keeps the upper eight bits


def read_by_opencv(path: Path) -> Array | None:
    """The values of an image that OpenCV reads; None if it is not installed or cannot read the file.

    Raises:
        PIL.Image.DecompressionBombError: the image has too many pixels; it is not decoded.
    """
    if find_spec("cv2") is None or path.stat().st_size > LARGEST_FILE:
        return None
    import cv2
    from PIL import Image

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # the caller reports damaged files
    content = np.frombuffer(path.read_bytes(), np.uint8)  # not by its name: OpenCV takes no bytes other than UTF-8
    try:
        values = cv2.imdecode(content, cv2.IMREAD_UNCHANGED) if content.size else None
    except cv2.error as error:
        if "MAX_IMAGE_PIXELS" in str(error):  # utils/base/__init__.py sets it
            raise Image.DecompressionBombError from None
        return None
    if values is None or values.ndim == 2:
        return values
    return np.ascontiguousarray(values[..., [2, 1, 0, 3][: values.shape[2]]] if values.shape[2] > 2 else values[..., 0])


def declared_range(image: ImageType) -> tuple[float, float] | None:
    """The range that the file's tags declare for its values, or None."""
    if image.format == "PPM":
        return 0.0, _SIXTEEN  # Pillow has scaled them
    for low, high in _LIMITS:
        if _tag(image, high):
            return float(min(_tag(image, low) or (0,))), float(max(_tag(image, high)))
    bits = max(_tag(image, _BITS) or (0,))
    return (0.0, 2.0**bits - 1) if 8 < bits < 16 else None


def is_inverted(image: ImageType) -> bool:
    """Whether zero is white, which Pillow applies only to eight bits."""
    return image.mode.startswith(("I", "F")) and _tag(image, _PHOTOMETRIC) == (0,)


def _tag(image: ImageType, number: int) -> tuple[Any, ...]:
    value = getattr(image, "tag_v2", {}).get(number, ())
    return value if isinstance(value, tuple) else (value,)


def to_levels(values: Array, declared: tuple[float, float] | None = None) -> tuple[NDArray[np.uint8], str]:
    """Values as levels from 0 to 255.

    Args:
        values: any shape, integers or floats.
        declared: the range that the file declares; it is used if no value is outside it.

    Returns:
        The levels, and what was lost, in words; empty if nothing was.

    Raises:
        ValueError: no value is a finite number.
    """
    finite = np.isfinite(values)
    if not finite.any():
        raise ValueError("no pixel has a finite value")
    exact = np.where(finite, values, values[finite].min()).astype("float64")
    low, high = float(exact.min()), float(exact.max())
    if declared is not None and declared[0] <= low and high <= declared[1] and declared[0] < declared[1]:
        found = _scaled(exact, *declared)
    else:
        whole = values.dtype.kind in "iu" or bool((exact == np.rint(exact)).all() and high > 1)
        found = _scaled(exact, *_range(low, high, whole=whole))
        if not whole and _lost(exact, found):  # the range of floats is a guess
            found = _scaled(exact, low, high)
    return found, _lost(exact, found)


def _range(low: float, high: float, *, whole: bool) -> tuple[float, float]:
    if low < 0:
        return (-1.0, 1.0) if not whole and low >= -1 and high <= 1 else (low, high)
    if not whole and high <= 1:
        return 0.0, 1.0
    return 0.0, next((limit for limit in (_EIGHT, _TWELVE, _SIXTEEN) if high <= limit), high)


def _scaled(values: Array, low: float, high: float) -> NDArray[np.uint8]:
    return np.rint((values - low) * (255 / ((high - low) or 1.0))).astype(np.uint8)


def _lost(values: Array, found: NDArray[np.uint8]) -> str:
    kept, had = len(np.unique(found)), len(np.unique(values))
    return f"only {kept} of its {had:,} grey levels are left" if kept < min(FEW, had) else ""

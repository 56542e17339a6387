"""Options that several labs' configs share: augmentation, names of backbones, threshold policies."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from utils.base.config import STRICT, NonNegative, Rate

Policy = Literal["youden", "sensitivity"]


BackboneName = Literal["efficientnet-lite0", "mobilenet-v2", "efficientnet-v2-b0", "resnet50"]

FillMode = Literal["nearest", "constant", "reflect", "wrap"]
Rotation = Annotated[float, Field(ge=0, le=180)]
Shear = Annotated[float, Field(ge=0, lt=90)]
Level = Annotated[float, Field(ge=0, le=255)]


def _ascending(factors: tuple[float, float]) -> tuple[float, float]:
    if factors[0] > factors[1]:
        raise ValueError("the lower brightness factor comes first")
    return factors


Factors = Annotated[tuple[NonNegative, NonNegative], AfterValidator(_ascending)]


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Augmentation:
    """How training images are augmented; by default not at all. Parameters are drawn uniformly for each image.

    Raises:
        pydantic.ValidationError: an unknown name, a wrong type or a value outside its range.

    Source:
        keras.src.legacy.preprocessing.image.ImageDataGenerator (Keras 3.15).
    """

    rotation_range: Rotation = 0.0
    """Rotate by up to this many degrees in either direction."""
    width_shift_range: Rate = 0.0
    """Shift horizontally by up to this fraction of the width."""
    height_shift_range: Rate = 0.0
    """Shift vertically by up to this fraction of the height."""
    shear_range: Shear = 0.0
    """Shear by up to this many degrees in either direction."""
    zoom_range: Rate = 0.0
    """Zoom by a factor between 1 − z and 1 + z, drawn separately for width and height."""
    horizontal_flip: bool = False
    """Flip left and right, with probability 0.5."""
    vertical_flip: bool = False
    """Flip top and bottom, with probability 0.5."""
    fill_mode: FillMode = "nearest"
    """How pixels outside the image are filled: nearest pixel, constant `cval`, reflected or wrapped image."""
    cval: Level = 0.0
    """Grey level of the fill mode `constant`, rounded to an integer."""
    brightness_range: Factors | None = None
    """Smallest and largest brightness factor; an alpha channel is not changed."""

    @property
    def active(self) -> bool:
        """Whether any image can change."""
        ranges = (
            self.rotation_range,
            self.width_shift_range,
            self.height_shift_range,
            self.shear_range,
            self.zoom_range,
        )
        dims = self.brightness_range not in (None, (1.0, 1.0))
        return any(ranges) or self.horizontal_flip or self.vertical_flip or dims

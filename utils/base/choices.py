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
    """How training pictures are varied; as it stands, not at all. Every parameter is drawn uniformly for each picture.

    Raises:
        pydantic.ValidationError: an unknown name, a wrong type, a value out of its range.

    Source:
        keras.src.legacy.preprocessing.image.ImageDataGenerator (Keras 3.15).
    """

    rotation_range: Rotation = 0.0
    """Turn by up to so many degrees, either way."""
    width_shift_range: Rate = 0.0
    """Shift sideways by up to this fraction of the width."""
    height_shift_range: Rate = 0.0
    """Shift up or down by up to this fraction of the height."""
    shear_range: Shear = 0.0
    """Shear by up to so many degrees, either way."""
    zoom_range: Rate = 0.0
    """z: the part of the picture that is shown is 1 − z to 1 + z times its width, and, drawn apart, its height."""
    horizontal_flip: bool = False
    """Mirror left and right, one picture in two."""
    vertical_flip: bool = False
    """Mirror top and bottom, one picture in two."""
    fill_mode: FillMode = "nearest"
    """What lies beyond the edge: its last pixel, `cval`, the picture mirrored, or the picture repeated."""
    cval: Level = 0.0
    """Grey level that `constant` fills with, rounded to a whole one."""
    brightness_range: Factors | None = None
    """Lowest and highest factor that multiplies the levels; a fourth channel (transparency) is left alone."""

    @property
    def active(self) -> bool:
        """Whether any picture can come out changed."""
        ranges = (
            self.rotation_range,
            self.width_shift_range,
            self.height_shift_range,
            self.shear_range,
            self.zoom_range,
        )
        dims = self.brightness_range not in (None, (1.0, 1.0))
        return any(ranges) or self.horizontal_flip or self.vertical_flip or dims

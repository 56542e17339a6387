"""`python -m labs.transfer classify IMAGE…`: the predictions of the pretrained backbone for image files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tyro.conf import Positional

from utils.base import text_tables
from utils.base.choices import BackboneName
from utils.base.config import Definition
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras
from utils.base.paths import printable
from utils.images.decode import expanded, read_pictures
from utils.pretrained import backbones

CENTRE = 0.875
"""Fraction of the shorter side that is cropped, as in EfficientNet's evaluation on ImageNet."""


@dataclass(frozen=True)
class Classify:
    """Classify images into ImageNet's 1,000 classes, with the backbone before any transfer."""

    inputs: Positional[tuple[Path, ...]]
    """Image files, or folders of images."""
    backbone: BackboneName = "efficientnet-lite0"
    """Name of the pretrained network."""
    weights: Path | None = None
    """A file with its weights; by default they are found or downloaded."""
    top_k: int = 5
    """Number of classes to print per image."""
    json: bool = False
    """Print JSON."""

    def execute(self, definition: Definition) -> int:
        """Print the most probable classes of each image."""
        if not self.inputs:
            raise CallerError("missing: INPUTS", f"{definition.program} classify IMAGE…")
        if not 1 <= self.top_k <= backbones.CLASSES:
            raise CallerError(f"--top-k {self.top_k}: there are {backbones.CLASSES} classes", "give 1 to 1000")
        found = backbones.obtain(self.backbone, self.weights)
        side = found.backbone.side
        paths = expanded(self.inputs)
        images = read_pictures(paths, (side, side), "rgb", centre=CENTRE, square=True)
        names = backbones.class_names()
        if names is None:
            say("note: the names of ImageNet's classes are not available (LABS_MIRROR, network): numbers are printed")
        import_keras()
        from scipy.special import softmax

        probabilities = softmax(backbones.load(found)(images, training=False).numpy(), axis=1)
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.top_k]
        predictions = [
            [
                {"class": int(number), "name": names[number] if names else None, "probability": float(row[number])}
                for number in best
            ]
            for row, best in zip(probabilities, order, strict=True)
        ]
        if self.json:
            files = [printable(str(path)) for path in paths]
            show(json.dumps({"backbone": self.backbone, "digest": found.digest, "files": files, "top": predictions}))
        else:
            show(_table(paths, predictions))
        return 0


def _table(files: Sequence[Path], predictions: list[list[dict[str, Any]]]) -> str:
    rows = [
        [
            str(file) if place == 0 else "",
            str(one["class"]),
            one["name"] or "–",
            f"{one['probability']:.1%}",
        ]
        for file, best in zip(files, predictions, strict=True)
        for place, one in enumerate(best)
    ]
    return text_tables.table(["file", "class", "name", "probability"], rows, left=(2,))

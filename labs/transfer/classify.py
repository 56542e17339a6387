"""`python -m labs.transfer classify PICTURE…`: what the backbone alone, as it was trained, sees in pictures."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import softmax
from tyro.conf import Positional

from utils.base import text_tables
from utils.base.choices import BackboneName
from utils.base.console import say, show
from utils.base.errors import CallerError
from utils.base.keras_import import import_keras
from utils.images.decode import read_pictures
from utils.pretrained import backbones

if TYPE_CHECKING:
    from utils.runs.lab import Lab


CENTRE = 0.875
"""Share of the shorter side that ImageNet's networks are tested on, as EfficientNet's authors do."""


@dataclass(frozen=True)
class Classify:
    """Name what is on pictures, as one of ImageNet's 1,000 classes: the backbone before any transfer."""

    inputs: Positional[tuple[Path, ...]]
    """Picture files."""
    backbone: BackboneName = "efficientnet-lite0"
    """The network."""
    weights: Path | None = None
    """A file with its weights."""
    top_k: int = 5
    """How many classes to print of each picture."""
    json: bool = False
    """Print the machine's form."""

    def execute(self, lab: Lab) -> int:
        """Print the most probable classes of each picture."""
        if not self.inputs:
            raise CallerError("missing: INPUTS", f"python -m labs.{lab.name} classify PICTURE…")
        if not 1 <= self.top_k <= backbones.CLASSES:
            raise CallerError(f"--top-k {self.top_k}: there are {backbones.CLASSES} classes", "give 1 to 1000")
        found = backbones.obtain(self.backbone, self.weights)
        side = found.backbone.side
        pictures = read_pictures(self.inputs, (side, side), "rgb", centre=CENTRE, square=True)
        names = backbones.class_names()
        if names is None:
            say("note: the names of ImageNet's classes cannot be had (LABS_MIRROR, network), so their numbers stand")
        import_keras()
        probabilities = softmax(backbones.load(found)(pictures, training=False).numpy(), axis=1)
        order = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.top_k]
        answers = [
            [
                {"class": int(number), "name": names[number] if names else None, "probability": float(row[number])}
                for number in best
            ]
            for row, best in zip(probabilities, order, strict=True)
        ]
        if self.json:
            files = list(map(str, self.inputs))
            show(json.dumps({"backbone": self.backbone, "digest": found.digest, "files": files, "top": answers}))
        else:
            show(_table(self.inputs, answers))
        return 0


def _table(files: tuple[Path, ...], answers: list[list[dict[str, Any]]]) -> str:
    rows = [
        [
            str(file) if place == 0 else "",
            str(one["class"]),
            one["name"] or "–",
            f"{one['probability']:.1%}",
        ]
        for file, best in zip(files, answers, strict=True)
        for place, one in enumerate(best)
    ]
    return text_tables.table(["file", "class", "name", "probability"], rows, left=(2,))

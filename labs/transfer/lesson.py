"""What the notebook uses of this lab, under one name: backbones, cached features, the four cases and explanations."""

from __future__ import annotations

from labs.transfer import cases
from labs.transfer.classify import CENTRE
from labs.transfer.lab import lab
from utils.datasets.splits import Split
from utils.figures.image_sheets import Explained, feature_maps, grad_cam
from utils.images.decode import read_pictures
from utils.networks import explain
from utils.pretrained import backbones

__all__ = [
    "CENTRE",
    "Explained",
    "Split",
    "backbones",
    "cases",
    "explain",
    "feature_maps",
    "grad_cam",
    "lab",
    "read_pictures",
]

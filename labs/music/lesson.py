"""What the notebook uses of this lab, under one name: tunes, staff notation, sound, counting and writing."""

from __future__ import annotations

from typing import Any

from labs.music.data import texts, vocabulary
from labs.music.lab import lab
from labs.music.notation.judging import judged, notes_of
from labs.music.notation.scores import piano_roll, read
from labs.music.sampling import Writer
from labs.music.sound.listen import play, staff
from utils.base.paths import PRETRAINED
from utils.datasets.audit import audit
from utils.datasets.splits import Split
from utils.export.predictor import predictor
from utils.text.generating.copying import Corpus
from utils.text.ngrams import Ngram
from utils.text.sequences import bits_per_char, text_losses

__all__ = [
    "BEST",
    "Corpus",
    "Ngram",
    "Writer",
    "audit",
    "bits",
    "judged",
    "lab",
    "notes_of",
    "piano_roll",
    "play",
    "read",
    "staff",
    "texts",
    "vocabulary",
]

BEST = PRETRAINED / "music-best"
"""The run of the preset `best` that is part of the project, with its card."""


def bits(model: Any, part: Split) -> float:
    """Bits per character of a network on whole tunes, each character once.

    Args:
        model: (batch, length) characters to (batch, length, symbols) probabilities.
        part: a split.
    """
    return bits_per_char(part.targets, text_losses(predictor(model), part.inputs, part.targets))

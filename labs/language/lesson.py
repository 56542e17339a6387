"""What the notebooks use of this lab, under one name."""

from __future__ import annotations

from typing import Any

from labs.language.commands import induction
from labs.language.commands.attending import attention_weights, draw_attention
from labs.language.commands.write import Writer
from labs.language.lab import lab
from utils.datasets.splits import Split
from utils.export.predictor import predictor
from utils.text.generating.copying import Corpus
from utils.text.next_token import bits_per_char, measure
from utils.text.tokenizing.byte_pairs import BytePairs

__all__ = [
    "BytePairs",
    "Corpus",
    "Writer",
    "attention_weights",
    "bits",
    "draw_attention",
    "induction",
    "lab",
]


def bits(model: Any, part: Split) -> float:
    """Bits per character of a network on a split, each token once.

    Args:
        model: (batch, length) tokens to (batch, length, symbols) probabilities.
        part: a split of this lab.
    """
    targets: Any = part.targets
    return bits_per_char(targets, measure(predictor(model), part.inputs, targets))

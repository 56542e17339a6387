"""What the notebook uses of this lab, under one name: vocabularies, steps, beams, attention and figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from labs.translation.data import Pairs, sources, vocabularies
from labs.translation.evaluation.attention import attention
from labs.translation.evaluation.figures import by_length as by_length_figure
from labs.translation.evaluation.figures import maps
from labs.translation.evaluation.findings import by_length, simple
from labs.translation.lab import lab
from labs.translation.steps import stepped
from utils.datasets.splits import Split
from utils.export.predictor import predictor
from utils.text.pairs.losses import pair_losses
from utils.text.pairs.scores import scores
from utils.text.pairs.translating import EncoderDecoder

__all__ = [
    "attention",
    "by_length",
    "by_length_figure",
    "encode",
    "lab",
    "losses",
    "maps",
    "scores",
    "simple",
    "stepped",
    "translate",
    "vocabularies",
]


def encode(texts: Sequence[str], splits: Pairs) -> Any:
    """Texts as sources of the network, (rows, length) int32."""
    assert isinstance(splits.train.inputs, dict)
    shape = {name: list(array.shape[1:]) for name, array in splits.train.inputs.items()}
    named = [(text, f"text {number}") for number, text in enumerate(texts, 1)]
    return sources(named, {"categories": splits.categories, "input_shape": shape})


def losses(model: keras.Model, part: Split) -> Any:
    """The losses of the pairs of a split, (rows, 4), see `utils.text.pairs.losses.pair_losses`."""
    return pair_losses(predictor(model), part.inputs, part.targets)


def translate(
    model: keras.Model | EncoderDecoder, source: Any, splits: Pairs, *, beams: int = 1, penalty: float = 0.6
) -> list[list[tuple[str, float]]]:
    """The hypotheses of each source with their scores, best first.

    Args:
        model: a network of this lab, or what `stepped` makes of it.
        source: (rows, length).
        splits: they have the vocabularies.
        beams: number of hypotheses.
        penalty: exponent of the length penalty.
    """
    decoder = model if isinstance(model, EncoderDecoder) else stepped(model)
    longest = np.shape(splits.train.targets)[1]
    found = decoder.translate(source, longest=longest, beams=beams, penalty=penalty)
    target = vocabularies(splits.categories)[1]
    return [
        [(target.decode(row), float(score)) for row, score in zip(tokens, values, strict=True)]
        for tokens, values in zip(found.tokens, found.scores, strict=True)
    ]

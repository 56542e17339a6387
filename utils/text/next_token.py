"""Evaluating models of the next token on a whole text: windows that overlap, and metrics per character."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.text.sequences import PADDING, nats
from utils.text.tokenizing.encoded import Encoded

Array = NDArray[Any]
LARGEST = 1 << 25
"""Largest number of probabilities that are in memory at a time."""
TOKEN_NATS, SPELLING_NATS, CHARACTERS, TOKENS = range(4)
"""The columns of losses."""


def rows_of_text(text: Encoded, span: int, context: int) -> tuple[Array, dict[str, Array]]:
    """A text as windows, in which every token but the first is a target that counts once.

    Args:
        text: at least two tokens.
        span: tokens per window.
        context: number of tokens that a model sees at least before a target that counts, but at the text's beginning.

    Returns:
        Inputs (windows, span) int32, and targets, (windows, span) each: `tokens` int32, PADDING where a target does not
        count; `characters` int32 and `spelling` float32, as of `Encoded`, 0 where it does not count.
    """
    places, counts = overlapping(len(text), span, context)
    following = places + 1
    return text.tokens[places], {
        "tokens": np.where(counts, text.tokens[following], PADDING).astype(np.int32),
        "characters": np.where(counts, text.characters[following], 0).astype(np.int32),
        "spelling": np.where(counts, text.spelling[following], 0).astype(np.float32),
    }


def overlapping(symbols: int, span: int, context: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Where windows lie over a text, so that every symbol but the first is a target that counts once.

    Args:
        symbols: number of symbols of the text, at least two.
        span: symbols per window.
        context: number of symbols before the first target that counts, in every window but the first.

    Returns:
        The position of the inputs (windows, span) in the text, that of a target is one more; and whether the target
        counts, (windows, span). Positions after the end are those of the last input, and do not count.
    """
    stride = span - context
    number = 1 + max(0, -(-(symbols - 1 - span) // stride))
    places = np.arange(number)[:, None] * stride + np.arange(span)
    counts = (places < symbols - 1) & ((np.arange(span) >= context) | (np.arange(number) == 0)[:, None])
    return np.minimum(places, symbols - 2), counts


def measure(predictor: Any, inputs: Array, targets: dict[str, Array]) -> Array:
    """What windows of a text cost under a model of the next token.

    Args:
        predictor: its `predict` maps tokens (rows, span) to probabilities of the next one, (rows, span, symbols).
        inputs: of `rows_of_text`.
        targets: likewise.

    Returns:
        (rows, 4) float64: the nats of the tokens, of their spelling, the number of characters, the number of tokens.
    """
    return losses(nats_of_tokens(predictor, inputs, targets["tokens"]), targets)


def losses(token_nats: Array, targets: dict[str, Array]) -> Array:
    """The result of `measure`, from the nats of each token, (rows, span) or already their sums, (rows,)."""
    columns = [targets["spelling"], targets["characters"], targets["tokens"] != PADDING]
    sums = [column.sum(axis=1, dtype=np.float64) for column in columns]
    return np.stack([token_nats.reshape(len(token_nats), -1).sum(axis=1), *sums], axis=1)


def nats_of_tokens(predictor: Any, inputs: Array, targets: Array) -> NDArray[np.float64]:
    """The negative log-probability of each target, 0 for PADDING; (rows, span), in batches that fit in memory."""
    symbols = predictor.predict(inputs[:1, :1]).size
    batch = max(1, LARGEST // (inputs.shape[1] * symbols))
    parts = [
        nats(predictor.predict(inputs[start : start + batch]), targets[start : start + batch])
        for start in range(0, len(inputs), batch)
    ]
    return np.concatenate(parts)


def log_loss(truth: Any, found: Array) -> float:  # noqa: ARG001
    """Mean negative log-probability per character, in nats: that of the tokens and of their spelling.

    Args:
        truth: the targets; unused, because the losses already contain them.
        found: (rows, 4), from `measure`.
    """
    total = found.sum(axis=0)
    return float((total[TOKEN_NATS] + total[SPELLING_NATS]) / total[CHARACTERS])


def bits_per_char(truth: Any, found: Array) -> float:
    """`log_loss` in bits."""
    return log_loss(truth, found) / float(np.log(2))


def perplexity(truth: Any, found: Array) -> float:  # noqa: ARG001
    """The exponential of the mean negative log-probability per token; all words outside the vocabulary are one token.

    It compares models with the same tokens only.
    """
    total = found.sum(axis=0)
    return float(np.exp(total[TOKEN_NATS] / total[TOKENS]))

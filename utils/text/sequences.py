"""Texts as rows of numbers: a vocabulary, padding, and the metrics of next-symbol models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError

Array = NDArray[Any]

END, UNKNOWN = "<end>", "<unknown>"
"""The symbol before and after every text, and the symbol of every character that is not in the vocabulary."""
PADDING = -1
"""The target of a position after the end of a text; metrics ignore it."""


@dataclass(frozen=True)
class Vocabulary:
    """Characters and their numbers.

    Attributes:
        symbols: END, UNKNOWN, then the characters, in the order of their numbers.
    """

    symbols: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """The vocabulary of these texts, in Unicode order."""
        return cls((END, UNKNOWN, *sorted(set().union(*texts))))

    def encode(self, text: str) -> NDArray[np.int32]:
        """The numbers of the characters, (characters,) int32; UNKNOWN's for unknown characters."""
        numbers = {symbol: number for number, symbol in enumerate(self.symbols)}
        return np.array([numbers.get(character, 1) for character in text], dtype=np.int32)

    def decode(self, numbers: Iterable[int]) -> str:
        """The characters of these numbers; END and UNKNOWN are left out."""
        return "".join(self.symbols[number] for number in numbers if number > 1)


def rows_of(codes: Sequence[NDArray[np.int32]], length: int | None = None) -> tuple[Array, Array]:
    """Each text as a row of inputs and of targets: END and the text predict the text and END.

    Args:
        codes: the numbers of each text, (characters,), without END.
        length: length of a row; defaults to that of the longest text with END.

    Returns:
        Inputs and targets, (texts, length) int32. After the end of a text, inputs are END and targets PADDING.

    Raises:
        CallerError: a text is longer than `length` allows.
    """
    longest = max(len(code) for code in codes) + 1
    length = longest if length is None else length
    if longest > length:
        raise CallerError(f"a text has {longest - 1:,} characters", f"give texts of up to {length - 1:,}")
    inputs = np.zeros((len(codes), length), dtype=np.int32)
    targets = np.full((len(codes), length), PADDING, dtype=np.int32)
    for row, code in enumerate(codes):
        inputs[row, 1 : len(code) + 1] = code
        targets[row, : len(code)] = code
        targets[row, len(code)] = 0
    return inputs, targets


def text_losses(predictor: Any, inputs: Array, targets: Array) -> NDArray[np.float64]:
    """The negative log-likelihood of each text under a next-symbol model, from the text's beginning.

    Texts of similar length go through the model together, so that little is computed for padding.

    Args:
        predictor: its `predict` maps rows of symbols to probabilities of the next one, (rows, length, symbols).
        inputs: (rows, length).
        targets: (rows, length), PADDING after the end.

    Returns:
        (rows, 2): the sum of the negative log-probabilities in nats, and the number of characters, including END.
    """
    lengths = (targets != PADDING).sum(axis=1)
    losses = np.stack([np.zeros(len(targets)), lengths.astype("float64")], axis=1)
    for rows in np.array_split(np.argsort(lengths, kind="stable"), -(-len(targets) // 64)):
        length = lengths[rows].max()
        probabilities = predictor.predict(inputs[rows, :length])
        losses[rows, 0] = nats(probabilities, targets[rows, :length]).sum(axis=1)
    return losses


def surprise(predictor: Any, inputs: Array) -> NDArray[np.float64]:
    """Bits per character of each text under a next-symbol model, (rows,); higher for less expected texts.

    Args:
        predictor: as for `text_losses`.
        inputs: (rows, length) of `rows_of`.
    """
    targets = np.concatenate([inputs[:, 1:], np.zeros_like(inputs[:, :1])], axis=1)
    ended = np.cumsum(targets == 0, axis=1) > (targets == 0)
    losses = text_losses(predictor, inputs, np.where(ended, PADDING, targets))
    return losses[:, 0] / losses[:, 1] / np.log(2)


def nats(probabilities: Array, targets: Array) -> NDArray[np.float64]:
    """The negative log-probability of each target, 0 for PADDING; (rows, length, symbols) to (rows, length)."""
    chosen = np.take_along_axis(probabilities, np.maximum(targets, 0)[..., None], axis=-1)[..., 0]
    smallest = np.finfo(np.float32).tiny
    return np.where(targets == PADDING, 0.0, -np.log(np.maximum(chosen, smallest).astype("float64")))


def log_loss(truth: Array, losses: Array) -> float:  # noqa: ARG001
    """Mean negative log-probability per character, in nats.

    Args:
        truth: (rows, length), the targets; unused, because the losses already contain them.
        losses: (rows, 2), from `text_losses`.
    """
    total, characters = losses.sum(axis=0)
    return float(total / characters)


def bits_per_char(truth: Array, losses: Array) -> float:
    """`log_loss` in bits."""
    return log_loss(truth, losses) / float(np.log(2))

"""The baselines: n-grams of tokens, smoothed with modified Kneser-Ney, on the same windows as the networks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.datasets.splits import Split
from utils.text.next_token import log_loss, losses
from utils.text.ngrams import Ngram
from utils.text.tokenizing.encoded import START

Array = NDArray[Any]
LONGEST = {"characters": 8, "words": 5, "bpe": 5}
"""Number of tokens of the longest n-gram that is tried."""


@dataclass(frozen=True)
class Baselines:
    """What n-grams make of the test split.

    Attributes:
        order: number of tokens of the n-gram with the lowest loss on validation, fitted on the training text.
        test: by order from 1, the losses of the test windows, (windows, 4) of `utils.text.next_token.measure`; fitted
            on training and validation text.
        nats: of the n-gram of this order, the negative log-probability of each test target, 0 where it does not count,
            (windows, span).
    """

    order: int
    test: dict[int, Array]
    nats: Array

    def log_losses(self) -> dict[str, float]:
        """Nats per character of the test split, by order."""
        return {str(order): log_loss(None, found) for order, found in self.test.items()}

    @classmethod
    def of(cls, parts: Sequence[Array], symbols: int, longest: int, validation: Split, test: Split) -> Baselines:
        """Choose the order on validation, then fit on both and measure on test.

        Args:
            parts: the tokens of the training and of the validation text, (tokens,) each.
            symbols: number of different tokens.
            longest: number of tokens of the longest n-gram that is tried.
            validation: windows, see `utils.text.next_token.rows_of_text`.
            test: likewise.
        """
        chosen = _losses(_fitted(parts[:1], symbols, longest), validation)
        values = {order: log_loss(None, found) for order, found in chosen.items()}
        order = min(values, key=lambda each: values[each])
        fitted, targets = _fitted(parts, symbols, longest), test.targets
        return cls(order, _losses(fitted, test), fitted.nats(test.inputs, targets["tokens"], order))


def _fitted(parts: Sequence[Array], symbols: int, order: int) -> Ngram:
    text = np.concatenate([[START], *parts]).astype(np.int32)
    return Ngram(text[None, :-1], text[None, 1:], symbols, order)


def _losses(ngram: Ngram, part: Split) -> dict[int, Array]:
    targets: Any = part.targets
    return {
        order: losses(ngram.losses(part.inputs, targets["tokens"], order)[:, 0], targets)
        for order in range(1, ngram.order + 1)
    }

"""What a network has to beat: an interpolated n-gram of characters, and the entropy of single characters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.datasets.splits import Split, Splits
from utils.text.sequences import PADDING

ORDER = 5
Losses = NDArray[np.float64]


class Ngram:
    """An n-gram of characters, its estimate mixed with those of all shorter contexts (Witten-Bell).

    The share of the shorter context is the number of different characters that followed the longer one, against how
    often anything did: what has been followed by many things may be followed by another. Below single characters stands
    the uniform distribution.

    Args:
        codes: rows of symbols, each beginning with END; (tunes, length) int32 of `utils.text.sequences.rows_of`.
        targets: what follows each, PADDING where nothing counts.
        symbols: of the vocabulary.
        order: characters of the longest n-gram.

    Source:
        Witten and Bell, The zero-frequency problem (1991), method C; interpolated as in Chen and Goodman, An Empirical
        Study of Smoothing Techniques for Language Modeling (1998), section 2.5.
    """

    def __init__(self, codes: Any, targets: Any, symbols: int, order: int = ORDER) -> None:
        self._symbols = symbols
        self._levels = []
        for length in range(order):
            contexts, following = self._contexts(codes, targets, length)
            grams, counts = np.unique(contexts * symbols + following, return_counts=True)
            seen, first, kinds = np.unique(grams // symbols, return_index=True, return_counts=True)
            self._levels.append((grams, counts, seen, np.add.reduceat(counts, first), kinds))

    def _contexts(self, codes: Any, targets: Any, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The `length` symbols that end at each position, as one number, and what follows; padding left out."""
        rows, columns = codes.shape
        padded = np.concatenate([np.zeros((rows, length), dtype=np.int64), codes.astype(np.int64)], axis=1)
        contexts = np.zeros((rows, columns), dtype=np.int64)
        for back in range(length):
            contexts += padded[:, length - back : length - back + columns] * self._symbols**back
        counted = targets != PADDING
        return contexts[counted], targets[counted].astype(np.int64)

    def losses(self, codes: Any, targets: Any, order: int = ORDER) -> Losses:
        """Nats and number of characters of each row, (rows, 2), with contexts of up to `order` − 1 characters."""
        counted = targets != PADDING
        estimate = np.full(int(counted.sum()), 1 / self._symbols)
        for length, (grams, counts, seen, totals, kinds) in enumerate(self._levels[:order]):
            contexts, following = self._contexts(codes, targets, length)
            here = _look_up(grams, counts, contexts * self._symbols + following)
            total, different = _look_up(seen, totals, contexts), _look_up(seen, kinds, contexts)
            mixed = (here + different * estimate) / np.maximum(total + different, 1)
            estimate = np.where(total > 0, mixed, estimate)
        nats = np.zeros(targets.shape)
        nats[counted] = -np.log(estimate)
        return np.stack([nats.sum(axis=1), counted.sum(axis=1)], axis=1)


def _look_up(keys: NDArray[np.int64], values: NDArray[Any], wanted: NDArray[np.int64]) -> NDArray[Any]:
    """The value of each wanted key, 0 where it is not among the ascending keys."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)


def baselines(splits: Splits) -> Mapping[str, Losses]:
    """Losses of the test tunes under single characters and under the 5-gram, from training and validation tunes."""
    parts: tuple[Split, ...] = (splits.train, splits.validation)
    codes = np.concatenate([part.inputs for part in parts])
    targets = np.concatenate([part.targets for part in parts])
    model = Ngram(codes, targets, len(splits.categories["character"]))
    test = splits.test
    return {
        "single_characters": model.losses(test.inputs, test.targets, order=1),
        "5-gram": model.losses(test.inputs, test.targets),
    }

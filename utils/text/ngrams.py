"""An interpolated n-gram model over rows of symbols: the baseline of next-symbol models."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.text.sequences import PADDING

Losses = NDArray[np.float64]


class Ngram:
    """An n-gram whose estimate is interpolated with those of all shorter contexts (Witten-Bell).

    The weight of the shorter context is the number of different symbols that followed the longer one, relative to the
    number of all symbols that followed it: a context with many different continuations is likely to have a new one.
    The shortest context is interpolated with the uniform distribution.

    Args:
        codes: (rows, length) int32, each row beginning with the symbol 0, see `utils.text.sequences.rows_of`.
        targets: (rows, length) int32, the symbol after each code; PADDING where none counts.
        symbols: size of the vocabulary.
        order: number of symbols of the longest n-gram.

    Raises:
        ValueError: symbols ** order does not fit 64 bits.

    Source:
        Witten and Bell, The zero-frequency problem (1991), method C; interpolated as in Chen and Goodman, An Empirical
        Study of Smoothing Techniques for Language Modeling (1998), section 2.5.
    """

    def __init__(self, codes: Any, targets: Any, symbols: int, order: int = 5) -> None:
        if symbols**order > np.iinfo(np.int64).max:
            raise ValueError(f"{order}-grams of {symbols:,} symbols do not fit 64 bits")
        self.order = order
        self._symbols = symbols
        self._levels = []
        for length in range(order):
            contexts, following = self._contexts(codes, targets, length)
            grams, counts = np.unique(contexts * symbols + following, return_counts=True)
            seen, first, kinds = np.unique(grams // symbols, return_index=True, return_counts=True)
            self._levels.append((grams, counts, seen, np.add.reduceat(counts, first), kinds))

    def _contexts(self, codes: Any, targets: Any, length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The `length` symbols that end at each position, as one number, and the next symbol; without padding."""
        rows, columns = codes.shape
        padded = np.concatenate([np.zeros((rows, length), dtype=np.int64), codes.astype(np.int64)], axis=1)
        contexts = np.zeros((rows, columns), dtype=np.int64)
        for back in range(length):
            contexts += padded[:, length - back : length - back + columns] * self._symbols**back
        counted = targets != PADDING
        return contexts[counted], targets[counted].astype(np.int64)

    def losses(self, codes: Any, targets: Any, order: int | None = None) -> Losses:
        """The losses of rows of symbols.

        Args:
            codes: (rows, length), as for the constructor.
            targets: (rows, length), as for the constructor.
            order: number of symbols of the longest n-gram that is used; defaults to the model's.

        Returns:
            (rows, 2): the sum of the negative log-probabilities in nats, and the number of symbols.
        """
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
    """The value of each wanted key; 0 if it is not among the sorted keys."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)

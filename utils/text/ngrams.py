"""An interpolated n-gram model over rows of symbols: the baseline of next-symbol models."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.text.sequences import PADDING

Losses = NDArray[np.float64]
Numbers = NDArray[np.int64]

START = 0
"""The symbol before every row, `utils.text.sequences.END`."""


class Ngram:
    """An n-gram whose estimate is interpolated with those of all shorter contexts (modified Kneser-Ney).

    A discount is taken from each count and given to the shorter context; it differs for counts of one, two, and three
    or more. A shorter context does not count how often a symbol followed it, but in how many different longer contexts
    it did. The shortest context is interpolated with the uniform distribution.

    Contexts are numbered length by length, so that neither the order nor the vocabulary is limited by the size of an
    integer: a key is at most the number of positions times the vocabulary's size.

    Args:
        codes: (rows, length) int32, each row beginning with the symbol 0, see `utils.text.sequences.rows_of`.
        targets: (rows, length) int32, the symbol after each code; PADDING where none counts.
        symbols: size of the vocabulary.
        order: number of symbols of the longest n-gram.

    Raises:
        ValueError: there is no target, or a symbol is not in the vocabulary.

    Source:
        Chen and Goodman, An Empirical Study of Smoothing Techniques for Language Modeling (1998), section 3.
    """

    def __init__(self, codes: Any, targets: Any, symbols: int, order: int = 5) -> None:
        self.order = order
        self._symbols = symbols
        positions, following = _positions(codes, targets, symbols)
        if not len(positions):
            raise ValueError("there is no target to count")
        contexts = np.zeros(len(positions), dtype=np.int64)  # the number of the context that ends at each position
        self._contexts: list[Numbers] = []  # by length from 1: sorted keys, whose places are the contexts' numbers
        grams, places = [], np.zeros(0, dtype=np.int64)
        for length in range(order):
            at_start = np.zeros(len(positions), dtype=bool)
            if length:
                added = _earlier(codes, positions, length - 1)
                keys, contexts = np.unique(contexts * symbols + added, return_inverse=True)
                self._contexts.append(keys)
                at_start = added == START
            keys, first, numbers, counts = np.unique(
                contexts * symbols + following, return_index=True, return_inverse=True, return_counts=True
            )
            shorter = places[first] if length else None
            grams.append(_Grams(keys, counts, shorter, at_start[first]))
            places = numbers
        # Used as the longest, a level has the counts themselves; below a longer one, the numbers of longer contexts.
        self._longest = [_Level.of(each.keys, each.counts, symbols) for each in grams]
        self._shorter = [_Level.of(each.keys, each.continuations(longer), symbols) for each, longer in pairwise(grams)]

    def losses(self, codes: Any, targets: Any, order: int | None = None) -> Losses:
        """The losses of rows of symbols.

        Args:
            codes: (rows, length), as for the constructor.
            targets: (rows, length), as for the constructor.
            order: number of symbols of the longest n-gram that is used; defaults to the model's.

        Returns:
            (rows, 2): the sum of the negative log-probabilities in nats, and the number of symbols.

        Raises:
            ValueError: a symbol is not in the vocabulary, or the order is larger than the model's.
        """
        nats = self.nats(codes, targets, order)
        return np.stack([nats.sum(axis=1), (targets != PADDING).sum(axis=1)], axis=1)

    def nats(self, codes: Any, targets: Any, order: int | None = None) -> Losses:
        """The negative log-probability of each target, 0 for PADDING, (rows, length); see `losses`."""
        used = self.order if order is None else order
        if not 1 <= used <= self.order:
            raise ValueError(f"order {used}: the model has the orders 1 to {self.order}")
        positions, following = _positions(codes, targets, self._symbols)
        estimate = np.full(len(positions), 1 / self._symbols)
        contexts = np.zeros(len(positions), dtype=np.int64)
        for length in range(used):
            if length:
                keys = np.where(contexts < 0, -1, contexts * self._symbols + _earlier(codes, positions, length - 1))
                contexts = _places(self._contexts[length - 1], keys)
            level = (self._longest if length == used - 1 else self._shorter)[length]
            estimate = level.interpolated(contexts, following, estimate, self._symbols)
        nats = np.zeros(targets.size)
        nats[positions] = -np.log(estimate)
        return nats.reshape(targets.shape)


@dataclass(frozen=True)
class _Grams:
    """The different n-grams of one length.

    Attributes:
        keys: (n-grams,) sorted, context number * symbols + symbol.
        counts: (n-grams,), how often each occurs.
        shorter: (n-grams,), the place of the n-gram without its first symbol among those one shorter; None for single
            symbols.
        at_start: (n-grams,), whether the first symbol is START, before which there is nothing to count.
    """

    keys: Numbers
    counts: Numbers
    shorter: Numbers | None
    at_start: NDArray[np.bool_]

    def continuations(self, longer: _Grams) -> Numbers:
        """The number of different symbols before each n-gram; its count where nothing can be before it."""
        assert longer.shorter is not None
        different = np.bincount(longer.shorter, minlength=len(self.keys))
        return np.where(self.at_start, self.counts, different)


@dataclass(frozen=True)
class _Level:
    """Discounted counts of the n-grams of one length, and of each context the total and what was taken from it."""

    keys: Numbers
    discounted: NDArray[np.float64]
    totals: NDArray[np.float64]
    taken: NDArray[np.float64]

    @classmethod
    def of(cls, keys: Numbers, counts: Numbers, symbols: int) -> _Level:
        discounts = _discounts(counts)[np.minimum(counts, 3)]
        contexts = keys // symbols
        totals = np.bincount(contexts, counts).astype(float)
        return cls(keys, counts - discounts, totals, np.bincount(contexts, discounts).astype(float))

    def interpolated(self, contexts: Numbers, symbols: Numbers, shorter: Losses, size: int) -> Losses:
        """The probability of each symbol after its context, given that after the shorter context.

        Args:
            contexts: (positions,), their numbers; -1 for a context that was not seen.
            symbols: (positions,), those that follow.
            shorter: (positions,), the estimates of the shorter context.
            size: of the vocabulary.
        """
        seen = contexts >= 0
        here = np.where(seen, contexts, 0)
        places = _places(self.keys, np.where(seen, contexts * size + symbols, -1))
        counts = np.where(places >= 0, self.discounted[places], 0.0)
        return np.where(seen, (counts + self.taken[here] * shorter) / self.totals[here], shorter)


def _discounts(counts: Numbers) -> NDArray[np.float64]:
    """What is taken from counts of 0, 1, 2 and 3 or more, (4,); half a count where the data are too few to tell."""
    ones, twos, threes, fours = (float(np.sum(counts == times)) for times in (1, 2, 3, 4))
    if not (ones and twos and threes and fours):
        return np.array([0.0, 0.5, 0.5, 0.5])
    share = ones / (ones + 2 * twos)
    found = [1 - 2 * share * twos / ones, 2 - 3 * share * threes / twos, 3 - 4 * share * fours / threes]
    return np.array([0.0, *np.clip(found, 0.01, [0.99, 1.99, 2.99])])


def _positions(codes: Any, targets: Any, symbols: int) -> tuple[Numbers, Numbers]:
    """The places in the flattened rows at which a symbol counts, and these symbols."""
    positions = np.flatnonzero(targets != PADDING)
    following = targets.ravel()[positions].astype(np.int64)
    for given in (codes, following):
        if given.size and not (given.min() >= 0 and given.max() < symbols):
            raise ValueError(f"symbols must be from 0 to {symbols - 1}")
    return positions, following


def _earlier(codes: Any, positions: Numbers, back: int) -> Numbers:
    """The code that many symbols before each place; START before the row."""
    found = codes.ravel()[np.maximum(positions - back, 0)].astype(np.int64)
    return np.where(positions % codes.shape[1] < back, START, found)


def _places(keys: Numbers, wanted: Numbers) -> Numbers:
    """The place of each wanted key among the sorted keys; -1 if it is not there."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)

"""Rows of tokens of different lengths: stored one after the other, padded, and in batches of similar length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.intp]


@dataclass(frozen=True)
class TokenRows:
    """Rows of tokens, one after the other in one array: 5.8 million words are 23 MB.

    Attributes:
        tokens: (all tokens,) int32.
        starts: (rows + 1,) int64: row i is `tokens[starts[i]:starts[i + 1]]`.
    """

    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def of_lengths(cls, tokens: NDArray[np.int32], lengths: NDArray[np.int64]) -> TokenRows:
        """Rows of these lengths, (rows,)."""
        return cls(tokens, np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]))

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __getitem__(self, row: int) -> NDArray[np.int32]:
        """One row, (tokens,) int32."""
        return self.tokens[self.starts[row] : self.starts[row + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each row, (rows,)."""
        return np.diff(self.starts)

    def row_numbers(self) -> Rows:
        """The row of each token, (all tokens,)."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: Rows) -> TokenRows:
        """These rows, in this order."""
        lengths = self.lengths[rows]
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
        places = np.arange(starts[-1]) + np.repeat(self.starts[:-1][rows] - starts[:-1], lengths)
        return TokenRows(self.tokens[places], starts)

    def padded(self, length: int | None = None, *, keep: str = "first", pad: str = "after") -> NDArray[np.int32]:
        """The rows as one matrix, padded with 0.

        Args:
            length: of a row; longer rows are cut. Defaults to the length of the longest row.
            keep: `first` or `last`: which tokens of a longer row are kept.
            pad: `after` or `before`: where the zeros are.

        Returns:
            (rows, length) int32.
        """
        lengths = self.lengths
        length = int(lengths.max(initial=0)) if length is None else length
        kept = np.minimum(lengths, length)
        first = self.starts[:-1] + (lengths - kept if keep == "last" else 0)
        columns = np.arange(length)
        place = columns - (length - kept)[:, None] if pad == "before" else np.broadcast_to(columns, (len(self), length))
        valid = (place >= 0) & (place < kept[:, None])
        matrix = np.zeros((len(self), length), dtype=np.int32)
        matrix[valid] = self.tokens[(first[:, None] + place)[valid]]
        return matrix


def buckets(lengths: NDArray[np.int64], batch_size: int, seed: int | Sequence[int], *, window: int = 50) -> list[Rows]:
    """Batches of rows of similar length in a random order, so that little is computed for padding.

    The rows are shuffled; each `window` batches are sorted by length and divided; the batches are shuffled.

    Args:
        lengths: (rows,) number of tokens of each row.
        batch_size: rows per batch; the last one may be smaller.
        seed: seed of the order.
        window: number of batches that are sorted together; 1 does not sort.

    Returns:
        The row numbers of each batch; each row is in one batch.
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(lengths))
    batches: list[Rows] = []
    for start in range(0, len(order), window * batch_size):
        some = order[start : start + window * batch_size]
        some = some[np.argsort(lengths[some], kind="stable")]
        batches += [some[first : first + batch_size] for first in range(0, len(some), batch_size)]
    return [batches[number] for number in random.permutation(len(batches))]

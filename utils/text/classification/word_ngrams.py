"""N-grams of words: which ones occur in a text, and how much more often in one class than in the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from utils.text.padding import TokenRows
from utils.text.vocabularies import UNKNOWN, WordVocabulary

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Codes = NDArray[np.int64]
AT_A_TIME = 4096
"""Number of texts that are counted at a time, so that only the result is large."""


@dataclass(frozen=True)
class WordNgrams:
    """The n-grams of 1 to `longest` words that occur in enough texts.

    An n-gram is one number: the numbers of its words as digits, to the base of the vocabulary's size.

    Attributes:
        vocabulary: of the words.
        codes: by length of the n-gram, (n-grams,) int64 each, ascending.
    """

    vocabulary: WordVocabulary
    codes: tuple[Codes, ...]

    @classmethod
    def of(
        cls,
        rows: TokenRows,
        vocabulary: WordVocabulary,
        longest: int,
        *,
        min_texts: int = 2,
        largest: int | None = None,
    ) -> WordNgrams:
        """The n-grams of these texts; n-grams with an unknown word are none.

        Args:
            rows: texts as numbers of the vocabulary.
            vocabulary: of the words; its size to the power of `longest` must fit 63 bits.
            longest: number of words of the longest n-gram.
            min_texts: smallest number of texts that contain an n-gram.
            largest: largest number of n-grams; those in most texts are kept. None for all.
        """
        if len(vocabulary) ** longest >= 2**63:
            raise ValueError(f"{longest}-grams of {len(vocabulary):,} words do not fit 63 bits")
        kept, texts = [], []
        for codes, owners in _each_length(rows, len(vocabulary), longest):
            found, counts = _texts_with(codes, owners)
            kept.append(found[counts >= min_texts])
            texts.append(counts[counts >= min_texts])
        if largest is not None and sum(map(len, kept)) > largest:
            ranks = np.argsort(-np.concatenate(texts), kind="stable")[:largest]
            chosen = np.zeros(sum(map(len, kept)), dtype=bool)
            chosen[ranks] = True
            parts = np.split(chosen, np.cumsum([len(codes) for codes in kept])[:-1])
            kept = [codes[part] for codes, part in zip(kept, parts, strict=True)]
        return cls(vocabulary, tuple(kept))

    def __len__(self) -> int:
        return sum(map(len, self.codes))

    def strings(self) -> list[str]:
        """The n-grams as text, their words separated by spaces, in the order of the columns of `counts`."""
        words, base = np.array(["", "[UNK]", *self.vocabulary.words], dtype=object), len(self.vocabulary)
        found: list[str] = []
        for length, codes in enumerate(self.codes, 1):
            digits = [words[codes // base**place % base] for place in range(length - 1, -1, -1)]
            found += map(" ".join, zip(*digits, strict=True))
        return found

    def counts(self, rows: TokenRows) -> csr_array:
        """How often each n-gram occurs in each text, (rows, n-grams) float32."""
        from scipy.sparse import coo_array, vstack

        parts = []
        for first in range(0, max(len(rows), 1), AT_A_TIME):
            some = rows.take(np.arange(first, min(first + AT_A_TIME, len(rows))))
            columns, owners = map(np.concatenate, zip(*self._columns(some), strict=True))
            entries = (np.ones(len(columns), np.float32), (owners, columns))
            parts.append(coo_array(entries, shape=(len(some), len(self))).tocsr())  # adds up what occurs repeatedly
        return vstack(parts, format="csr")

    def _columns(self, rows: TokenRows) -> Iterator[tuple[Codes, Codes]]:
        """By length, the column of each known n-gram of the texts, and its row."""
        import pandas as pd

        first = 0
        each = _each_length(rows, len(self.vocabulary), len(self.codes))
        for known, (codes, owners) in zip(self.codes, each, strict=True):
            place = pd.Index(known).get_indexer(pd.Index(codes))
            found = place >= 0
            yield (place[found] + first).astype(np.int32), owners[found].astype(np.int32)
            first += len(known)


def _each_length(rows: TokenRows, base: int, longest: int) -> Iterator[tuple[Codes, Codes]]:
    """By length, the codes of all n-grams of known words within a row, and the row of each."""
    tokens, owners = rows.tokens.astype(np.int64), rows.row_numbers()
    codes, known = tokens, tokens != UNKNOWN
    for length in range(1, longest + 1):
        if length > 1:
            codes = codes[:-1] * base + tokens[length - 1 :]
            known = known[:-1] & (tokens[length - 1 :] != UNKNOWN)
        places = len(codes)
        whole = known & (owners[:places] == owners[length - 1 :])
        yield codes[whole], owners[:places][whole]


def _texts_with(codes: Codes, owners: Codes) -> tuple[Codes, Codes]:
    """Each distinct code, ascending, and the number of rows that it occurs in.

    A sort takes as long as hash tables here, and much less memory.
    """
    order = np.argsort(codes, kind="stable")
    codes, owners = codes[order], owners[order]
    is_first = np.append(True, codes[1:] != codes[:-1])[: len(codes)]
    is_new = is_first | np.append(True, owners[1:] != owners[:-1])[: len(codes)]
    starts = np.flatnonzero(is_first)
    counts = np.diff(np.append(np.cumsum(is_new)[starts], is_new.sum() + 1)) if len(starts) else starts
    return codes[starts], counts


def present(counts: csr_array) -> csr_array:
    """1 for each n-gram that occurs in a text, (rows, n-grams) float32."""
    return with_data(counts, np.ones_like(counts.data))


def with_data(matrix: csr_array, data: NDArray[Any]) -> csr_array:
    """The matrix with other values at the same places, which are not copied."""
    from scipy.sparse import csr_array

    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def log_count_ratios(presence: csr_array, targets: NDArray[Any], classes: int, smoothing: float = 1.0) -> NDArray[Any]:
    """How much more probable each n-gram is in a class than in the other classes, as a logarithm.

    Args:
        presence: of `present`, training texts only.
        targets: (rows,) class numbers.
        classes: number of classes.
        smoothing: added to each count.

    Returns:
        (n-grams, classes) float32.

    Source:
        Wang and Manning, Baselines and Bigrams: Simple, Good Sentiment and Topic Classification, ACL 2012, section 2.
    """
    mine = np.stack([presence[targets == number].sum(axis=0) for number in range(classes)], axis=1)
    others = mine.sum(axis=1, keepdims=True) - mine
    shares = [(counts + smoothing) / (counts + smoothing).sum(axis=0) for counts in (mine, others)]
    ratios: NDArray[Any] = np.log(shares[0] / shares[1]).astype(np.float32)
    return ratios

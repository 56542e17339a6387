"""Vocabularies of words: counting, choosing words, and texts as numbers of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.console import say
from utils.base.errors import CallerError
from utils.text.padding import TokenRows
from utils.text.tokens import token_bytes

PADDING, UNKNOWN = 0, 1
"""The numbers of padding and of every word that is not in the vocabulary, as in `keras.layers.TextVectorization`."""
MOST_WORDS = 5_000_000
"""Number of distinct words that are counted at a time; about 600 MB. The rarest are dropped when there are more."""


def count_words(texts: Iterable[str], most: int = MOST_WORDS) -> Counter[bytes]:
    """How often each word occurs.

    Args:
        texts: cleaned texts; they are read once, so they may be streamed.
        most: number of distinct words above which words that occurred once so far are dropped, which is reported.

    Returns:
        Counts by word in UTF-8.
    """
    counts: Counter[bytes] = Counter()
    least = 1
    for text in texts:
        counts.update(token_bytes(text))
        while len(counts) > most:
            counts = Counter({word: count for word, count in counts.items() if count > least})
            say(f"note: more than {most:,} distinct words: those that occurred up to {least} times so far are dropped")
            least += 1
    return counts


@dataclass(frozen=True)
class WordVocabulary:
    """Words and their numbers: 0 is padding, 1 is every unknown word, and the first word is 2.

    Attributes:
        words: by descending count, equal counts in the order of their UTF-8 bytes.
        counts: (words,) int64, how often each occurs in the texts that the vocabulary was made from.
        total: number of tokens of those texts, those outside the vocabulary included.
    """

    words: tuple[str, ...]
    counts: NDArray[np.int64] = field(repr=False)
    total: int = 0

    @classmethod
    def of(cls, counts: Counter[bytes], *, min_count: int = 1, largest: int | None = None) -> WordVocabulary:
        """The vocabulary of counted words.

        Args:
            counts: of `count_words`.
            min_count: smallest count of a word in the vocabulary.
            largest: number of words, the most frequent ones; None for all.

        Raises:
            CallerError: no word is left.
        """
        kept = [(-count, word) for word, count in counts.items() if count >= min_count]
        if not kept:
            most = max(counts.values(), default=0)
            raise CallerError(
                f"--min-count {min_count}: no word occurs so often; the most frequent one occurs {most} times",
                f"give at most {most}" if most else "give texts with words",
            )
        kept.sort()
        if largest is not None:
            del kept[largest:]
        words = tuple(word.decode() for _, word in kept)
        return cls(words, -np.array([count for count, _ in kept], dtype=np.int64), sum(counts.values()))

    def __len__(self) -> int:
        """Number of numbers: the words, padding and the unknown word."""
        return len(self.words) + 2

    @cached_property
    def _numbers(self) -> dict[bytes, int]:
        return {word.encode(): number for number, word in enumerate(self.words, 2)}

    @property
    def unknown(self) -> float:
        """Fraction of the tokens that are not in the vocabulary."""
        return 1 - float(self.counts.sum()) / max(self.total, 1)

    def number(self, word: str) -> int:
        """The number of a word; 1 if it is unknown."""
        return self._numbers.get(word.encode("utf-8", "replace"), UNKNOWN)

    def word(self, number: int) -> str:
        """The word of a number; empty for padding, `[UNK]` for the unknown word."""
        return ("", "[UNK]", *self.words[number - 2 : number - 1])[min(number, 2)]

    def encode(self, texts: Iterable[str], longest: int | None = None) -> TokenRows:
        """Cleaned texts as numbers of words.

        Args:
            texts: read once, so they may be streamed.
            longest: number of tokens that are kept of each text, its first ones; None for all.
        """
        find = self._numbers.get
        parts: list[NDArray[np.int32]] = []
        lengths: list[NDArray[np.int64]] = []
        for some in _batches(texts, 4096):
            split = [token_bytes(text)[:longest] for text in some]
            lengths.append(np.array(list(map(len, split)), dtype=np.int64))
            total = int(lengths[-1].sum())
            numbers = (find(word, UNKNOWN) for row in split for word in row)
            parts.append(np.fromiter(numbers, dtype=np.int32, count=total))
        return TokenRows.of_lengths(
            np.concatenate([*parts, np.empty(0, np.int32)]), np.concatenate([*lengths, np.empty(0, np.int64)])
        )


def _batches(items: Iterable[Any], size: int) -> Iterator[Sequence[Any]]:
    iterator = iter(items)
    while some := list(islice(iterator, size)):
        yield some

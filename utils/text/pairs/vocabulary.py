"""Texts as rows of tokens for networks from one sequence to another: characters, words or subwords, and their numbers.

Words and subwords keep the spaces of the text, in the way of SentencePiece (Kudo and Richardson 2018): `▁` at the
beginning of a token is a space before it, so that tokens become a text again without rules for punctuation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from utils.text.pairs.subwords import Merges

Tokens = Literal["characters", "words", "subwords"]
PADDING, END, UNKNOWN = "<padding>", "<end>", "<unknown>"
SPECIAL = (PADDING, END, UNKNOWN)
"""The first symbols of every vocabulary, with the numbers 0, 1 and 2. END is behind each text, and before a target."""
SPACE = "▁"
_PIECE = re.compile(f"{SPACE}?\\w+|{SPACE}?[^\\w{SPACE}]")


def pieces(text: str) -> list[str]:
    """The words and punctuation marks of a text; `▁` is a space before one.

    Example:
        >>> pieces("Two men, outside.")
        ['▁Two', '▁men', ',', '▁outside', '.']
    """
    return _PIECE.findall(SPACE + SPACE.join(text.replace(SPACE, " ").split()))


@dataclass(frozen=True)
class Vocabulary:
    """The tokens of one side of the pairs.

    Attributes:
        kind: what a token is.
        symbols: SPECIAL, then the tokens, in the order of their numbers.
        merges: of subwords, in the order in which they were learned.
    """

    kind: Tokens
    symbols: tuple[str, ...]
    merges: Sequence[tuple[str, str]] = field(default=(), repr=False)

    @classmethod
    def of(cls, texts: Iterable[str], kind: Tokens, *, min_count: int = 1, merges: int = 0) -> Vocabulary:
        """The vocabulary of these texts.

        Args:
            texts: of the training split only.
            kind: what a token is.
            min_count: smallest count of a word.
            merges: number of merges of subwords.
        """
        if kind == "characters":
            return cls(kind, (*SPECIAL, *sorted(set().union(*texts))))
        counts = Counter(piece for text in texts for piece in pieces(text))
        if kind == "words":
            kept = sorted((-count, piece) for piece, count in counts.items() if count >= min_count)
            return cls(kind, (*SPECIAL, *(piece for _, piece in kept)))
        learned = Merges.of(counts, merges)
        return cls(kind, (*SPECIAL, *learned.symbols(counts)), learned.pairs)

    def __len__(self) -> int:
        return len(self.symbols)

    @cached_property
    def numbers(self) -> Mapping[str, int]:
        """The number of each token."""
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    @cached_property
    def _split(self) -> Merges:
        return Merges(self.merges)

    def tokens(self, text: str) -> list[str]:
        """The tokens of a text, known or not, without END."""
        if self.kind == "characters":
            return list(text)
        found = pieces(text)
        return found if self.kind == "words" else [part for piece in found for part in self._split.split(piece)]

    def encode(self, text: str) -> NDArray[np.int32]:
        """The numbers of the tokens, (tokens,) int32; those that are not in the vocabulary are UNKNOWN's."""
        return np.array([self.numbers.get(token, 2) for token in self.tokens(text)], dtype=np.int32)

    def unknown(self, text: str) -> list[str]:
        """The tokens of a text that are not in the vocabulary, each once, in their order."""
        return [token for token in dict.fromkeys(self.tokens(text)) if token not in self.numbers]

    def decode(self, numbers: Iterable[int]) -> str:
        """The text of these numbers, up to the first END; unknown tokens are left out, or `?` among characters."""
        return self.join(self.named(numbers))

    def named(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of these numbers, up to the first END."""
        found: list[str] = []
        for number in numbers:
            if number <= 1:
                break
            found.append(self.symbols[number])
        return found

    def join(self, tokens: Iterable[str]) -> str:
        """The text of these tokens."""
        if self.kind == "characters":
            return "".join("?" if token == UNKNOWN else token for token in tokens)
        return "".join(token for token in tokens if token != UNKNOWN).replace(SPACE, " ").strip()


def rows_of(codes: Sequence[NDArray[np.int32]], length: int | None = None) -> NDArray[np.int32]:
    """Rows of a source: each text and END, then zeros, (rows, length) int32.

    Args:
        codes: the numbers of each text.
        length: of a row; defaults to that of the longest text with END.
    """
    length = max(len(code) for code in codes) + 1 if length is None else length
    rows = np.zeros((len(codes), length), dtype=np.int32)
    for row, code in zip(rows, codes, strict=True):
        row[: len(code)] = code
        row[len(code)] = 1
    return rows


def shifted(rows: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Inputs and targets of teacher forcing (Williams and Zipser 1989): END and the text predict the text and END.

    Args:
        rows: of `rows_of`.

    Returns:
        (rows, length) int32 each. Inputs are 0 behind the end of a text, targets −1.
    """
    inputs = np.concatenate([np.ones_like(rows[:, :1]), rows[:, :-1]], axis=1)
    # END is an input before the text, not behind it.
    inputs[:, 1:][rows[:, :-1] == 1] = 0
    return inputs, np.where(rows == 0, -1, rows)

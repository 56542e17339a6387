"""Words and punctuation marks as tokens, as in Udacity's project on TV scripts, without loss.

The tokens of a text are its punctuation marks `. , " ; ! ? ( ) -`, `--`, its ends of lines, and what is between those
and white space. Words are lower case if that loses nothing but the capitals of a first letter or of the whole word.
White space and capitals are left to a `Layout`, and the letters of words outside the vocabulary to a `Spelling`: the
nats of both are counted, so that words can be compared with characters and byte pairs on the same text.

Source:
    Udacity, Deep Learning Nanodegree, project Generate TV Scripts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from utils.text.tokenizing.encoded import SPECIAL, UNKNOWN, Encoded
from utils.text.tokenizing.layout import Layout
from utils.text.tokenizing.spelling import Spelling

_TOKEN = re.compile(r'([^\S\n]*)(--|[.,";!?()\n-]|[^\s.,";!?()-]+)')
ORDER = 5
"""Number of characters of the longest n-gram of the spelling model."""


@dataclass(frozen=True)
class Words:
    """Words of the training text.

    Attributes:
        symbols: SPECIAL, then the words by descending count.
        rare: the words of the training text that are not in the vocabulary; unknown words are spelled like these.
        layout: capitals and white space.
    """

    symbols: tuple[str, ...]
    rare: tuple[str, ...]
    layout: Layout

    @classmethod
    def learn(cls, text: str, largest: int, min_count: int) -> Words:
        """From a text.

        Args:
            text: the training text.
            largest: number of words, the most frequent ones.
            min_count: smallest number of times that a word occurs. With 1, no training word may be unknown, so that a
                network cannot learn how probable unknown words are.
        """
        pieces = split(text)
        counts = Counter(word for _, word in pieces)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        words = [word for word in ranked[:largest] if counts[word] >= min_count]
        rare = tuple(sorted(set(ranked) - set(words)))
        numbers = {word: number for number, word in enumerate(words, len(SPECIAL))}
        tokens = [numbers.get(word, UNKNOWN) for _, word in pieces]
        layout = Layout.learn([form for form, _ in pieces], tokens, (*SPECIAL, *words))
        return cls((*SPECIAL, *words), rare, layout)

    @classmethod
    def of_state(cls, state: Mapping[str, Sequence[str]]) -> Words:
        """From what `state` returned."""
        symbols = (*SPECIAL, *state["word"])
        return cls(symbols, tuple(state["rare"]), Layout.of_state(state["layout"], symbols))

    def state(self) -> dict[str, tuple[str, ...]]:
        """The words, the rare words and the layout."""
        return {"word": self.symbols[len(SPECIAL) :], "rare": self.rare, "layout": self.layout.state()}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {word: number for number, word in enumerate(self.symbols)}

    @cached_property
    def _spelling(self) -> Spelling:
        return Spelling(self.rare or self.symbols[len(SPECIAL) :], ORDER)

    def _number(self, word: str) -> int:
        number = self._numbers.get(word, UNKNOWN)
        return UNKNOWN if number < len(SPECIAL) else number

    def encode(self, text: str) -> Encoded:
        """The tokens of a text; white space at its very end is left out."""
        pieces = split(text)
        tokens = [self._number(word) for _, word in pieces]
        cost = self.layout.nats([form for form, _ in pieces], tokens)
        unknown = [place for place, token in enumerate(tokens) if token == UNKNOWN]
        if unknown:
            cost[unknown] += self._spelling.nats([pieces[place][1] for place in unknown])
        lengths = [len(word) + len(form) - 1 for form, word in pieces]  # a form has one letter for the capitals
        return Encoded(np.array(tokens, np.int32), np.array(lengths, np.int32), cost.astype(np.float32))

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of words, with the most probable capitals and white space; special tokens are left out."""
        kept = [token for token in tokens if token >= len(SPECIAL)]
        pieces = zip(self.layout.likeliest(kept), kept, strict=True)
        return joined((form, self.symbols[token]) for form, token in pieces).lstrip(" ")

    def unknown(self, text: str) -> list[str]:
        """The words of a text that are not in the vocabulary."""
        return list(dict.fromkeys(word for _, word in split(text) if self._number(word) == UNKNOWN))


def split(text: str) -> list[tuple[str, str]]:
    """The words of a text in order, each after its form: the white space before it, and a letter for its capitals.

    The letter is `c` for a capital first letter, `u` for capitals only, `=` for a word that is written as it is.
    """
    cases: dict[str, tuple[str, str]] = {}
    pieces = []
    for space, surface in _TOKEN.findall(text):
        if surface not in cases:
            cases[surface] = _folded(surface)
        case, word = cases[surface]
        pieces.append((space + case, word))
    return pieces


def joined(pieces: Iterable[tuple[str, str]]) -> str:
    """The text that `split` divided, but for white space at its end."""
    return "".join(form[:-1] + _written(word, form[-1]) for form, word in pieces)


def _folded(surface: str) -> tuple[str, str]:
    lower = surface.lower()
    case = next((case for case in "=cu" if _written(lower, case) == surface), None)
    return ("=", surface) if case is None else (case, lower)


def _written(word: str, case: str) -> str:
    if case == "c":
        return word[:1].upper() + word[1:]
    return word.upper() if case == "u" else word

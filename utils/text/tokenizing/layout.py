"""The form of words: the white space before them and their capitals, by counts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

MARKS = {**{mark: mark for mark in '\n.!?"(-'}, **dict.fromkeys((",", ";", ")", "--"), ",")}
"""Tokens after which a word is written differently; the text begins as after the end of a line."""
SPACES = 32
"""Number of characters that white space may consist of."""

Key = tuple[str, int, str]


class Layout:
    """Counts of the forms of words, after a word and after each of MARKS.

    A form is white space and a letter for the capitals, see `utils.text.tokenizing.words.split`. Its probability after
    a mark, for a word, is interpolated with that after the mark for any word, and that with its frequency anywhere
    (Witten-Bell); every form has a probability.

    Args:
        counts: how often each form of a word occurs after a mark: (mark, number of the word, form).
        symbols: the words by number.
    """

    def __init__(self, counts: Counter[Key], symbols: Sequence[str]) -> None:
        self._counts = counts
        self._symbols = symbols
        self._levels: list[defaultdict[Hashable, Counter[str]]] = [defaultdict(Counter) for _ in _contexts("", 0)]
        for (mark, word, form), times in counts.items():
            for level, context in zip(self._levels, _contexts(mark, word), strict=True):
                level[context][form] += times
        self._words: defaultdict[int, Counter[str]] = defaultdict(Counter)
        for (_, word, form), times in counts.items():
            self._words[word][form] += times
        self._known: dict[Key, float] = {}

    @classmethod
    def learn(cls, forms: Sequence[str], tokens: Sequence[int], symbols: Sequence[str]) -> Layout:
        """From the words of a text in order, with their forms."""
        marks = _marks(tokens, symbols)
        return cls(Counter(zip(marks, tokens, forms, strict=True)), symbols)

    @classmethod
    def of_state(cls, state: Sequence[str], symbols: Sequence[str]) -> Layout:
        """From what `state` returned."""
        records = [json.loads(record) for record in state]
        return cls(Counter({(mark, word, form): times for mark, word, form, times in records}), symbols)

    def state(self) -> tuple[str, ...]:
        """The counts, as text."""
        return tuple(json.dumps([*key, times]) for key, times in self._counts.items())

    def nats(self, forms: Sequence[str], tokens: Sequence[int]) -> NDArray[np.float64]:
        """The negative log-probability of each form, (words,)."""
        cost = np.zeros(len(tokens))
        for place, key in enumerate(zip(_marks(tokens, self._symbols), tokens, forms, strict=True)):
            if key not in self._known:
                self._known[key] = -float(np.log(self._probability(*key)))
            cost[place] = self._known[key]
        return cost

    def likeliest(self, tokens: Sequence[int]) -> list[str]:
        """The most frequent form of each word of a text."""
        return [self._likeliest(mark, word) for mark, word in zip(_marks(tokens, self._symbols), tokens, strict=True)]

    def _likeliest(self, mark: str, word: int) -> str:
        anywhere, after_mark, exact = self._levels
        for counts in (exact.get((mark, word)), self._words.get(word), after_mark.get(mark), anywhere.get(())):
            if counts:
                return counts.most_common(1)[0][0]
        return "="

    def _probability(self, mark: str, word: int, form: str) -> float:
        space = len(form) - 1
        estimate = 0.5 ** (space + 1) / SPACES**space / 3  # three kinds of capitals
        for level, context in zip(self._levels, _contexts(mark, word), strict=True):
            if context in level:
                counts = level[context]
                estimate = (counts[form] + len(counts) * estimate) / (counts.total() + len(counts))
        return estimate


def _contexts(mark: str, word: int) -> tuple[Any, ...]:
    """From the most general to the most special."""
    return (), mark, (mark, word)


def _marks(tokens: Sequence[int], symbols: Sequence[str]) -> list[str]:
    """What is before each word: one of MARKS, or `w` for a word."""
    before = [MARKS.get(symbols[token], "w") for token in tokens[:-1]]
    return ["\n", *before][: len(tokens)]

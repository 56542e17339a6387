"""Byte-pair encoding: frequent words are one token, rare words several.

Source:
    Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, ACL 2016.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

Pair = tuple[str, str]


class Merges:
    """Merges of neighbouring tokens; a word is its characters at first.

    Args:
        pairs: in the order in which they were learned.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.pairs: tuple[Pair, ...] = tuple((first, second) for first, second in pairs)
        self._known: dict[str, list[str]] = {}

    @cached_property
    def _ranks(self) -> dict[Pair, int]:
        return {pair: rank for rank, pair in enumerate(self.pairs)}

    @classmethod
    def of(cls, counts: Mapping[str, int], number: int) -> Merges:
        """Learn merges: again and again the most frequent pair of neighbours becomes one token.

        Args:
            counts: how often each word occurs in the training texts.
            number: of merges; fewer if no pair occurs twice any more.
        """
        words = [list(word) for word in counts]
        weights = list(counts.values())
        totals: Counter[Pair] = Counter()
        places: defaultdict[Pair, set[int]] = defaultdict(set)
        for row, word in enumerate(words):
            for pair in pairwise(word):
                totals[pair] += weights[row]
                places[pair].add(row)
        queue = [(-count, pair) for pair, count in totals.items()]
        heapq.heapify(queue)
        learned: list[Pair] = []
        while queue and len(learned) < number:
            count, pair = heapq.heappop(queue)
            if -count != totals[pair]:  # it has changed since; its new count is in the queue, too
                continue
            if -count < 2:
                break
            learned.append(pair)
            changed: set[Pair] = set()
            for row in places.pop(pair):
                for old in pairwise(words[row]):
                    totals[old] -= weights[row]
                    changed.add(old)
                words[row] = joined(words[row], pair)
                for new in pairwise(words[row]):
                    totals[new] += weights[row]
                    places[new].add(row)
                    changed.add(new)
            for each in changed - {pair}:
                heapq.heappush(queue, (-totals[each], each))
        return cls(learned)

    def split(self, word: str) -> list[str]:
        """The tokens of a word."""
        if word not in self._known:
            self._known[word] = self._tokens(word)
        return self._known[word]

    def _tokens(self, word: str) -> list[str]:
        tokens = list(word)
        while len(tokens) > 1:
            best = min(pairwise(tokens), key=lambda pair: self._ranks.get(pair, len(self.pairs)))
            if best not in self._ranks:
                break
            tokens = joined(tokens, best)
        return tokens

    def symbols(self, counts: Mapping[str, int]) -> Iterator[str]:
        """The tokens of the vocabulary: all characters, then what each merge makes, without repetition."""
        made = {first + second: None for first, second in self.pairs}
        yield from dict.fromkeys([*sorted(set().union(*counts)), *made])


def joined(tokens: Sequence[str], pair: Pair) -> list[str]:
    """The tokens in which each occurrence of the pair is one token."""
    found: list[str] = []
    place = 0
    while place < len(tokens):
        here = tuple(tokens[place : place + 2]) == pair
        found.append(pair[0] + pair[1] if here else tokens[place])
        place += 2 if here else 1
    return found

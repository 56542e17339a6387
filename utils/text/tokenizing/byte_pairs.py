"""Byte-pair encoding: the 256 bytes, and the sequences of bytes that are most frequent in the training text.

It is written out rather than taken from the package `tokenizers`: it is short, it is what a course explains, and the
package would bring a hub client and a binary for each platform. Each distinct chunk of a text is encoded once, so a
text of several megabytes takes a few seconds.

Source:
    Sennrich, Haddow and Birch, Neural Machine Translation of Rare Words with Subword Units, ACL 2016; on bytes as in
    Radford et al., Language Models are Unsupervised Multitask Learners (2019).
"""

from __future__ import annotations

import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from utils.text.tokenizing.encoded import SPECIAL, Encoded

CHUNK = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\w\s]+\n*| ?_+|\s+(?!\S)|\s")
"""No token extends beyond a chunk: a word or a number with the space before it, punctuation, white space."""


def learn(text: str, size: int) -> list[bytes]:
    """The 256 bytes and the sequences that merging makes of them, by rank; at most `size`."""
    chunks = Counter(CHUNK.findall(text))
    pieces = [[bytes([byte]) for byte in chunk.encode()] for chunk in chunks]
    times = list(chunks.values())
    found = {bytes([byte]): byte for byte in range(256)}
    counts: Counter[bytes] = Counter()
    where: defaultdict[bytes, set[int]] = defaultdict(set)

    def count(number: int, times: int) -> set[bytes]:
        pairs = [left + right for left, right in pairwise(pieces[number])]
        for pair in pairs:
            counts[pair] += times
            where[pair].add(number)
        return set(pairs)

    for number in range(len(pieces)):
        count(number, times[number])
    heap = [(-frequency, pair) for pair, frequency in counts.items()]
    heapq.heapify(heap)
    while heap and len(found) < size:
        frequency, best = heapq.heappop(heap)
        if frequency != -counts[best]:  # it has changed since, and is in the heap with its new count
            continue
        if frequency > -2:
            break
        found.setdefault(best, len(found))
        changed: set[bytes] = set()
        for number in where.pop(best):
            changed |= count(number, -times[number])
            pieces[number] = merged(pieces[number], best)
            changed |= count(number, times[number])
        for pair in changed:
            heapq.heappush(heap, (-counts[pair], pair))
    return list(found)


def merged(pieces: list[bytes], pair: bytes) -> list[bytes]:
    """The pieces of a chunk, with neighbours joined that together are `pair`, from the left."""
    joined: list[bytes] = []
    for piece in pieces:
        if joined and joined[-1] + piece == pair:
            joined[-1] = pair
        else:
            joined.append(piece)
    return joined


@dataclass(frozen=True)
class BytePairs:
    """Tokens of byte-pair encoding; no text is unknown.

    Attributes:
        sequences: of bytes, by rank.
    """

    sequences: tuple[bytes, ...]

    @classmethod
    def learn(cls, text: str, size: int) -> BytePairs:
        """From a text; `size` counts all tokens, the special ones included."""
        return cls(tuple(learn(text, size - len(SPECIAL))))

    @classmethod
    def of_state(cls, state: Mapping[str, Sequence[str]]) -> BytePairs:
        """From what `state` returned."""
        return cls(tuple(sequence.encode("latin-1") for sequence in state["bytes"]))

    def state(self) -> dict[str, tuple[str, ...]]:
        """The sequences, each byte as the character of that code point."""
        return {"bytes": tuple(sequence.decode("latin-1") for sequence in self.sequences)}

    @property
    def symbols(self) -> tuple[str, ...]:
        """The tokens as text; a part of a character is shown as `\\xe2`."""
        return (*SPECIAL, *(sequence.decode("utf-8", "backslashreplace") for sequence in self.sequences))

    @cached_property
    def _ranks(self) -> dict[bytes, int]:
        return {sequence: rank for rank, sequence in enumerate(self.sequences)}

    def pieces(self, chunk: bytes) -> list[bytes]:
        """The sequences of a chunk: neighbours are joined in the order of the ranks, as when they were learned."""
        pieces = [bytes([byte]) for byte in chunk]

        def rank(pair: bytes) -> int:
            return self._ranks.get(pair, len(self._ranks))

        while len(pieces) > 1:
            best = min((left + right for left, right in pairwise(pieces)), key=rank)
            if best not in self._ranks:
                break
            pieces = merged(pieces, best)
        return pieces

    def encode(self, text: str) -> Encoded:
        """The tokens of a text; a character of several bytes counts for the token that has its first byte."""
        known: dict[str, list[int]] = {}
        tokens: list[int] = []
        for chunk in CHUNK.findall(text):
            if chunk not in known:
                pieces = self.pieces(chunk.encode("utf-8", "replace"))
                known[chunk] = [self._ranks[piece] + len(SPECIAL) for piece in pieces]
            tokens += known[chunk]
        numbers = np.array(tokens, dtype=np.int32)
        first = [sum(byte & 0xC0 != 0x80 for byte in sequence) for sequence in self.sequences]
        characters = np.array([0] * len(SPECIAL) + first, dtype=np.int32)[numbers]
        return Encoded(numbers, characters, np.zeros(len(numbers), dtype=np.float32))

    def decode(self, tokens: Iterable[int]) -> str:
        """The text; bytes that are no character are replaced."""
        known = len(SPECIAL)
        return b"".join(self.sequences[token - known] for token in tokens if token >= known).decode("utf-8", "replace")

    def unknown(self, text: str) -> list[str]:  # noqa: ARG002
        """Nothing."""
        return []

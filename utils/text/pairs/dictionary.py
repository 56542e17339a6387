"""The classical method: a dictionary learned from pairs of sentences, by expectation maximization (IBM's model 1).

Source:
    Brown, Della Pietra, Della Pietra and Mercer, The Mathematics of Statistical Machine Translation, Computational
    Linguistics 19(2), 263-311 (1993), section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from utils.text.pairs.vocabulary import SPACE, pieces

NOTHING = 0
"""The number of the word that target words without a source word come from; it is in each source sentence."""


class Dictionary:
    """Probabilities of target words for each source word.

    Args:
        pairs: source and target sentences of training.
        iterations: of expectation maximization; the likelihood rises with each.

    Attributes:
        log_likelihood: after each iteration, mean over the target words in nats, without the constant for lengths.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], iterations: int = 5) -> None:
        self._sources = _Words(source for source, _ in pairs)
        self._targets = _Words(target for _, target in pairs)
        rows = [(self._sources.encode(source), self._targets.encode(target)) for source, target in pairs]
        cells, ends = _cells(rows)
        # Each possible pair of words once; `which` is the pair of each cell.
        keys, which = np.unique(cells[:, 0] * len(self._targets) + cells[:, 1], return_inverse=True)
        self._source, self._target = keys // len(self._targets), keys % len(self._targets)
        self._chances = np.ones(len(keys)) / len(self._targets)
        self.log_likelihood: list[float] = []
        for _ in range(iterations):
            # Expectation: each target word is distributed over the source words of its sentence.
            chances = self._chances[which]
            totals = np.bincount(ends, chances)
            counts = np.bincount(which, chances / totals[ends], len(keys))
            # Maximization: the probabilities are the expected counts, which sum to one for each source word.
            self._chances = counts / np.bincount(self._source, counts)[self._source]
            sizes = np.bincount(ends)
            self.log_likelihood.append(float(np.mean(np.log(totals / sizes))))
        order = np.lexsort((self._target, self._chances, self._source))
        last = np.flatnonzero(np.diff(self._source[order], append=-1))
        self._best = dict(zip(self._source[order][last].tolist(), self._target[order][last].tolist(), strict=True))

    def probabilities(self, word: str) -> dict[str, float]:
        """The target words of a source word with their probabilities, most probable first; none for unknown words."""
        rows = np.flatnonzero(self._source == self._sources.number(word))
        rows = rows[np.argsort(-self._chances[rows], kind="stable")]
        return {self._targets.words[self._target[row]]: float(self._chances[row]) for row in rows}

    def word(self, word: str) -> str:
        """The most probable target word; an unknown word stays as it is."""
        number = self._sources.number(word)
        return word if number not in self._best else self._targets.words[self._best[number]]

    def translate(self, text: str) -> str:
        """The text word by word, in the order of the source."""
        return "".join(map(self.word, pieces(text))).replace(SPACE, " ").strip()


class _Words:
    """The words of one side; number 0 is NOTHING."""

    def __init__(self, texts: Iterable[str]) -> None:
        found = dict.fromkeys(chain.from_iterable(map(pieces, texts)))
        self.words = ["", *found]
        self._numbers = {word: number for number, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def number(self, word: str) -> int:
        return self._numbers.get(word, -1)

    def encode(self, text: str) -> list[int]:
        return [self._numbers[word] for word in pieces(text)]


def _cells(rows: Sequence[tuple[list[int], list[int]]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each combination of a source word and a target word of a sentence, (cells, 2), and the place of its target word
    in the corpus, (cells,)."""
    parts, sizes = [], []
    for first, second in rows:
        words = np.array([NOTHING, *first], dtype=np.int64)
        parts.append(np.stack([np.tile(words, len(second)), np.repeat(np.array(second, np.int64), len(words))], axis=1))
        sizes += [len(words)] * len(second)
    return np.concatenate(parts), np.repeat(np.arange(len(sizes)), sizes)

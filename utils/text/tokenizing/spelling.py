"""What the letters of a word cost that is not in a vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from utils.text.ngrams import Ngram
from utils.text.sequences import Vocabulary, rows_of
from utils.text.tokenizing.encoded import CODE_POINTS


class Spelling:
    """An n-gram of characters over different words, each counted once.

    Args:
        words: from which it learns: rare ones, which unknown words resemble.
        order: number of characters of the longest n-gram.
    """

    def __init__(self, words: Sequence[str], order: int) -> None:
        self._vocabulary = Vocabulary.of(words)
        codes, targets = rows_of([self._vocabulary.encode(word) for word in words])
        self._ngram = Ngram(codes, targets, len(self._vocabulary.symbols), order)

    def nats(self, words: Sequence[str]) -> NDArray[np.float64]:
        """The negative log-probability of each word, with the end of the word; a character that no word has costs a
        choice among all characters, too.

        Args:
            words: may occur several times.
        """
        different = {word: place for place, word in enumerate(dict.fromkeys(words))}
        codes = [self._vocabulary.encode(word) for word in different]
        foreign = np.array([int((code == 1).sum()) for code in codes])
        cost = self._ngram.losses(*rows_of(codes))[:, 0] + foreign * np.log(CODE_POINTS)
        return np.asarray(cost[[different[word] for word in words]])

"""What a network is given of a text: the numbers of its words or n-grams, by the vocabulary of the training texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labs.sentiment.config import Config
from utils.base.errors import CallerError
from utils.datasets.splits import Splits
from utils.text.classification.linear import MOST_WORDS
from utils.text.classification.word_ngrams import WordNgrams, log_count_ratios, present
from utils.text.padding import TokenRows
from utils.text.vocabularies import WordVocabulary, count_words

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Array = NDArray[Any]
SETS = ("course-mlp", "wide")
"""Networks that are given which words or n-grams occur in a text, as `average` is of n-grams; the others get its words
in their order."""
FIRST = 2
"""Number of the first entry of the vocabulary, after padding and the unknown word."""


def is_set(config: Config) -> bool:
    """Whether the network is given which words or n-grams occur, once each."""
    return config.network in SETS or config.ngrams > 1


@dataclass(frozen=True)
class Encoding:
    """The vocabulary of a network, and the texts of the splits as its numbers.

    Attributes:
        entries: words, or n-grams with spaces between their words; the first has number FIRST.
        rows: by split, the texts as numbers: every word in order, or each n-gram that occurs, once.
        ratios: (entries, classes) float32, the log-count ratio of each n-gram; empty for networks of words in order.
    """

    entries: list[str]
    rows: dict[str, TokenRows]
    ratios: Array

    @classmethod
    def of(cls, config: Config, splits: Splits) -> Encoding:
        """The encoding of a config, by the training texts of the splits.

        Raises:
            CallerError: no word is left in the vocabulary.
        """
        counts = count_words(splits.train.inputs)
        of_words = not is_set(config)
        largest = config.vocabulary if of_words else MOST_WORDS
        # A word that is rare by itself cannot be part of an n-gram that is not.
        vocabulary = WordVocabulary.of(counts, min_count=config.min_count, largest=largest)
        longest = config.words or None
        rows = {name: vocabulary.encode(part.inputs, longest) for name, part in splits.parts().items()}
        if of_words:
            none = np.empty((0, len(splits.class_names)), np.float32)
            return cls(list(vocabulary.words), rows, none)
        return _of_ngrams(config, splits, vocabulary, rows)

    def __len__(self) -> int:
        """Number of numbers: the entries, padding and the unknown word."""
        return len(self.entries) + FIRST


def _of_ngrams(config: Config, splits: Splits, vocabulary: WordVocabulary, rows: dict[str, TokenRows]) -> Encoding:
    ngrams = WordNgrams.of(
        rows["train"], vocabulary, config.ngrams, min_texts=config.min_count, largest=config.vocabulary
    )
    sets = {name: present(ngrams.counts(part)) for name, part in rows.items()}
    ratios = log_count_ratios(sets["train"], splits.train.targets, len(splits.class_names))
    kept = np.flatnonzero(np.abs(ratios).max(axis=1, initial=0) >= config.polarity)
    if not len(kept):
        raise CallerError(
            f"--polarity {config.polarity:g}: no word differs so much between the classes",
            f"give at most {np.abs(ratios).max(initial=0):.2g}",
        )
    entries = ngrams.strings()
    return Encoding(
        [entries[column] for column in kept],
        {name: _numbers(part if len(kept) == len(ngrams) else part[:, kept]) for name, part in sets.items()},
        ratios[kept],
    )


def _numbers(found: csr_array) -> TokenRows:
    """The number of each n-gram that occurs in a text, ascending."""
    found.sort_indices()
    return TokenRows((found.indices + FIRST).astype(np.int32), found.indptr.astype(np.int64))

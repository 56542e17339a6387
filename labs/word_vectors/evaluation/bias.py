"""The bias that vectors take from their text, measured: occupations on the axis from he to she."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.word_vectors.data import Text
from labs.word_vectors.evaluation.chosen import HE_SHE, OCCUPATIONS, present
from labs.word_vectors.evaluation.scores import spearman
from utils.text.word_vectors import WordVectors, normalized

WARNING = (
    "The vectors show how this text speaks about people, not what occupations, women or men are like. They take such "
    "associations from the text, and a program that uses the vectors takes them over."
)
WINDOW = 5
"""Largest distance of a pronoun from an occupation."""
FEWEST = 5
"""Fewest occupations, and fewest occurrences of he and she near an occupation."""


def axis(found: WordVectors) -> NDArray[np.float32] | None:
    """The direction from he to she, (dimension,), of length one: the mean difference of pairs; None without a pair."""
    pairs = [pair for pair in HE_SHE if all(word in found for word in pair)]
    if not pairs:
        return None
    ends = [[found.number(word) for word in words] for words in zip(*pairs, strict=True)]
    return normalized((found.directions[ends[1]] - found.directions[ends[0]]).mean(axis=0, keepdims=True))[0]


def occupations(found: WordVectors, text: Text, window: int = WINDOW) -> dict[str, Any]:
    """Where occupations are on the axis from he to she, next to what the text says.

    Args:
        found: vectors of the words of the text.
        text: in which he and she are counted around each occupation.
        window: largest distance that counts.

    Returns:
        `axis`: cosine of each occupation with the axis, by word, ascending: positive is nearer to she. `counts`: how
        often he, him, his and himself, and she, her and herself, are within the window of the word. `correlation`:
        Spearman's correlation of the cosine with the log ratio of the two counts, over the `compared` occupations that
        have at least five such neighbours; None below five occupations. Empty without the words.
    """
    direction = axis(found)
    words = present(OCCUPATIONS, frozenset(found.words))
    if direction is None or len(words) < FEWEST:
        return {}
    rows = np.array([found.number(word) for word in words])
    cosines = found.directions[rows] @ direction
    counts = near_pronouns(text, words, window)
    enough = counts.sum(axis=1) >= FEWEST
    ratio = np.log((counts[:, 1] + 1) / (counts[:, 0] + 1))
    order = np.argsort(cosines, kind="stable")
    return {
        "axis": {words[i]: float(cosines[i]) for i in order},
        "counts": {words[i]: counts[i].tolist() for i in order},
        "compared": int(enough.sum()),
        "correlation": spearman(cosines[enough], ratio[enough]) if enough.sum() >= FEWEST else None,
        "warning": WARNING,
    }


def near_pronouns(text: Text, words: list[str], window: int) -> NDArray[np.int64]:
    """How often male and female pronouns are near each word, (words, 2)."""
    sides = np.full(len(text.words), -1)
    place = {word: row for row, word in enumerate(text.words)}
    for side, pronouns in enumerate((("he", "him", "his", "himself"), ("she", "her", "hers", "herself"))):
        sides[[place[word] for word in pronouns if word in place]] = side
    wanted = np.full(len(text.words), -1)
    wanted[[place[word] for word in words]] = np.arange(len(words))
    tokens, rows = text.rows.tokens, text.rows.row_numbers()
    middle = np.flatnonzero(wanted[tokens] >= 0)
    counts = np.zeros((len(words), 2), dtype=np.int64)
    for offset in (*range(-window, 0), *range(1, window + 1)):
        there = middle + offset
        inside = (there >= 0) & (there < len(tokens))
        one, other = middle[inside], there[inside]
        side = sides[tokens[other]]
        near = (side >= 0) & (rows[one] == rows[other])
        np.add.at(counts, (wanted[tokens[one[near]]], side[near]), 1)
    return counts

"""Word vectors by counting: positive pointwise mutual information, shortened by a truncated SVD, in SciPy."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.text.padding import TokenRows
from utils.text.word_vectors import Vectors

SMOOTHING = 0.75
"""Power of the counts of contexts, as for the random words of word2vec."""


def co_occurrences(rows: TokenRows, words: int, window: int) -> sparse.csr_array:
    """How often words are near each other, (words, words) float32, symmetric.

    A pair at distance d counts (window + 1 − d) / window: this is the probability that word2vec, which draws the
    window of each word, takes the pair.

    Args:
        rows: of numbers of words.
        words: size of the vocabulary.
        window: largest distance.
    """
    number = rows.row_numbers()
    total = sparse.csr_array((words, words), dtype=np.float32)
    for distance in range(1, min(window, len(rows.tokens) - 1) + 1):
        same = number[:-distance] == number[distance:]
        pair = rows.tokens[:-distance][same], rows.tokens[distance:][same]
        share = np.full(int(same.sum()), (window + 1 - distance) / window, dtype=np.float32)
        total = total + sparse.coo_array((share, pair), shape=(words, words)).tocsr()
    return (total + total.T).tocsr()


def positive_pmi(counts: sparse.csr_array) -> sparse.csr_array:
    """Positive pointwise mutual information, max(0, log p(word, context) / (p(word) p(context))), (words, words).

    The probabilities of contexts are smoothed by a power, which makes rare contexts count less.

    Source:
        Levy, Goldberg and Dagan, Improving Distributional Similarity with Lessons Learned from Word Embeddings (2015).
    """
    of_word = counts.sum(axis=1)
    of_context = of_word**SMOOTHING
    of_context /= of_context.sum()
    cells = counts.tocoo()
    row, column = cells.coords
    information = np.log(cells.data / (of_word[row] * of_context[column]))
    kept = information > 0
    return sparse.coo_array(
        (information[kept].astype(np.float32), (row[kept], column[kept])), shape=counts.shape
    ).tocsr()


def ppmi_svd(rows: TokenRows, words: int, *, window: int, dimension: int, power: float) -> Vectors:
    """The left singular vectors of the positive PMI, times the singular values to a power.

    Args:
        rows: of numbers of words.
        words: size of the vocabulary.
        window: largest distance of two words.
        dimension: number of singular values.
        power: 1 keeps the scalar products of the matrix, 0.5 and 0 are better for similarity (Levy et al. 2015).

    Returns:
        (words, dimension) float32.

    Raises:
        CallerError: the vocabulary has too few words.
    """
    if dimension >= words:
        raise CallerError(
            f"{words} words have fewer than {dimension} singular values",
            f"give a --counts-dimension below {words}, or a smaller --min-count",
        )
    matrix = positive_pmi(co_occurrences(rows, words, window))
    start: NDArray[np.float32] = np.ones(words, dtype=np.float32)  # so that a run repeats the same vectors
    left, values, _ = sparse.linalg.svds(matrix, k=dimension, v0=start, return_singular_vectors="u")
    order = np.argsort(-values)
    return np.ascontiguousarray(left[:, order] * values[order] ** power, dtype=np.float32)

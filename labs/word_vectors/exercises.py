"""The exercises of the notebook on word vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from utils.teaching.answers import Judge, Mistake, NotYetError, array, called, number, shown
from utils.teaching.variants import Variants

Array = NDArray[Any]

SENTENCE = [5, 2, 7, 2, 9]


def pairs(answer: Any) -> str:
    """A function of numbers of words, (words,), and a window: the skip-gram pairs (centre, context), (pairs, 2)."""
    signature = "pairs(words, window)"
    hint = "for each place, each other place at most `window` words away that is in the sentence: (centre, context)"
    for words, window in ((SENTENCE, 1), (SENTENCE, 2), ([4, 1], 3)):
        what = f"the skip-gram pairs of {words} with a window of {window}"
        given = called(answer, np.array(words), window, expected=what, signature=signature)
        try:
            found = np.asarray([[int(centre), int(context)] for centre, context in given])
        except (TypeError, ValueError):
            raise NotYetError(f"{what}, as a list of pairs", shown(given), hint) from None
        right = _pairs(words, window)
        for wrong, advice in (
            (_pairs(words, window, after=False), "words after the centre are context too"),
            (_pairs(words, window, before=False), "words before the centre are context too"),
            (_pairs(words, window, itself=True), "a word is not in its own context: leave out the place itself"),
            (right[right[:, 0] != right[:, 1]], "compare places, not words: a word may occur twice in a window"),
            (_pairs(words, window, circular=True), "the window ends with the sentence: index −1 is the last word"),
            (_pairs(words, window - 1), "the window includes the word that is exactly `window` places away"),
        ):
            if not _same_pairs(wrong, right) and _same_pairs(wrong, found):
                raise NotYetError(what, f"{len(found)} pairs", advice)
        if not _same_pairs(found, right):
            raise NotYetError(f"{what}: {len(right)} pairs", f"{len(found)} pairs", hint)
    return "A window of c gives up to 2c pairs per word. word2vec draws the window again for each word, from 1 to c."


def _pairs(
    words: list[int],
    window: int,
    *,
    before: bool = True,
    after: bool = True,
    itself: bool = False,
    circular: bool = False,
) -> Array:
    """The pairs, or those of a known mistake."""
    found = []
    for place, centre in enumerate(words):
        for other in range(place - window, place + window + 1):
            inside = other < len(words) and (other >= 0 or circular)
            wanted = (before or other >= place) and (after or other <= place) and (itself or other != place)
            if inside and wanted:
                found.append([centre, words[other % len(words)]])
    return np.array(found, dtype=int).reshape(-1, 2)


def _same_pairs(first: Array, second: Array) -> bool:
    """Whether two lists have the same pairs, in any order."""
    return len(first) == len(second) and sorted(map(tuple, first)) == sorted(map(tuple, second))


COUNTS = np.array([1000.0, 100.0, 10.0, 1.0])


def noise(answer: Any) -> str:
    """A function of the counts of words, (words,): the probabilities with which words are drawn as negatives."""
    what, signature = "the probabilities with which four words are drawn as negatives", "noise(counts)"
    raised = COUNTS**0.75
    mistakes = [
        Mistake(COUNTS / COUNTS.sum(), "raise the counts to the power 0.75 first"),
        Mistake(raised, "divide by the sum: probabilities add up to 1"),
        Mistake((COUNTS / COUNTS.sum()) ** 0.75, "divide by the sum after the power, so that they add up to 1"),
        Mistake(np.full(4, 0.25), "frequent words are drawn more often than rare ones"),
        Mistake(COUNTS**-0.75 / (COUNTS**-0.75).sum(), "frequent words are drawn more often: the power is +0.75"),
        Mistake(np.sqrt(COUNTS) / np.sqrt(COUNTS).sum(), "the power is 3/4, not 1/2"),
    ]
    hint = "counts ** 0.75, divided by its sum"
    given = called(answer, COUNTS, expected=what, signature=signature)
    array(given, raised / raised.sum(), what=what, mistakes=mistakes, hint=hint)
    return "The power draws rare words more often than they occur, and frequent words less often."


CENTRE = np.array([0.5, -1.0, 2.0])
CONTEXT = np.array([1.0, 0.5, -0.25])
NEGATIVES = np.array([[-0.5, 1.0, 0.5], [0.25, 0.0, 1.5]])


def centre_gradient(answer: Any) -> str:
    """A function of centre (width,), context (width,) and negatives (words, width): the gradient of the centre."""
    what = "the gradient of the loss with respect to the vector of the centre word"
    signature = "centre_gradient(centre, context, negatives)"
    near = expit(CENTRE @ CONTEXT)
    far = expit(NEGATIVES @ CENTRE)
    right = (near - 1) * CONTEXT + far @ NEGATIVES
    mistakes = [
        Mistake(-right, "that is the direction of a step: the gradient has the opposite sign"),
        Mistake((near - 1) * CONTEXT, "the negatives are missing: each adds sigmoid(its product) times its vector"),
        Mistake(far @ NEGATIVES, "the real context is missing: it adds (sigmoid − 1) times its vector"),
        Mistake(near * CONTEXT + far @ NEGATIVES, "the label of the real context is 1: its error is sigmoid − 1"),
        Mistake((near - 1) * CONTEXT + (far - 1) @ NEGATIVES, "the label of a negative is 0: its error is the sigmoid"),
        Mistake((near - 1) * CONTEXT - far @ NEGATIVES, "the errors of the negatives have a plus sign"),
        Mistake((near - 1) * CONTEXT + (far @ NEGATIVES) / len(far), "sum over the negatives, without a mean"),
        Mistake(
            (near * (1 - near) * (near - 1)) * CONTEXT + (far * far * (1 - far)) @ NEGATIVES,
            "cross-entropy with a sigmoid has the error sigmoid − label, without the sigmoid's derivative",
        ),
        Mistake((near - 1 + far.sum()) * CENTRE, "multiply each error by the other vector, not by the centre's"),
    ]
    hint = "(sigmoid(centre · context) − 1) context, plus sigmoid(centre · negative) negative for each negative"
    given = called(answer, CENTRE, CONTEXT, NEGATIVES, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "It pulls the centre towards its context and pushes it away from the negatives, each by its own error."


FIRST, SECOND = np.array([3.0, 4.0, 0.0]), np.array([[6.0, 8.0, 0.0], [-4.0, 3.0, 0.0], [0.0, -2.0, 1.0]])


def cosine(answer: Any) -> str:
    """A function of a vector, (width,), and vectors, (words, width): the cosine similarity with each."""
    what, signature = "the cosine similarity of a vector with three others", "cosine(vector, vectors)"
    products = SECOND @ FIRST
    lengths = np.linalg.norm(SECOND, axis=1)
    mistakes = [
        Mistake(products, "those are the dot products: divide by the lengths of both vectors"),
        Mistake(products / lengths, "divide by the length of the first vector too"),
        Mistake(products / np.linalg.norm(FIRST), "divide by the lengths of the others too"),
        Mistake(products / (np.linalg.norm(FIRST) * np.linalg.norm(SECOND)), "each vector has its own length: axis=1"),
        Mistake(
            products / ((FIRST**2).sum() * (SECOND**2).sum(axis=1)),
            "divide by the lengths, not by their squares: take the square root of the sums",
        ),
        Mistake(1 - products / (lengths * 5), "that is the cosine distance: the similarity is 1 minus it"),
        Mistake(np.linalg.norm(SECOND - FIRST, axis=1), "that is the Euclidean distance: use the dot product"),
    ]
    hint = "(vectors @ vector) / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector))"
    given = called(answer, FIRST, SECOND, expected=what, signature=signature)
    array(given, products / (lengths * 5), what=what, mistakes=mistakes, hint=hint)
    return "The similarity depends on the direction only: frequent words have longer vectors, and this is ignored."


# Seven words of a vocabulary. Without the exclusion, the nearest word to each target is one of the question.
UNIT = np.array(
    [
        [-0.2, -2.1, -0.1],
        [-0.0, -0.6, -0.4],
        [-1.2, -0.8, -0.7],
        [-1.0, -0.3, 1.0],
        [0.2, -1.6, 1.5],
        [2.0, -0.6, -0.6],
        [0.2, -0.8, -1.4],
    ]
)
UNIT /= np.linalg.norm(UNIT, axis=1, keepdims=True)


def analogy(answer: Any) -> str:
    """A function of unit vectors, (words, width), and numbers a, b, c: the word that is to b as c is to a."""
    what, signature = "the number of the word that is to word 0 as word 2 is to word 1", "analogy(vectors, a, b, c)"
    hint = "vectors @ (vectors[b] − vectors[a] + vectors[c]); the largest, except for the words a, b and c"
    for a, b, c in ((1, 0, 2), (0, 1, 3)):
        what = f"the number of the word that is to word {c} as word {b} is to word {a}"
        scores = UNIT @ (UNIT[b] - UNIT[a] + UNIT[c])
        right = _best(scores, (a, b, c))
        mistakes = [
            Mistake(float(np.argmax(scores)), "leave out the three words of the question"),
            Mistake(float(_best(-scores, (a, b, c))), "take the largest product, not the smallest"),
            Mistake(float(_best(UNIT @ (UNIT[a] - UNIT[b] + UNIT[c]), (a, b, c))), "the target is b − a + c"),
            Mistake(float(scores.max()), "return the number of the word, not its score"),
        ]
        wrong = [mistake for mistake in mistakes if mistake.answer != right]
        given = called(answer, UNIT, a, b, c, expected=what, signature=signature)
        number(given, float(right), what=what, mistakes=wrong, hint=hint, close=1e-9)
    return "Without this exclusion the nearest word is often b or c itself: published accuracies depend on it."


def _best(scores: Array, excluded: tuple[int, ...]) -> int:
    allowed = np.array(scores)
    allowed[list(excluded)] = -np.inf
    return int(np.argmax(allowed))


def kept(answer: Any, per_million: int = 40_000, threshold: int = 10) -> str:
    """The probability with which a word is kept that makes up `per_million` of a million words (the threshold too)."""
    share, limit = per_million / 1e6, threshold / 1e6
    right = float(np.sqrt(limit / share))
    what = f"the probability of keeping a word with {per_million:,} of a million words, with the threshold {threshold}"
    mistakes = [
        Mistake(1 - right, "that is the probability of dropping it"),
        Mistake(limit / share, "take the square root of threshold / frequency"),
        Mistake(float(np.sqrt(share / limit)), "threshold / frequency, not the other way round"),
        Mistake(share, "that is its frequency"),
    ]
    number(answer, right, what=what, mistakes=mistakes, hint="the square root of threshold / frequency")
    return "The most frequent words are dropped almost always: they cost most of the time and say little of meaning."


EXERCISES: dict[str, Judge] = {
    "pairs": pairs,
    "kept": kept,
    "noise": noise,
    "centre_gradient": centre_gradient,
    "cosine": cosine,
    "analogy": analogy,
}

HINTS = {
    "pairs": "[(words[i], words[j]) for i in range(n) for j in range(max(0, i - window), min(n, i + window + 1)) "
    "if j != i]",
    "kept": "both numbers are per million, so their quotient needs no conversion",
    "noise": "raised = counts ** 0.75; raised / raised.sum()",
    "centre_gradient": "sigmoid(negatives @ centre) has the errors of the negatives; errors @ negatives sums up",
    "cosine": "np.linalg.norm(vectors, axis=1) has the length of each row",
    "analogy": "set scores[[a, b, c]] to -np.inf before np.argmax",
}

VARIANTS = {
    "kept": Variants(
        "a word that makes up {per_million} of a million words, and the threshold {threshold} of a million",
        {"per_million": (5_000, 10_000, 16_000, 25_000, 64_000), "threshold": (5, 20, 25, 50, 100)},
    )
}

"""The exercises of the notebook on sentiment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from utils.teaching.answers import Judge, Mistake, array, called, number
from utils.teaching.variants import Variants

Array = NDArray[Any]

WORDS = ["good", "bad", "not", "film"]
TEXT = ["not", "good", "not", "a", "good", "film", "not"]


def bag_of_words(answer: Any) -> str:
    """A function of the words of a text and a list of known words: how often each known word occurs."""
    signature = "bag_of_words(words, vocabulary)"
    hint = "one number for each word of the vocabulary, in its order: how often it is among the words of the text"
    for words, vocabulary in ((TEXT, WORDS), (["a", "b"], WORDS), ([], WORDS), (TEXT[::-1], WORDS[::-1])):
        what = f"how often each of {vocabulary} occurs in {words}"
        counts = np.array([words.count(word) for word in vocabulary], dtype=float)
        mistakes = [
            Mistake(np.minimum(counts, 1), "that says which words occur: count how often"),
            Mistake(counts / max(len(words), 1), "return the counts themselves, not fractions of the text"),
            Mistake(
                [vocabulary.index(word) for word in words if word in vocabulary],
                "those are the places of the words in the vocabulary: return one count for each word of the vocabulary",
            ),
            Mistake([words.count(word) for word in words], "count the words of the vocabulary, not those of the text"),
            Mistake(np.append(counts, len(words) - counts.sum()), "words outside the vocabulary are left out"),
        ]
        given = called(answer, list(words), list(vocabulary), expected=what, signature=signature)
        array(given, counts, what=what, mistakes=_differing(mistakes, counts), hint=hint)
    return "The order of the words is lost: 'not good' and 'good, not' are the same bag."


NUMBERS = np.array([3, 0, 2, 3])
TABLE = np.array([[0.5, -1.0], [2.0, 0.25], [-0.5, 1.5], [1.0, 3.0]])


def one_hot(answer: Any) -> str:
    """A function of numbers of words, (words,), and the size of the vocabulary: their one-hot vectors."""
    what, signature = "a row for each of four words, with a 1 in the column of its number", "one_hot(numbers, size)"
    right = np.eye(4)[NUMBERS]
    mistakes = [
        Mistake(right.T, "each word is a row: (words, size), not (size, words)"),
        Mistake(right.sum(axis=0), "that is a bag of words: keep a row for each word"),
        Mistake(np.eye(5)[NUMBERS + 1][:, :4], "numbers begin at 0"),
        Mistake(1 - right, "1 in the column of the number, 0 in all others"),
    ]
    hint = "an array of zeros of shape (words, size); then row i gets a 1 in column numbers[i]"
    given = called(answer, NUMBERS, 4, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    what = "a vocabulary of seven words"
    array(called(answer, NUMBERS, 7, expected=what, signature=signature), np.eye(7)[NUMBERS], what=what, hint=hint)
    return "One-hot vectors times a matrix select rows of it. An Embedding layer selects them without the product."


def embedding_parameters(answer: Any, words: int = 20_000, width: int = 64) -> str:
    """The weights of an embedding of `words` words, padding and the unknown word included, as vectors of `width`."""
    right = float(words * width)
    what = f"the weights of an embedding of {words:,} entries with {width} numbers each"
    mistakes = [
        Mistake(right + width, "an embedding has no bias"),
        Mistake(right + words, "an embedding has no bias"),
        Mistake(float(words + width), "each of the words has a vector of its own: multiply"),
        Mistake(float(width), "each of the words has a vector of its own"),
        Mistake(float(words), "each of the words has a vector, not one number"),
    ]
    hint = "a matrix with one row per entry and one column per number of the vector"
    number(answer, right, what=what, mistakes=mistakes, hint=hint, close=1e-9)
    return "The embedding usually has most of a text network's weights, and only the rows of present words are used."


VECTORS = np.array(
    [[[1.0, 4.0], [3.0, 0.0], [9.0, 9.0], [9.0, 9.0]], [[2.0, -2.0], [9.0, 9.0], [9.0, 9.0], [9.0, 9.0]]]
)
MASK = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]])


def masked_mean(answer: Any) -> str:
    """A function of vectors, (texts, words, width), and mask, (texts, words): the means over the real words."""
    signature = "masked_mean(vectors, mask)"
    what = "the mean vector of the words of two texts, without padding"
    right = np.array([[2.0, 2.0], [2.0, -2.0]])
    kept = VECTORS * MASK[..., None]
    mistakes = [
        Mistake(VECTORS.mean(axis=1), "padding takes part: multiply by the mask first, and divide by the real words"),
        Mistake(kept.mean(axis=1), "divide by the number of real words, not by the length with padding"),
        Mistake(kept.sum(axis=1), "that is the sum: divide by the number of real words, mask.sum(axis=1)"),
        Mistake(kept.sum(axis=1) / MASK.sum(), "each text has its own number of words: sum the mask along axis 1"),
        Mistake(kept.max(axis=1), "take the mean, not the maximum"),
    ]
    hint = "multiply by mask[:, :, None], sum along axis 1, divide by mask.sum(axis=1, keepdims=True)"
    given = called(answer, VECTORS, MASK, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    what = "zeros, not NaN, for a text without any word"
    hint = "0 / 0 is NaN: divide by np.maximum(number of words, 1)"
    given = called(
        answer, VECTORS, np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0]]), expected=what, signature=signature
    )
    array(given, np.array([[0.0, 0.0], [5.5, 3.5]]), what=what, hint=hint)
    return "With the mask, a text has the same mean however much padding follows it."


POSITIVE = np.array([120.0, 3.0, 40.0, 0.0])
NEGATIVE = np.array([20.0, 57.0, 40.0, 2.0])


def polarity(answer: Any) -> str:
    """A function of counts in positive and in negative texts, (words,) each: the log-count ratio of each word."""
    signature = "polarity(positive, negative)"
    what = "the log-count ratio of four words"
    right = _ratio(POSITIVE, NEGATIVE)
    plus = (POSITIVE + 1, NEGATIVE + 1)
    mistakes = [
        Mistake(-right, "positive words get positive numbers: positive counts are the numerator"),
        Mistake(np.log(plus[0] / plus[1]), "divide the counts of each class by their sum first"),
        Mistake(
            np.log((POSITIVE / POSITIVE.sum() + 1) / (NEGATIVE / NEGATIVE.sum() + 1)),
            "add 1 to the counts before they are divided by their sums",
        ),
        Mistake(np.exp(right), "take the logarithm: a word that is in both equally often gets about 0"),
        Mistake(right / np.log(10), "take the natural logarithm, np.log"),
        Mistake(right / np.log(2), "take the natural logarithm, np.log"),
        Mistake(
            np.log(plus[0] / POSITIVE.sum() / (plus[1] / NEGATIVE.sum())),
            "divide by the sum of the counts to which 1 was added, so that each class sums to 1",
        ),
    ]
    hint = "add 1 to each count; divide each class by its sum; then the logarithm of positive / negative"
    given = called(answer, POSITIVE, NEGATIVE, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "Words near 0 say nothing about the class: Udacity's cut-off removes them, and training is faster."


def _ratio(positive: Array, negative: Array) -> Array:
    first, second = positive + 1, negative + 1
    found: Array = np.log(first / first.sum() / (second / second.sum()))
    return found


SCORES = ([2.0, -0.5, 0.25, -3.0, 0.5], [1.5, 1.5, -1.0])


def leave_one_out(answer: Any) -> str:
    """A function of the scores of a text's words, (words,): by how much each word raises the probability.

    The probability is the sigmoid of the mean score of the words.
    """
    signature = "leave_one_out(scores)"
    hint = "for each place: the probability of all words minus that of the words without the one at this place"
    for scores in map(np.array, SCORES):
        what = f"the effect of each word on the probability of a text with the scores {scores.tolist()}"
        whole = float(expit(scores.mean()))
        without = expit((scores.sum() - scores) / (len(scores) - 1))
        mistakes = [
            Mistake(without - whole, "the effect is positive if the word raises the probability: all minus without"),
            Mistake(without, "those are the probabilities without each word: subtract them from that of all words"),
            Mistake(expit(scores), "those are the probabilities of each word alone: leave it out instead"),
            Mistake(
                whole - expit((scores.sum() - scores) / len(scores)),
                "the mean is over the words that are left: there is one less",
            ),
            Mistake(scores.mean() - (scores.sum() - scores) / (len(scores) - 1), "apply the sigmoid to each mean"),
            Mistake(np.abs(whole - without), "keep the sign: it says whether the word is for or against"),
        ]
        given = called(answer, scores, expected=what, signature=signature)
        array(given, whole - without, what=what, mistakes=mistakes, hint=hint)
    return "A neutral word has an effect too, because it dilutes the others. This holds for each network that averages."


def _differing(mistakes: list[Mistake], right: Array) -> list[Mistake]:
    """The mistakes that give another answer than the right one on these inputs."""
    return [each for each in mistakes if np.shape(each.answer) != right.shape or not np.allclose(each.answer, right)]


EXERCISES: dict[str, Judge] = {
    "bag_of_words": bag_of_words,
    "one_hot": one_hot,
    "embedding_parameters": embedding_parameters,
    "masked_mean": masked_mean,
    "polarity": polarity,
    "leave_one_out": leave_one_out,
}

HINTS = {
    "bag_of_words": "[words.count(word) for word in vocabulary]",
    "one_hot": "np.eye(size)[numbers] selects a row of the identity matrix for each word",
    "embedding_parameters": "the number of entries times the length of a vector; there is no bias",
    "masked_mean": "kept = vectors * mask[:, :, None]; then kept.sum(axis=1) divided by "
    "np.maximum(mask.sum(axis=1, keepdims=True), 1)",
    "polarity": "p = (positive + 1) / (positive + 1).sum(), q likewise from negative; np.log(p / q)",
    "leave_one_out": "np.delete(scores, i) has the scores without the one at place i: take its mean, then the sigmoid",
}

VARIANTS = {
    "embedding_parameters": Variants(
        "an embedding of {words} entries, with vectors of {width} numbers",
        {"words": (5_000, 8_000, 10_000, 15_000, 30_000), "width": (16, 32, 50, 100, 200)},
    )
}

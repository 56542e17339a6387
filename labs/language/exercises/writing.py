"""The exercises of the notebook on writing text."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, array, called, number
from utils.teaching.variants import Variants

TEXT = np.array([0, 1, 2, 0, 1, 0, 2, 2, 1, 0, 1, 1])
SYMBOLS = 4
"""One more than occur in TEXT: the row of the last one is even."""


def bigram(answer: Any) -> str:
    """A function of tokens, (length,), and the number of symbols: the probability of each symbol after each."""
    what = "the probability of each token after each token, with one added to every count"
    signature = "bigram(tokens, symbols)"
    hint = "count the pairs of neighbours, add 1 to every count, and divide each row by its sum"
    counts = np.zeros((SYMBOLS, SYMBOLS))
    np.add.at(counts, (TEXT[:-1], TEXT[1:]), 1)
    smoothed = counts + 1
    right = smoothed / smoothed.sum(axis=1, keepdims=True)
    plain = counts / counts.sum(axis=1, keepdims=True).clip(1)
    mistakes = [
        Mistake(right.T, "rows are the token before, columns the token after: transpose it"),
        Mistake(smoothed.T / smoothed.T.sum(axis=1, keepdims=True), "rows are the token before, columns the one after"),
        Mistake(counts, "those are counts: add 1, then divide each row by its sum"),
        Mistake(smoothed, "those are counts: divide each row by its sum"),
        Mistake(smoothed / smoothed.sum(), "each row is a distribution: divide by the sum of the row, not of all"),
        Mistake(smoothed / smoothed.sum(axis=0), "divide by the sum of the row (axis=1), not of the column"),
        Mistake(plain, "a pair that never occurs has probability 0: add 1 to every count first"),
        Mistake(
            (counts + 1) / counts.sum(axis=1, keepdims=True).clip(1), "add 1 before you compute the sum of the row"
        ),
    ]
    given = called(answer, TEXT, SYMBOLS, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "This is a language model: it has a probability for every text. It forgets all but the last token."


LETTERS = np.array([5, 3, 3, 5, 3, 7, 7, 5, 3, 7, 7])
TRIPLES = np.array([4, 4, 4, 1, 4, 4, 2])


def most_frequent_pair(answer: Any) -> str:
    """A function of tokens, (length,): the two neighbours that occur together most often."""
    signature = "most_frequent_pair(tokens)"
    hint = "count the pairs (tokens[i], tokens[i + 1]) with a Counter, and take the most common one"
    for tokens in (LETTERS, TRIPLES):
        what = f"the most frequent pair of neighbours in {tokens.tolist()}"
        pairs = Counter(pairwise(tokens.tolist()))
        right = np.array(pairs.most_common(1)[0][0])
        single = [token for token, _ in Counter(tokens.tolist()).most_common(2)]
        mistakes = [
            Mistake(right[::-1], "the order matters: the left token first"),
            Mistake(np.array(pairs.most_common()[-1][0]), "that is the rarest pair: take the most frequent one"),
            Mistake(np.array(single), "count pairs of neighbours, not single tokens"),
            Mistake(tokens[:2], "that is the first pair: count all of them"),
            Mistake(np.array([*right, pairs.most_common(1)[0][1]]), "return the pair alone, without its count"),
        ]
        given = called(answer, tokens, expected=what, signature=signature)
        known = [wrong for wrong in mistakes if not np.array_equal(wrong.answer, right)]
        array(given, right, what=what, mistakes=known, hint=hint)
    return "Learning byte-pair encoding repeats this: merge the most frequent pair, and count again."


def merge(answer: Any) -> str:
    """A function of tokens, (length,), a pair and a number: the tokens with each pair replaced by the number."""
    signature = "merge(tokens, pair, number)"
    hint = "go from left to right: where tokens[i] and tokens[i + 1] are the pair, append number and skip both"
    for tokens, pair in ((LETTERS, (5, 3)), (TRIPLES, (4, 4))):
        what = f"{tokens.tolist()} with the pair {pair} replaced by 9"
        right = np.array(_merged(tokens.tolist(), pair))
        mistakes = [
            Mistake(tokens, "nothing is replaced: compare each token and the next one with the pair"),
            Mistake(np.array(_kept_second(tokens, pair)), "the second token of a pair belongs to it: skip it, too"),
            Mistake(np.array(_every(tokens, pair)), "replace the two tokens only where they are neighbours, in order"),
            Mistake(np.array(_merged(tokens.tolist(), pair, most=1)), "replace every pair, not only the first one"),
            Mistake(right[:-1], "the last token is missing: it has no next one, but it stays"),
            Mistake(np.array(_merged(tokens.tolist(), pair[::-1])), "the order matters: the left token first"),
        ]
        given = called(answer, tokens, pair, 9, expected=what, signature=signature)
        known = [wrong for wrong in mistakes if not np.array_equal(wrong.answer, right)]
        array(given, right, what=what, mistakes=known, hint=hint)
    return "Each merge makes the text shorter and the vocabulary larger. No text is ever unknown."


def _merged(tokens: Sequence[int], pair: Sequence[int], most: int = 1000) -> list[int]:
    found, place = [], 0
    while place < len(tokens):
        is_pair = tuple(tokens[place : place + 2]) == tuple(pair) and most > 0
        found.append(9 if is_pair else tokens[place])
        most -= is_pair
        place += 2 if is_pair else 1
    return found


def _kept_second(tokens: Array, pair: Sequence[int]) -> list[int]:
    following = [*tokens[1:].tolist(), -1]
    return [9 if (one, two) == tuple(pair) else one for one, two in zip(tokens.tolist(), following, strict=True)]


def _every(tokens: Array, pair: Sequence[int]) -> list[int]:
    return [9 if token in pair else token for token in tokens.tolist()]


def bits_per_character(answer: Any, perplexity: int = 64, length: int = 5) -> str:
    """The bits per character of a model of words with a perplexity, whose words have so many characters on average."""
    number(
        answer,
        math.log2(perplexity) / length,
        what=f"the bits per character of a perplexity of {perplexity} per word of {length} characters",
        mistakes=[
            Mistake(math.log2(perplexity), "those are bits per word: divide by the characters of a word"),
            Mistake(math.log(perplexity) / length, "those are nats: take the logarithm to base 2"),
            Mistake(math.log(perplexity), "those are nats per word: take base 2, and divide by the characters"),
            Mistake(perplexity / length, "take the logarithm of the perplexity first"),
            Mistake(math.log2(perplexity / length), "divide the logarithm, not the perplexity"),
            Mistake(math.log2(perplexity) * length, "a word has several characters: divide, do not multiply"),
            Mistake(math.log10(perplexity) / length, "take the logarithm to base 2"),
        ],
        hint="the logarithm to base 2 of the perplexity is the bits per word; a word has several characters",
    )
    return "Bits per character compare models with different tokens; perplexities per token do not."


SHARES = np.array([0.1, 0.3, 0.05, 0.4, 0.15])


def top_k(answer: Any) -> str:
    """A function of probabilities, (symbols,), and k: the probabilities to draw from."""
    signature = "top_k(probabilities, k)"
    hint = "set all but the k largest probabilities to 0, and divide by the sum of those that are left"
    for k in (2, 3):
        what = f"the probabilities to draw from with k = {k}"
        largest = np.sort(SHARES)[-k] <= SHARES
        kept = np.where(largest, SHARES, 0)
        right = kept / kept.sum()
        exponentials = np.exp(SHARES) * largest
        mistakes = [
            Mistake(kept, "these do not sum to 1: divide by their sum"),
            Mistake(SHARES, "nothing is left out: set all but the k largest to 0"),
            Mistake(np.sort(right)[::-1], "leave the probabilities in their places: a place is a token"),
            Mistake(np.sort(right)[::-1][:k], "leave the probabilities in their places, and set the others to 0"),
            Mistake(right[largest], "set the others to 0 instead of removing them: a place is a token"),
            Mistake(largest / k, "keep the probabilities of the k tokens: they are not equally probable"),
            Mistake(np.where(largest, 0, SHARES) / SHARES[~largest].sum(), "keep the k largest, not the others"),
            Mistake(exponentials / exponentials.sum(), "these are probabilities already: no softmax is needed"),
            Mistake((SHARES.max() == SHARES).astype(float), "keep k tokens, not one"),
        ]
        given = called(answer, SHARES, k, expected=what, signature=signature)
        array(given, right, what=what, mistakes=mistakes, hint=hint)
    given = called(answer, SHARES, 5, expected="the same probabilities with k = 5", signature=signature)
    array(given, SHARES, what="the same probabilities with k = 5", hint=hint)
    return "Many improbable tokens together are probable. Without them a text has fewer mistakes, and fewer surprises."


EXERCISES: dict[str, Judge] = {
    "bigram": bigram,
    "most_frequent_pair": most_frequent_pair,
    "merge": merge,
    "bits_per_character": bits_per_character,
    "top_k": top_k,
}

HINTS = {
    "bigram": "np.add.at(counts, (tokens[:-1], tokens[1:]), 1); then counts / counts.sum(axis=1, keepdims=True)",
    "most_frequent_pair": "Counter(zip(tokens[:-1], tokens[1:])).most_common(1)[0][0]",
    "merge": "use a while loop with a place i that grows by 2 after a pair and by 1 otherwise",
    "bits_per_character": "math.log2(perplexity) / characters per word",
    "top_k": "smallest = np.sort(probabilities)[-k]; kept = np.where(probabilities >= smallest, probabilities, 0)",
}
VARIANTS = {
    "bits_per_character": Variants(
        "a perplexity of {perplexity}, words of {length} characters",
        {"perplexity": (50, 70, 90, 110, 150), "length": (4, 6)},
    )
}

"""Answers to the exercises on writing text."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np

from tests.exercises import Answers, Wrong


def counted(tokens: Any, symbols: Any) -> Any:
    counts = np.zeros((symbols, symbols))
    np.add.at(counts, (tokens[:-1], tokens[1:]), 1)
    return counts


def bigram(tokens: Any, symbols: Any) -> Any:
    counts = counted(tokens, symbols) + 1
    return counts / counts.sum(axis=1, keepdims=True)


def bigram_by_loop(tokens: Any, symbols: Any) -> Any:
    counts = [[1] * symbols for _ in range(symbols)]
    for one, two in pairwise(tokens):
        counts[one][two] += 1
    return [[count / sum(row) for count in row] for row in counts]


def bigram_by_numbers(tokens: Any, symbols: Any) -> Any:
    counts = np.bincount(tokens[:-1] * symbols + tokens[1:], minlength=symbols**2).reshape(symbols, symbols) + 1
    return (counts.T / counts.sum(axis=1)).T


def pairs(tokens: Any) -> Any:
    return Counter(zip(tokens[:-1].tolist(), tokens[1:].tolist(), strict=True))


def pair_by_loop(tokens: Any) -> Any:
    times: dict[Any, int] = {}
    for i in range(len(tokens) - 1):
        pair = (int(tokens[i]), int(tokens[i + 1]))
        times[pair] = times.get(pair, 0) + 1
    return max(times, key=lambda pair: times[pair])


def merge(tokens: Any, pair: Any, number: Any) -> Any:
    found, i = [], 0
    while i < len(tokens):
        if i + 1 < len(tokens) and (tokens[i], tokens[i + 1]) == tuple(pair):
            found.append(number)
            i += 2
        else:
            found.append(tokens[i])
            i += 1
    return found


def merge_from_the_left(tokens: Any, pair: Any, number: Any) -> Any:
    found: list[Any] = []
    for token in tokens:
        if found and (found[-1], token) == tuple(pair):
            found[-1] = number
        else:
            found.append(token)
    return np.array(found)


def without_last(tokens: Any, pair: Any, number: Any) -> Any:
    return merge(tokens, pair, number)[:-1]


def second_kept(tokens: Any, pair: Any, number: Any) -> Any:
    pairs_ = zip(tokens, [*tokens[1:], -1], strict=True)
    return [number if (one, two) == tuple(pair) else one for one, two in pairs_]


def first_only(tokens: Any, pair: Any, number: Any) -> Any:
    for i in range(len(tokens) - 1):
        if (tokens[i], tokens[i + 1]) == tuple(pair):
            return [*tokens[:i], number, *tokens[i + 2 :]]
    return tokens


def top_k(probabilities: Any, k: Any) -> Any:
    kept = np.where(probabilities >= np.sort(probabilities)[-k], probabilities, 0)
    return kept / kept.sum()


def top_k_by_places(probabilities: Any, k: Any) -> Any:
    found = np.zeros(len(probabilities))
    places = np.argsort(probabilities)[-k:]
    found[places] = probabilities[places]
    return found / found.sum()


def top_k_by_loop(probabilities: Any, k: Any) -> Any:
    best = sorted(probabilities, reverse=True)[:k]
    return [p / sum(best) if p in best else 0.0 for p in probabilities]


ANSWERS = {
    "bigram": Answers(
        right=[bigram, bigram_by_loop, bigram_by_numbers],
        wrong=[
            Wrong(lambda tokens, symbols: bigram(tokens, symbols).T, "transpose"),
            Wrong(lambda tokens, symbols: bigram(tokens[::-1], symbols), "rows are the token before"),
            Wrong(counted, "those are counts"),
            Wrong(lambda tokens, symbols: counted(tokens, symbols) + 1, "divide each row"),
            Wrong(
                lambda tokens, symbols: (counted(tokens, symbols) + 1) / (len(tokens) - 1 + symbols**2), "not of all"
            ),
            Wrong(
                lambda tokens, symbols: (counted(tokens, symbols) + 1) / (counted(tokens, symbols) + 1).sum(axis=0),
                "not of the column",
            ),
            Wrong(
                lambda tokens, symbols: (
                    counted(tokens, symbols) / counted(tokens, symbols).sum(axis=1, keepdims=True).clip(1)
                ),
                "add 1 to every count",
            ),
        ],
    ),
    "most_frequent_pair": Answers(
        right=[lambda tokens: pairs(tokens).most_common(1)[0][0], pair_by_loop, lambda tokens: [*pair_by_loop(tokens)]],
        wrong=[
            Wrong(lambda tokens: pair_by_loop(tokens)[::-1], "the left token first"),
            Wrong(lambda tokens: pairs(tokens).most_common()[-1][0], "rarest"),
            Wrong(lambda tokens: [token for token, _ in Counter(tokens.tolist()).most_common(2)], "not single tokens"),
            Wrong(lambda tokens: tokens[-2:], "count the pairs"),
            Wrong(lambda tokens: [*pair_by_loop(tokens), max(pairs(tokens).values())], "without its count"),
        ],
    ),
    "merge": Answers(
        right=[merge, merge_from_the_left, lambda tokens, pair, number: np.array(merge(tokens, pair, number))],
        wrong=[
            Wrong(lambda tokens, pair, number: tokens, "nothing is replaced"),
            Wrong(second_kept, "skip it, too"),
            Wrong(lambda tokens, pair, number: [number if t in pair else t for t in tokens], "neighbours"),
            Wrong(first_only, "every pair"),
            Wrong(without_last, "the last token"),
            Wrong(lambda tokens, pair, number: merge(tokens, pair[::-1], number), "the left token first"),
        ],
    ),
    "bits_per_character": Answers(
        right=[6 / 5, np.float64(1.2), math.log(64) / math.log(2) / 5],
        wrong=[
            Wrong(6, "bits per word"),
            Wrong(math.log(64) / 5, "those are nats"),
            Wrong(math.log(64), "nats per word"),
            Wrong(64 / 5, "logarithm of the perplexity"),
            Wrong(math.log2(64 / 5), "divide the logarithm"),
            Wrong(30, "do not multiply"),
            Wrong(math.log10(64) / 5, "base 2"),
        ],
    ),
    "top_k": Answers(
        right=[top_k, top_k_by_places, top_k_by_loop],
        wrong=[
            Wrong(lambda p, k: np.where(p >= np.sort(p)[-k], p, 0), "divide by their sum"),
            Wrong(lambda p, k: p, "nothing is left out"),
            Wrong(lambda p, k: np.sort(top_k(p, k))[::-1], "in their places"),
            Wrong(lambda p, k: np.sort(top_k(p, k))[::-1][:k], "in their places"),
            Wrong(lambda p, k: top_k(p, k)[top_k(p, k) > 0], "instead of removing"),
            Wrong(lambda p, k: (p >= np.sort(p)[-k]) / k, "not equally probable"),
            Wrong(lambda p, k: (p == p.max()) * 1.0, "not one"),
            Wrong(lambda p, k: np.exp(p) * (p >= np.sort(p)[-k]) / np.exp(p)[p >= np.sort(p)[-k]].sum(), "no softmax"),
        ],
    ),
}

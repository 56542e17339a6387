"""Answers to the exercises on sentiment."""

from __future__ import annotations

from collections import Counter
from typing import Any

import keras
import numpy as np
from scipy.special import expit, logit

from tests.exercises import Answers, Wrong


def bag(words: Any, vocabulary: Any) -> Any:
    return [words.count(word) for word in vocabulary]


def bag_by_counter(words: Any, vocabulary: Any) -> Any:
    counts = Counter(words)
    return np.array([counts[word] for word in vocabulary])


def bag_by_loop(words: Any, vocabulary: Any) -> Any:
    found = np.zeros(len(vocabulary))
    for word in words:
        if word in vocabulary:
            found[vocabulary.index(word)] += 1
    return found


def one_hot_by_loop(numbers: Any, size: Any) -> Any:
    rows = np.zeros((len(numbers), size))
    for row, number in enumerate(numbers):
        rows[row, number] = 1
    return rows


def mean(vectors: Any, mask: Any) -> Any:
    return (vectors * mask[:, :, None]).sum(axis=1) / np.maximum(mask.sum(axis=1, keepdims=True), 1)


def mean_by_loop(vectors: Any, mask: Any) -> Any:
    found = []
    for words, real in zip(vectors, mask, strict=True):
        kept = words[real > 0]
        found.append(kept.mean(axis=0) if len(kept) else np.zeros(words.shape[1]))
    return found


def ratio(positive: Any, negative: Any) -> Any:
    p, q = (positive + 1) / (positive + 1).sum(), (negative + 1) / (negative + 1).sum()
    return np.log(p / q)


def effects(scores: Any) -> Any:
    return [expit(scores.mean()) - expit(np.delete(scores, i).mean()) for i in range(len(scores))]


def effects_by_sums(scores: Any) -> Any:
    return expit(scores.mean()) - expit((scores.sum() - scores) / (len(scores) - 1))


ANSWERS = {
    "bag_of_words": Answers(
        right=[bag, bag_by_counter, bag_by_loop],
        wrong=[
            Wrong(lambda words, vocabulary: [word in words for word in vocabulary], "how often"),
            Wrong(lambda words, vocabulary: [float(word in words) for word in vocabulary], "count how often"),
            Wrong(lambda words, vocabulary: np.array(bag(words, vocabulary)) / len(words), "not fractions"),
            Wrong(lambda words, vocabulary: [vocabulary.index(word) for word in words if word in vocabulary], "places"),
            Wrong(lambda words, vocabulary: [words.count(word) for word in words], "not those of the text"),
            Wrong(
                lambda words, vocabulary: [*bag(words, vocabulary), len(words) - sum(bag(words, vocabulary))],
                "left out",
            ),
            Wrong(lambda words, vocabulary: bag(words, sorted(vocabulary)), "in its order"),
        ],
    ),
    "one_hot": Answers(
        right=[
            lambda numbers, size: np.eye(size)[numbers],
            one_hot_by_loop,
            lambda numbers, size: keras.ops.one_hot(numbers, size),
            lambda numbers, size: (np.arange(size) == numbers[:, None]).astype(int),
        ],
        wrong=[
            Wrong(lambda numbers, size: np.eye(size)[numbers].T, "each word is a row"),
            Wrong(lambda numbers, size: np.eye(size)[numbers].sum(axis=0), "bag of words"),
            Wrong(lambda numbers, size: np.eye(size + 1)[numbers + 1][:, :size], "begin at 0"),
            Wrong(lambda numbers, size: 1 - np.eye(size)[numbers], "0 in all others"),
            Wrong(lambda numbers, size: np.eye(4)[numbers], "check the shape"),
        ],
    ),
    "embedding_parameters": Answers(
        right=[1_280_000, 1_280_000.0, np.int64(1_280_000)],
        wrong=[
            Wrong(1_280_064, "no bias"),
            Wrong(1_300_000, "no bias"),
            Wrong(20_064, "multiply"),
            Wrong(64, "a vector of its own"),
            Wrong(20_000, "not one number"),
            Wrong(1, "one row per entry"),
        ],
    ),
    "masked_mean": Answers(
        right=[mean, mean_by_loop, lambda vectors, mask: mean(vectors.astype("float32"), mask.astype("float32"))],
        wrong=[
            Wrong(lambda vectors, mask: vectors.mean(axis=1), "padding takes part"),
            Wrong(lambda vectors, mask: (vectors * mask[..., None]).mean(axis=1), "not by the length"),
            Wrong(lambda vectors, mask: (vectors * mask[..., None]).sum(axis=1), "that is the sum"),
            Wrong(lambda vectors, mask: (vectors * mask[..., None]).sum(axis=1) / mask.sum(), "own number of words"),
            Wrong(lambda vectors, mask: (vectors * mask[..., None]).max(axis=1), "not the maximum"),
            Wrong(
                lambda vectors, mask: (vectors * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True),
                "0 / 0 is NaN",
            ),
        ],
    ),
    "polarity": Answers(
        right=[
            ratio,
            lambda p, n: np.log(p + 1) - np.log((p + 1).sum()) - np.log(n + 1) + np.log((n + 1).sum()),
            lambda p, n: np.log1p(p) - np.log1p(n) + np.log((n.sum() + 4) / (p.sum() + 4)),
        ],
        wrong=[
            Wrong(lambda p, n: ratio(n, p), "numerator"),
            Wrong(lambda p, n: np.log((p + 1) / (n + 1)), "by their sum first"),
            Wrong(lambda p, n: np.log((p / p.sum() + 1) / (n / n.sum() + 1)), "before they are divided"),
            Wrong(lambda p, n: np.exp(ratio(p, n)), "take the logarithm"),
            Wrong(lambda p, n: ratio(p, n) / np.log(10), "natural logarithm"),
            Wrong(lambda p, n: ratio(p, n) / np.log(2), "natural logarithm"),
            Wrong(lambda p, n: np.log((p + 1) / p.sum() / ((n + 1) / n.sum())), "each class sums to 1"),
            Wrong(lambda p, n: np.log(p / n), "add 1"),
        ],
    ),
    "leave_one_out": Answers(
        right=[effects, effects_by_sums, lambda scores: np.array(effects(scores), dtype="float32")],
        wrong=[
            Wrong(lambda scores: -effects_by_sums(scores), "all minus without"),
            Wrong(lambda scores: expit((scores.sum() - scores) / (len(scores) - 1)), "subtract them"),
            Wrong(expit, "leave it out instead"),
            Wrong(lambda scores: expit(scores.mean()) - expit((scores.sum() - scores) / len(scores)), "one less"),
            Wrong(
                lambda scores: logit(expit(scores.mean())) - (scores.sum() - scores) / (len(scores) - 1), "the sigmoid"
            ),
            Wrong(lambda scores: np.abs(effects_by_sums(scores)), "keep the sign"),
            Wrong(lambda scores: 0.1, "for each place"),
        ],
    ),
}

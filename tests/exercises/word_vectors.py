"""Answers to the exercises on word vectors."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from scipy.special import expit

from tests.exercises import Answers, Wrong


def pairs(words: Any, window: Any) -> Any:
    found = []
    for i in range(len(words)):
        around = range(max(0, i - window), min(len(words), i + window + 1))
        found += [(words[i], words[j]) for j in around if i != j]
    return found


def pairs_by_distance(words: Any, window: Any) -> Any:
    found = []
    for distance in range(1, window + 1):
        if distance < len(words):
            found += [*zip(words[:-distance], words[distance:], strict=True)]
            found += [*zip(words[distance:], words[:-distance], strict=True)]
    return np.array(found)


def pairs_around(words: Any, window: Any) -> Any:
    size = len(words)
    places = [(i, j) for i in range(size) for j in range(i - window, i + window + 1)]
    return [(words[i], words[j]) for i, j in places if i != j and j < size]


def near(words: Any, window: Any, *, first: int = -1, last: int = 1, itself: bool = False) -> Any:
    """The pairs of places with a distance between `first` and `last` windows."""
    places = [(i, j) for i in range(len(words)) for j in range(len(words)) if first * window <= j - i <= last * window]
    return [(words[i], words[j]) for i, j in places if itself or i != j]


def noise(counts: Any) -> Any:
    return counts**0.75 / (counts**0.75).sum()


def gradient(centre: Any, context: Any, negatives: Any) -> Any:
    found = (expit(centre @ context) - 1) * context
    for negative in negatives:
        found = found + expit(centre @ negative) * negative
    return found


def gradient_by_labels(centre: Any, context: Any, negatives: Any) -> Any:
    vectors = np.vstack([context, negatives])
    labels = np.eye(len(vectors))[0]
    return (expit(vectors @ centre) - labels) @ vectors


def cosine(vector: Any, vectors: Any) -> Any:
    return vectors @ vector / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector))


def analogy(vectors: Any, a: Any, b: Any, c: Any) -> Any:
    scores = vectors @ (vectors[b] - vectors[a] + vectors[c])
    scores[[a, b, c]] = -np.inf
    return np.argmax(scores)


def analogy_by_sorting(vectors: Any, a: Any, b: Any, c: Any) -> Any:
    order = np.argsort(-(vectors @ (vectors[b] - vectors[a] + vectors[c])))
    return next(int(number) for number in order if number not in (a, b, c))


def scores_of(vectors: Any, a: Any, b: Any, c: Any) -> Any:
    return vectors @ (vectors[b] - vectors[a] + vectors[c])


ANSWERS = {
    "pairs": Answers(
        right=[pairs, pairs_by_distance, lambda words, window: pairs(words, window)[::-1]],
        wrong=[
            Wrong(lambda words, window: near(words, window, last=0), "after the centre"),
            Wrong(lambda words, window: near(words, window, first=0), "before the centre"),
            Wrong(lambda words, window: near(words, window, itself=True), "the place itself"),
            Wrong(lambda words, window: pairs(words[:4], window), "at most"),
            Wrong(
                lambda words, window: [pair for pair in pairs(words, window) if pair[0] != pair[1]], "compare places"
            ),
            Wrong(pairs_around, "ends with the sentence"),
            Wrong(lambda words, window: pairs(words, window - 1), "exactly"),
            Wrong(lambda words, window: [pair[::-1] for pair in near(words, window, last=0)], "before the centre"),
            Wrong(lambda words, window: 8, "(centre, context)"),
        ],
    ),
    "noise": Answers(
        right=[
            noise,
            lambda counts: noise(counts).tolist(),
            lambda counts: np.exp(0.75 * np.log(counts)) / np.exp(0.75 * np.log(counts)).sum(),
        ],
        wrong=[
            Wrong(lambda counts: counts / counts.sum(), "0.75 first"),
            Wrong(lambda counts: counts**0.75, "divide by the sum"),
            Wrong(lambda counts: (counts / counts.sum()) ** 0.75, "after the power"),
            Wrong(lambda counts: np.full(4, 0.25), "drawn more often"),
            Wrong(lambda counts: counts**-0.75 / (counts**-0.75).sum(), "+0.75"),
            Wrong(lambda counts: np.sqrt(counts) / np.sqrt(counts).sum(), "not 1/2"),
        ],
    ),
    "centre_gradient": Answers(
        right=[gradient, gradient_by_labels, lambda v, u, n: gradient(v, u, n).tolist()],
        wrong=[
            Wrong(lambda v, u, n: -gradient(v, u, n), "opposite sign"),
            Wrong(lambda v, u, n: (expit(v @ u) - 1) * u, "negatives are missing"),
            Wrong(lambda v, u, n: expit(n @ v) @ n, "real context is missing"),
            Wrong(lambda v, u, n: expit(v @ u) * u + expit(n @ v) @ n, "sigmoid − 1"),
            Wrong(lambda v, u, n: (expit(v @ u) - 1) * u + (expit(n @ v) - 1) @ n, "is the sigmoid"),
            Wrong(lambda v, u, n: (expit(v @ u) - 1) * u - expit(n @ v) @ n, "plus sign"),
            Wrong(lambda v, u, n: (expit(v @ u) - 1) * u + expit(n @ v) @ n / 2, "without a mean"),
            Wrong(lambda v, u, n: (expit(v @ u) - 1 + expit(n @ v).sum()) * v, "the other vector"),
            Wrong(lambda v, u, n: u, "for each negative"),
        ],
    ),
    "cosine": Answers(
        right=[
            cosine,
            lambda vector, vectors: list(cosine(vector, vectors)),
            lambda vector, vectors: 1 - cdist(vectors, vector[None], "cosine")[:, 0],
        ],
        wrong=[
            Wrong(lambda vector, vectors: vectors @ vector, "dot products"),
            Wrong(lambda vector, vectors: vectors @ vector / np.linalg.norm(vectors, axis=1), "first vector too"),
            Wrong(lambda vector, vectors: vectors @ vector / 5, "of the others too"),
            Wrong(lambda vector, vectors: vectors @ vector / (5 * np.linalg.norm(vectors)), "axis=1"),
            Wrong(lambda vector, vectors: vectors @ vector / (25 * (vectors**2).sum(axis=1)), "not by their squares"),
            Wrong(lambda vector, vectors: 1 - cosine(vector, vectors), "cosine distance"),
            Wrong(lambda vector, vectors: np.linalg.norm(vectors - vector, axis=1), "Euclidean"),
        ],
    ),
    "analogy": Answers(
        right=[analogy, analogy_by_sorting, lambda v, a, b, c: float(analogy(v, a, b, c))],
        wrong=[
            Wrong(lambda v, a, b, c: np.argmax(scores_of(v, a, b, c)), "leave out"),
            Wrong(
                lambda v, a, b, c: analogy(-v * 1.0, a, b, c) if False else np.argsort(scores_of(v, a, b, c))[0],
                "smallest",
            ),
            Wrong(lambda v, a, b, c: analogy(v, b, a, c), "b − a + c"),
            Wrong(lambda v, a, b, c: scores_of(v, a, b, c).max(), "not its score"),
            Wrong(lambda v, a, b, c: v[b] - v[a] + v[c], "except for the words"),
        ],
    ),
    "kept": Answers(
        right=[0.0158114, 0.00025**0.5, np.sqrt(10 / 40_000)],
        wrong=[
            Wrong(1 - 0.00025**0.5, "dropping"),
            Wrong(0.00025, "square root"),
            Wrong(4000**0.5, "other way round"),
            Wrong(0.04, "its frequency"),
            Wrong(0.5, "square root of threshold"),
        ],
    ),
}

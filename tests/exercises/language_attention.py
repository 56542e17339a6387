"""Answers to the exercises on attention."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tests.exercises import Answers, Wrong


def softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def plain_softmax(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)


def masked(scores: Any) -> Any:
    return scores + np.triu(np.full(scores.shape, -1e9), 1)


def attention(queries: Any, keys: Any, values: Any) -> Any:
    return softmax(masked(queries @ keys.T / np.sqrt(queries.shape[1]))) @ values


def keras_attention(queries: Any, keys: Any, values: Any) -> Any:
    layer = keras.layers.Attention()
    scaled = queries / np.sqrt(queries.shape[1])
    return layer([scaled[None], values[None], keys[None]], use_causal_mask=True)[0]


def starts(vectors: Any, heads: int) -> Any:
    return range(0, vectors.shape[1], vectors.shape[1] // heads)


ANSWERS = {
    "weights": Answers(
        right=[softmax, lambda scores: keras.ops.softmax(scores), lambda scores: list(softmax(scores))],
        wrong=[
            Wrong(plain_softmax, "exp(927) overflows"),
            Wrong(lambda scores: scores / scores.sum(), "exponential"),
            Wrong(lambda scores: np.eye(len(scores))[scores.argmax()], "only 2 smaller"),
            Wrong(lambda scores: np.exp(scores - scores.max()), "divide by their sum"),
            Wrong(lambda scores: softmax(-scores), "largest score"),
        ],
    ),
    "context": Answers(
        right=[
            lambda weights, values: weights @ values,
            lambda weights, values: np.einsum("t,td->d", weights, values),
            lambda weights, values: sum(weight * value for weight, value in zip(weights, values, strict=True)),
        ],
        wrong=[
            Wrong(lambda weights, values: weights[:, None] * values, "add them up"),
            Wrong(lambda weights, values: values[weights.argmax()], "weighted mean of all"),
            Wrong(lambda weights, values: values.mean(axis=0), "with its weight"),
            Wrong(lambda weights, values: (weights[:, None] * values).mean(axis=0), "do not divide"),
            Wrong(lambda weights, values: (weights[:, None] * values).sum(axis=1), "over the tokens"),
        ],
    ),
    "spread": Answers(
        right=[16, 16.0, np.sqrt(256)],
        wrong=[
            Wrong(256, "variance"),
            Wrong(1, "sum of many"),
            Wrong(1 / 16, "to undo it"),
            Wrong(512, "their products do"),
            Wrong(8, "sum of their variances"),
        ],
    ),
    "causal": Answers(
        right=[
            lambda scores: softmax(masked(scores)),
            lambda scores: keras.ops.softmax(keras.ops.convert_to_tensor(masked(scores))),
            lambda scores: softmax(np.where(np.tri(len(scores), dtype=bool), scores, -np.inf)),
        ],
        wrong=[
            Wrong(softmax, "no token is masked"),
            Wrong(lambda scores: np.tril(softmax(scores)), "before the softmax"),
            Wrong(lambda scores: softmax(np.tril(scores)), "exp(0) = 1"),
            Wrong(lambda scores: softmax(scores + np.tril(np.full(scores.shape, -1e9), -1)), "hides the past"),
            Wrong(lambda scores: softmax(np.where(np.tri(len(scores), k=-1) > 0, scores, -1e9)), "to itself"),
        ],
    ),
    "heads": Answers(
        right=[
            lambda vectors, heads: vectors.reshape(len(vectors), heads, -1).transpose(1, 0, 2),
            lambda vectors, heads: np.stack(np.split(vectors, heads, axis=1)),
            lambda vectors, heads: [vectors[:, i::1][:, : vectors.shape[1] // heads] for i in starts(vectors, heads)],
        ],
        wrong=[
            Wrong(lambda vectors, heads: vectors.reshape(len(vectors), heads, -1), "heads come first"),
            Wrong(lambda vectors, heads: vectors.reshape(heads, len(vectors), -1), "tokens were mixed"),
            Wrong(lambda vectors, heads: vectors, "check the shape"),
            Wrong(lambda vectors, heads: np.stack([vectors] * heads), "check the shape"),
            Wrong(lambda vectors, heads: np.split(vectors, heads, axis=1)[0], "check the shape"),
        ],
    ),
    "attention": Answers(
        right=[
            attention,
            keras_attention,
            lambda q, k, v: softmax(masked(np.einsum("id,jd->ij", q, k) / q.shape[1] ** 0.5)) @ v,
        ],
        wrong=[
            Wrong(lambda q, k, v: softmax(masked(q @ k.T)) @ v, "root of the width"),
            Wrong(lambda q, k, v: softmax(masked(q @ k.T / q.shape[1])) @ v, "not by the width"),
            Wrong(lambda q, k, v: softmax(q @ k.T / 2) @ v, "mask"),
            Wrong(lambda q, k, v: softmax(masked(k @ q.T / 2)) @ v, "a row is a query"),
            Wrong(lambda q, k, v: np.tril(q @ k.T / 2) @ v, "softmax is missing"),
            Wrong(lambda q, k, v: softmax(masked(q @ k.T / 2)) @ k, "not of the keys"),
        ],
    ),
    "parameters": Answers(
        right=[65_536, 4 * 128**2, np.int64(65_536)],
        wrong=[
            Wrong(3 * 128**2, "four matrices"),
            Wrong(128**2, "a matrix each"),
            Wrong(4 * 128**2 * 4, "share the width"),
            Wrong(128**2 + 1, "however many heads"),
            Wrong(4 * 128 * 129, "no biases"),
        ],
    ),
}

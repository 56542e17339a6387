"""The exercises of the notebook on attention."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.teaching.answers import Judge, Mistake, array, called, number
from utils.teaching.variants import Variants

Array = NDArray[Any]

SCORES = np.array([927.0, 397.0, 148.0, 929.0])
"""The example of the course."""
VALUES = np.array([[1.0, 0.0, 2.0], [0.0, 5.0, -1.0], [3.0, 3.0, 0.0], [-1.0, 4.0, 1.0]])


def softmax(scores: Array) -> Array:
    """Softmax over the last axis, without overflow."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def weights(answer: Any) -> str:
    """A function of scores (tokens,): the attention weights."""
    what, signature = "the weights of the scores [927, 397, 148, 929]", "attention_weights(scores)"
    mistakes = [
        Mistake(SCORES / SCORES.sum(), "those are fractions of the sum: take the exponential of each score first"),
        Mistake(np.array([0.0, 0.0, 0.0, 1.0]), "the weight of 927 is not 0: its score is only 2 smaller than 929"),
        Mistake(np.exp(SCORES - SCORES.max()), "divide by their sum: weights add up to 1"),
        Mistake(softmax(-SCORES), "the largest score has the largest weight"),
    ]
    hint = "exp(927) overflows: subtract the largest score from all, which changes no weight, then exp(…) / sum"
    with np.errstate(over="ignore", invalid="ignore"):
        given = called(answer, SCORES, expected=what, signature=signature)
    array(given, softmax(SCORES), what=what, mistakes=mistakes, hint=hint)
    other = np.array([0.5, -1.0, 2.0])
    given = called(answer, other, expected="the weights of other scores", signature=signature)
    array(given, softmax(other), what="the weights of other scores", hint=hint)
    return "Only differences of scores count: 929 − 927 = 2, so the two weights have the ratio exp(2), about 7.4."


def context(answer: Any) -> str:
    """A function of weights (tokens,) and values (tokens, width): the context vector (width,)."""
    given_weights = softmax(SCORES)
    what, right = "the context vector of the weights and four values", given_weights @ VALUES
    mistakes = [
        Mistake(given_weights[:, None] * VALUES, "that is one weighted vector for each token: add them up"),
        Mistake(VALUES[3], "that is the value of the strongest token alone: it is a weighted mean of all"),
        Mistake(VALUES.mean(axis=0), "each value counts with its weight"),
        Mistake(right / 4, "the weights already add up to 1: do not divide by the number of tokens"),
        Mistake((given_weights[:, None] * VALUES).sum(axis=1), "add over the tokens, not over the features"),
    ]
    given = called(answer, given_weights, VALUES, expected=what, signature="context_vector(weights, values)")
    array(given, right, what=what, mistakes=mistakes, hint="a sum over tokens: weight times value; one product does it")
    return "Attention is a mean of the values, with weights that the text itself determines."


def spread(answer: Any, length: int = 256) -> str:
    """The standard deviation of the product of two vectors of independent entries of variance 1."""
    number(
        answer,
        length**0.5,
        what=f"the standard deviation of the product of two random vectors of {length} numbers",
        mistakes=[
            Mistake(length, "that is the variance: each of the products adds 1 to it"),
            Mistake(1.0, "one product of two numbers has 1; the sum of many has more"),
            Mistake(length**-0.5, "that is what the scores are multiplied by, to undo it"),
            Mistake(2 * length, "the vectors do not add up: their products do"),
        ],
        hint="the variance of a sum of independent numbers is the sum of their variances; then take the root",
        close=1e-3,
    )
    return "So scores are divided by √d: their standard deviation is then 1 for vectors of any length."


SQUARE = np.arange(16.0).reshape(4, 4) / 4


def causal(answer: Any) -> str:
    """A function of scores (tokens, tokens): the weights, without any of later tokens."""
    what, signature = "the causal weights of four tokens", "causal_weights(scores)"
    later = np.triu(np.ones((4, 4), bool), 1)
    right = softmax(np.where(later, -np.inf, SQUARE))
    cut = np.where(later, 0.0, softmax(SQUARE))
    mistakes = [
        Mistake(softmax(SQUARE), "no token is masked: a token would see the one that it has to predict"),
        Mistake(cut, "the rows no longer add up to 1: mask the scores before the softmax, not the weights after it"),
        Mistake(softmax(np.where(later, 0.0, SQUARE)), "a score of 0 still has a weight, exp(0) = 1: subtract a lot"),
        Mistake(
            softmax(np.where(later.T, -np.inf, SQUARE)),
            "that hides the past: row i is the token that attends, and may see the columns up to i",
        ),
    ]
    strict = np.where(np.tri(4, k=-1, dtype=bool), SQUARE, -1e9)
    mistakes.append(Mistake(softmax(strict), "a token may attend to itself, too"))
    hint = "np.triu(…, 1) finds the later tokens; give them a score of −1e9 before the softmax over the last axis"
    array(called(answer, SQUARE, expected=what, signature=signature), right, what=what, mistakes=mistakes, hint=hint)
    return "The first row is [1, 0, 0, 0]: the first token can only attend to itself."


HIDDEN = np.arange(24.0).reshape(3, 8)


def heads(answer: Any) -> str:
    """A function of vectors (tokens, width) and a number of heads: (heads, tokens, width / heads)."""
    what, signature = "three tokens of width 8, divided into two heads", "divided(vectors, heads)"
    right = HIDDEN.reshape(3, 2, 4).transpose(1, 0, 2)
    mistakes = [
        Mistake(HIDDEN.reshape(3, 2, 4), "heads come first: (heads, tokens, width / heads); transpose it"),
        Mistake(
            HIDDEN.reshape(2, 3, 4),
            "the shape is right, the numbers are not: reshape keeps their order, so tokens were mixed",
        ),
    ]
    hint = "reshape to (tokens, heads, width // heads), then transpose the first two axes"
    given = called(answer, HIDDEN, 2, expected=what, signature=signature)
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    given = called(answer, HIDDEN, 4, expected="the same with four heads", signature=signature)
    array(given, HIDDEN.reshape(3, 4, 2).transpose(1, 0, 2), what="the same with four heads", hint=hint)
    return "Each head has its own part of the features, and so its own weights."


def attention(answer: Any) -> str:
    """A function of queries, keys and values, (tokens, width) each: causal attention, (tokens, width)."""
    random = np.random.default_rng(5)
    queries, keys, values = random.normal(0, 1.5, (3, 5, 4))
    what = "causal attention of five tokens"
    later = np.triu(np.full((5, 5), -1e9), 1)
    products = queries @ keys.T
    right = softmax(products / 2 + later) @ values
    mistakes = [
        Mistake(softmax(products + later) @ values, "divide the scores by the root of the width"),
        Mistake(softmax(products / 4 + later) @ values, "divide by the root of the width, not by the width"),
        Mistake(softmax(products / 2) @ values, "mask the later tokens"),
        Mistake(softmax(products.T / 2 + later) @ values, "a row is a query: queries @ keys.T"),
        Mistake((products / 2 * (later == 0)) @ values, "the softmax is missing"),
        Mistake(softmax(products / 2 + later) @ keys, "the weights take a mean of the values, not of the keys"),
    ]
    given = called(answer, queries, keys, values, expected=what, signature="attention(queries, keys, values)")
    hint = "scores = queries @ keys.T / √width; mask; softmax of each row; times values"
    array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "Four lines, and the largest part of a transformer."


def parameters(answer: Any, width: int = 128, heads: int = 4) -> str:
    """The weights of multi-head attention without biases."""
    number(
        answer,
        4 * width**2,
        what=f"the weights of self-attention of width {width} with {heads} heads, without biases",
        mistakes=[
            Mistake(3 * width**2, "the heads are joined and projected once more: four matrices"),
            Mistake(width**2, "queries, keys, values and the output have a matrix each"),
            Mistake(4 * width**2 * heads, "the heads share the width: each has its part of the columns"),
            Mistake(4 * width**2 // heads, "the heads together are as wide as one: each matrix is width × width"),
            Mistake(4 * (width**2 + width), "here the layers have no biases"),
        ],
        hint="queries, keys, values and the output: a matrix of width × width each, however many heads there are",
        close=1e-9,
    )
    return "The number of heads changes what is computed, not the number of weights; nor does the length of the text."


EXERCISES: dict[str, Judge] = {
    "weights": weights,
    "context": context,
    "spread": spread,
    "causal": causal,
    "heads": heads,
    "attention": attention,
    "parameters": parameters,
}

HINTS = {
    "weights": "powers = np.exp(scores - scores.max()); powers / powers.sum()",
    "context": "weights @ values",
    "spread": "each of the products has variance 1, so the sum of d of them has variance d",
    "causal": "scores + np.triu(np.full(scores.shape, -1e9), 1), then the softmax of each row with keepdims=True",
    "heads": "vectors.reshape(len(vectors), heads, -1).transpose(1, 0, 2)",
    "attention": "causal_weights(queries @ keys.T / np.sqrt(queries.shape[1])) @ values",
    "parameters": "four matrices of width × width",
}

VARIANTS = {
    "spread": Variants(
        "two random vectors of {length} numbers",
        {"length": (16, 25, 36, 49, 64, 81, 100, 121, 144, 400, 900)},
    ),
    "parameters": Variants(
        "self-attention of width {width} with {heads} heads", {"width": (64, 96, 192, 240, 384), "heads": (2, 3, 6, 8)}
    ),
}
"""Numbers that may differ between students."""

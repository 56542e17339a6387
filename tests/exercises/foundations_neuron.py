"""Answers to the exercises from the neuron to the network."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from tests.exercises import Answers, Wrong


def sigmoid(h: Any) -> Any:
    return 1 / (1 + np.exp(-h))


def softmax(scores: Any) -> Any:
    powers = np.exp(scores - np.max(scores))
    return powers / powers.sum()


def softmax_by_loop(scores: Any) -> Any:
    powers = [math.exp(score - max(scores)) for score in scores]
    return [power / sum(powers) for power in powers]


def naive_softmax(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum()


ANSWERS = {
    "image_batch": Answers(
        right=[4, 4.0, np.int64(4), np.zeros((32, 28, 28, 1)).ndim],
        wrong=[
            Wrong(3, "a batch has one more"),
            Wrong(2, "without a channel"),
            Wrong(32, "length of the first axis"),
            Wrong(25088, "number of values"),
            Wrong((32, 28, 28, 1), "count the axes"),
        ],
    ),
    "parameters": Answers(
        right=[70, 70.0, np.array(70)],
        wrong=[
            Wrong(56, "bias"),
            Wrong(60, "output layer"),
            Wrong(72, "inputs have no bias"),
            Wrong(16, "number of units"),
            Wrong([24, 36, 10], "inputs × units"),
        ],
    ),
    "forward": Answers(
        right=[
            lambda x, W, b: sigmoid(x @ W + b),
            lambda x, W, b: np.array([[sigmoid(sum(row * W[:, i]) + b[i]) for i in range(len(b))] for row in x]),
            lambda x, W, b: keras.ops.sigmoid(keras.ops.matmul(x, W) + b),
        ],
        wrong=[
            Wrong(lambda x, W, b: x @ W + b, "apply the sigmoid"),
            Wrong(lambda x, W, b: sigmoid(x @ W), "add the bias before"),
            Wrong(lambda x, W, b: sigmoid(x @ W) + b, "not after it"),
            Wrong(lambda x, W, b: np.tanh(x @ W + b), "hyperbolic tangent"),
            Wrong(lambda x, W, b: sigmoid(-(x @ W + b)), "exponent"),
            Wrong(lambda x, W, b: sigmoid(x[0] @ W + b), "shape"),
            Wrong(lambda x, W, b: W @ x, "yourself"),
        ],
    ),
    "softmax": Answers(
        right=[
            softmax,
            softmax_by_loop,
            lambda scores: keras.ops.softmax(keras.ops.convert_to_tensor(scores, "float64")),
        ],
        wrong=[
            Wrong(lambda scores: np.array([0.51, 0.18, 0.31]), "the notes have this"),
            Wrong(lambda scores: scores / scores.sum(), "not the scores"),
            Wrong(np.exp, "add up to 1"),
            Wrong(sigmoid, "sigmoids"),
            Wrong(lambda scores: 2**scores / (2**scores).sum(), "base is e"),
            Wrong(naive_softmax, "overflows"),
            Wrong(np.array([0.545, 0.179, 0.276]), "the function itself"),
        ],
    ),
    "cross_entropy": Answers(
        right=[lambda p: -np.log(p), lambda p: -math.log(p), lambda p: math.log(1 / p)],
        wrong=[
            Wrong(np.log, "a loss is positive"),
            Wrong(lambda p: -np.log10(p), "natural logarithm"),
            Wrong(lambda p: -np.log2(p), "in bits"),
            Wrong(lambda p: p, "minus the logarithm"),
            Wrong(lambda p: 1 - p, "one minus the probability"),
            Wrong(lambda p: -np.log(1 - p), "of the true class"),
            Wrong(lambda p: -math.log(0.2), "of the true class"),
        ],
    ),
    "error_term": Answers(
        right=[
            lambda y, y_hat: y - y_hat,
            lambda y, y_hat: [a - b for a, b in zip(y, y_hat, strict=True)],
            lambda y, y_hat: -(y_hat - y),
        ],
        wrong=[
            Wrong(lambda y, y_hat: (y - y_hat) * y_hat * (1 - y_hat), "cancels"),
            Wrong(lambda y, y_hat: y_hat - y, "minus the gradient"),
            Wrong(lambda y, y_hat: (y_hat - y) * y_hat * (1 - y_hat), "the sign is the other one"),
            Wrong(lambda y, y_hat: (y - y_hat) ** 2, "squared error"),
            Wrong(lambda y, y_hat: y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat), "the loss"),
            Wrong(lambda y, y_hat: np.mean(y - y_hat), "shape"),
        ],
    ),
    "hidden_error": Answers(
        right=[
            lambda error, w, a: error * w * a * (1 - a),
            lambda error, w, a: np.dot(error, w) * (a - a**2),
            lambda error, w, a: [error * one * b * (1 - b) for one, b in zip(w, a, strict=True)],
        ],
        wrong=[
            Wrong(lambda error, w, a: error * w, "derivative of the hidden sigmoid"),
            Wrong(lambda error, w, a: error * a * (1 - a), "weight the error"),
            Wrong(lambda error, w, a: error * w * sigmoid(a) * (1 - sigmoid(a)), "already the output"),
            Wrong(lambda error, w, a: error * w * a, "not a"),
            Wrong(lambda error, w, a: w * a * (1 - a), "error term of the output"),
            Wrong(lambda error, w, a: (error * w * a * (1 - a)).sum(), "shape"),
        ],
    ),
    "gradient_descent": Answers(
        right=[4.28, np.float64(4.28), np.array([4.28])],
        wrong=[
            Wrong(4.6, "after one step"),
            Wrong(4.2, "the second step is shorter"),
            Wrong(5.88, "subtract"),
            Wrong(4.62, "factor 2"),
            Wrong(1.6384, "give w"),
            Wrong(3.0, "slope is 2"),
        ],
    ),
}

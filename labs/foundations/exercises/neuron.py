"""The exercises of the notebook from the neuron to the network; several of them find an error of the course notes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from utils.teaching.answers import Judge, Mistake, array, called, number

SCORES = np.array([1.66, 0.55, 0.98])


def _sigmoid(h: Any) -> Any:
    return 1 / (1 + np.exp(-h))


def image_batch(answer: Any) -> str:
    """The rank of a tensor with a batch of grey images."""
    number(
        answer,
        4,
        what="the rank (number of axes) of a batch of 32 images of 28 × 28 pixels with one channel",
        mistakes=[
            Mistake(3, "a single image has three axes; a batch has one more, the first"),
            Mistake(2, "two axes are one grey image without a channel, or a batch of rows of a table"),
            Mistake(32, "that is the length of the first axis, not the number of axes"),
            Mistake(32 * 28 * 28, "that is the number of values, not the number of axes"),
        ],
        hint="count the axes: image, row, column, channel",
        close=1e-9,
    )
    return "An image batch is four-dimensional: (images, height, width, channels). Notes that say 3-D mean one image."


def parameters(answer: Any) -> str:
    """The parameters of the network 2-8-4-2."""
    right = 2 * 8 + 8 + 8 * 4 + 4 + 4 * 2 + 2
    number(
        answer,
        right,
        what="the parameters of a network with 2 inputs, layers of 8 and 4, and 2 outputs",
        mistakes=[
            Mistake(2 * 8 + 8 * 4 + 4 * 2, "each unit also has a bias"),
            Mistake(right - 10, "the output layer also has weights and biases"),
            Mistake(right + 2, "the inputs have no bias: they are not computed"),
            Mistake(2 + 8 + 4 + 2, "that is the number of units; count the connections between layers and the biases"),
        ],
        hint="a dense layer has inputs × units weights and one bias per unit",
        close=1e-9,
    )
    return "Most parameters are where two wide layers meet: 32 of the 70 here connect 8 units with 4."


def forward(answer: Any) -> str:
    """A function of x (rows, inputs), W (inputs, units) and b (units,): the outputs of a dense layer with a sigmoid."""
    random = np.random.default_rng(2)
    x, weights, bias = random.normal(0, 1, (3, 2)), random.normal(0, 1, (2, 4)), random.normal(0, 1, 4)
    what = "the outputs of a dense layer with a sigmoid for three rows"
    mistakes = [
        Mistake(x @ weights + bias, "these are the weighted inputs: apply the sigmoid to them"),
        Mistake(_sigmoid(x @ weights), "add the bias before the sigmoid"),
        Mistake(_sigmoid(x @ weights) + bias, "add the bias before the sigmoid, not after it"),
        Mistake(np.tanh(x @ weights + bias), "that is the hyperbolic tangent; the sigmoid is 1 / (1 + exp(−h))"),
        Mistake(_sigmoid(-(x @ weights + bias)), "the exponent of the sigmoid is −h"),
    ]
    given = called(answer, x, weights, bias, expected=what, signature="forward(x, W, b)")
    array(
        given, _sigmoid(x @ weights + bias), what=what, mistakes=mistakes, hint="h = x @ W + b, then the sigmoid of h"
    )
    return "One product of matrices computes the layer for all rows: this is why a batch is faster than its rows."


def softmax(answer: Any) -> str:
    """A function of scores (classes,): their softmax. The notes have [.51, .18, .31] for [1.66, .55, .98]."""
    what = "the softmax of [1.66, 0.55, 0.98]"
    powers = np.exp(SCORES)
    mistakes = [
        Mistake(np.array([0.51, 0.18, 0.31]), "the notes have this, but exp(1.66) / (sum of the powers) is not 0.51"),
        Mistake(SCORES / SCORES.sum(), "divide the exponentials of the scores, not the scores"),
        Mistake(powers, "divide by the sum of the exponentials, so that they add up to 1"),
        Mistake(_sigmoid(SCORES), "sigmoids do not add up to 1"),
        Mistake(2**SCORES / (2**SCORES).sum(), "the base is e: use np.exp"),
    ]
    given = called(answer, SCORES, expected=what, signature="softmax(scores)")
    array(given, powers / powers.sum(), what=what, mistakes=mistakes, hint="exp(score) / sum of exp(scores)")
    large = np.array([1000.0, 1001.0])
    given = called(answer, large, expected="the softmax of [1000, 1001]", signature="softmax(scores)")
    right = np.array([_sigmoid(-1.0), _sigmoid(1.0)])
    array(
        given, right, what="the softmax of [1000, 1001]", hint="exp(1000) overflows: first subtract the largest score"
    )
    return "The softmax is [.545, .179, .276]. The notes' [.51, .18, .31] adds up to 1 too: a sum alone proves nothing."


def cross_entropy(answer: Any) -> str:
    """A function of the probability of the true class: the cross-entropy in nat."""
    what = "the cross-entropy (nat) of a row whose true class has the probability 0.2"
    right = -math.log(0.2)
    mistakes = [
        Mistake(-right, "a loss is positive: it is minus the logarithm of the probability"),
        Mistake(-math.log10(0.2), "use the natural logarithm"),
        Mistake(-math.log2(0.2), "that is in bits; use the natural logarithm"),
        Mistake(0.2, "take minus the logarithm of the probability"),
        Mistake(0.8, "that is one minus the probability; take minus its logarithm"),
        Mistake(-math.log(0.8), "take the probability of the true class, not of the others"),
    ]
    hint = "−log(probability of the true class)"
    given = called(answer, 0.2, expected=what, signature="cross_entropy(probability)")
    number(given, right, what=what, mistakes=mistakes, hint=hint)
    given = called(answer, 0.9, expected="that of 0.9", signature="cross_entropy(probability)")
    number(given, -math.log(0.9), what="the cross-entropy of the probability 0.9", hint=hint)
    return "Cross-entropy is minus the logarithm of a probability: 0 for a certain and right prediction, else positive."


def error_term(answer: Any) -> str:
    """A function of y and ŷ: the error term of cross-entropy with a sigmoid, as the course defines it."""
    y, guess = np.array([1.0, 0.0, 1.0]), np.array([0.8, 0.3, 0.01])
    what = "the error terms for y = [1, 0, 1] and ŷ = [0.8, 0.3, 0.01]"
    slopes = guess * (1 - guess)
    mistakes = [
        Mistake((y - guess) * slopes, "σ′(h) cancels in the derivative of cross-entropy: it belongs to squared error"),
        Mistake(guess - y, "the course adds learning rate × error term × x to the weights: it is minus the gradient"),
        Mistake(
            (guess - y) * slopes, "σ′(h) cancels in the derivative of cross-entropy, and the sign is the other one"
        ),
        Mistake((y - guess) ** 2, "that is the squared error, not its derivative"),
        Mistake(y * np.log(guess) + (1 - y) * np.log(1 - guess), "that is the loss, not its derivative"),
    ]
    given = called(answer, y, guess, expected=what, signature="error_term(y, y_hat)")
    array(given, y - guess, what=what, mistakes=mistakes, hint="derive y log σ(h) + (1 − y) log(1 − σ(h)) by h")
    return "A row that is wrong and certain (ŷ = 0.01) gets the largest step; with σ′(h) it would hardly get any."


def hidden_error(answer: Any) -> str:
    """A function of the output's error term, the weights to it and the hidden outputs: the hidden error terms."""
    weights, outputs = np.array([0.3, -0.1]), np.array([0.45, 0.6])
    what = "the error terms of two hidden sigmoid units"
    right = 0.3 * weights * outputs * (1 - outputs)
    mistakes = [
        Mistake(0.3 * weights, "multiply by the derivative of the hidden sigmoid, a(1 − a)"),
        Mistake(0.3 * outputs * (1 - outputs), "weight the error by the connection to the output"),
        Mistake(0.3 * weights * _sigmoid(outputs) * (1 - _sigmoid(outputs)), "a is already the output of the sigmoid"),
        Mistake(0.3 * weights * outputs, "the derivative of the sigmoid is a(1 − a), not a"),
        Mistake(weights * outputs * (1 - outputs), "multiply by the error term of the output"),
    ]
    given = called(answer, 0.3, weights, outputs, expected=what, signature="hidden_error(error, w, a)")
    array(given, right, what=what, mistakes=mistakes, hint="error × w × a(1 − a): the chain rule, factor by factor")
    return "Back-propagation is the chain rule: a unit is to blame by the weight with which it reached the output."


def gradient_descent(answer: Any) -> str:
    """w after two steps down J(w) = (w − 3)² from w = 5 with rate 0.1."""
    number(
        answer,
        4.28,
        what="w after two steps down J(w) = (w − 3)² from w = 5 with learning rate 0.1",
        mistakes=[
            Mistake(4.6, "that is w after one step"),
            Mistake(4.2, "the slope is taken again at the new w: the second step is shorter"),
            Mistake(5.88, "subtract the slope: w ← w − 0.1 · 2(w − 3)"),
            Mistake(4.62, "the slope of (w − 3)² has the factor 2"),
            Mistake(1.6384, "that is J at this w; give w"),
        ],
        hint="the slope is 2(w − 3); w ← w − 0.1 · slope, twice",
    )
    return "The steps get shorter by themselves, as the slope does: w = 5, 4.6, 4.28 and J = 4, 2.56, 1.64."


EXERCISES: dict[str, Judge] = {
    "image_batch": image_batch,
    "parameters": parameters,
    "forward": forward,
    "softmax": softmax,
    "cross_entropy": cross_entropy,
    "error_term": error_term,
    "hidden_error": hidden_error,
    "gradient_descent": gradient_descent,
}

HINTS = {
    "image_batch": "a batch has the shape (images, height, width, channels), also with one channel",
    "parameters": "2 · 8 + 8 weights and biases, then 8 · 4 + 4, then 4 · 2 + 2; add them",
    "forward": "h = x @ W + b; return 1 / (1 + np.exp(-h))",
    "softmax": "powers = np.exp(scores - scores.max()); return powers / powers.sum()",
    "cross_entropy": "-np.log(probability)",
    "error_term": "the factor ŷ(1 − ŷ) of the sigmoid cancels with the denominators of the loss: y − ŷ is left",
    "hidden_error": "error * weights * hidden * (1 - hidden)",
    "gradient_descent": "w = 5 − 0.1 · 2 · (5 − 3) after the first step; repeat it with the new w",
}

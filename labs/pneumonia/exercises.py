"""The exercises of the notebook on pneumonia."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number

FILM = np.array(
    [
        [0.0, 3.0, 1.0, 4.0, 2.0, 9.0],
        [5.0, 2.0, 6.0, 0.0, 7.0, 1.0],
        [1.0, 8.0, 2.0, 3.0, 5.0, 4.0],
        [7.0, 0.0, 4.0, 6.0, 1.0, 3.0],
        [2.0, 5.0, 9.0, 1.0, 8.0, 0.0],
    ]
)
KERNEL = np.array([[1.0, 0.0, -2.0], [3.0, 1.0, -1.0], [0.0, 2.0, -1.0]])


def convolve(answer: Any) -> str:
    """A function of a film, (height, width), and a kernel, (F, F): the kernel's response at every place it fits."""
    signature = "convolve(film, kernel)"
    hint = "at (row, column): the sum of film[row : row + F, column : column + F] * kernel"
    for film, kernel in ((FILM, KERNEL), (FILM[:4], KERNEL[1:, 1:])):
        size = len(kernel)
        right = _slid(film, kernel)
        before = (size - 1) // 2
        padded = _slid(np.pad(film, (before, size - 1 - before)), kernel)
        mistakes = [
            Mistake(_slid(film, kernel[::-1, ::-1]), "the kernel is not turned round: networks lay it on as it is"),
            Mistake(_slid(film, kernel.T), "rows and columns of the kernel have changed places"),
            Mistake(padded, "there is no padding here: keep only the places where the whole kernel lies on the film"),
            Mistake(right / size**2, "take the sum of the products, not their mean"),
            Mistake(np.maximum(right, 0), "that is the ReLU of it, which comes after the convolution"),
            Mistake(right[::size, ::size], "move the kernel by one pixel at a time, not by its own width"),
            Mistake(right[:-1, :-1], "the last row and column of places are missing: the range ends at H − F + 1"),
        ]
        what = f"the response of a kernel of {size} × {size} at each place of a film of {film.shape[0]} × 6"
        given = called(answer, film, kernel, expected=what, signature=signature)
        array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "Every place of the film is looked at with the same few weights: that is all a convolution is."


def _slid(film: Array, kernel: Array) -> Array:
    """The kernel laid on at every place where it fits: (height − F + 1, width − F + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(film, kernel.shape)
    return np.asarray((windows * kernel).sum(axis=(2, 3)))


def side(answer: Any) -> str:
    """A function of width, kernel, padding and stride: the side of what a convolution gives."""
    signature = "side(width, kernel, padding, stride)"
    hint = "(W − F + 2P) / S, rounded down, and 1 more"
    for width, kernel, padding, stride in ((67, 9, 6, 3), (64, 5, 0, 3), (32, 3, 1, 1)):
        span = width - kernel + 2 * padding
        right = span // stride + 1
        what = f"the side for W = {width}, F = {kernel}, P = {padding}, S = {stride}"
        mistakes = [
            Mistake(span / stride + 1, "a place where the kernel hangs over the edge does not count: round down"),
            Mistake(-(-span // stride) + 1, "a place where the kernel hangs over the edge does not count: round down"),
            Mistake(span // stride, "the first place counts too: after all the steps there is 1 place more"),
            Mistake((span - padding) // stride + 1, "the padding stands on both sides: 2P"),
            Mistake((span - 2 * padding) // stride + 1, "the padding makes the film wider: add 2P"),
            Mistake((span + kernel) // stride + 1, "the kernel must fit: take its width off the film's"),
            Mistake(span + 1, "with a stride of S there is only one place in S"),
        ]
        given = called(answer, width, kernel, padding, stride, expected=what, signature=signature)
        number(given, right, what=what, mistakes=mistakes, hint=hint, close=1e-9)
    return "Poolings obey the same formula; a stride of 2 halves the side, and the work falls to a quarter."


def parameters(answer: Any) -> str:
    """The parameters of a convolution of 16 filters of 5 × 5 over 8 channels, with biases."""
    number(
        answer,
        16 * 5**2 * 8 + 16,
        what="the parameters of 16 filters of 5 × 5 over 8 channels",
        mistakes=[
            Mistake(16 * 5**2 * 8, "each filter has a bias too"),
            Mistake(16 * 5**2 + 16, "a filter looks at all channels that come in: it has 5 × 5 weights for each"),
            Mistake(16 * 5 * 8 + 16, "the kernel is a square: F² weights for each channel"),
            Mistake(16 * 5**2 * 8 + 8, "the biases belong to the filters that look, not to the channels that come in"),
            Mistake(16 * 5**2 * 8 + 16 * 8, "a filter has one bias, not one for each channel"),
            Mistake(5**2 * 8 + 1, "that is one filter: there are sixteen of them"),
        ],
        hint="K·F²·D + K, with K filters of F × F over D channels",
        close=1e-9,
    )
    return "The size of the film is not in the formula: the same weights serve at every place."


TRUTH = np.array([1, 1, 1, 1, 1, 0, 0, 0])
PROBABILITY = np.array([0.9, 0.6, 0.5, 0.3, 0.8, 0.5, 0.2, 0.7])


def rates(answer: Any) -> str:
    """A function of truth and probability, (films,) each, and a threshold: (sensitivity, specificity)."""
    signature = "rates(truth, probability, threshold)"
    hint = "sensitivity: of the sick, the share that is called sick; specificity: of the healthy, the share that is not"
    what = "(sensitivity, specificity) of five sick and three healthy at the threshold 0.5"
    mistakes = [
        Mistake([3 / 5, 2 / 3], "a film at the threshold itself is called sick: use >="),
        Mistake([4 / 5, 2 / 3], "the second is the share of false alarms: specificity is 1 minus that"),
        Mistake([1 / 5, 1 / 3], "the first is the share of missed patients: sensitivity is 1 minus that"),
        Mistake([4 / 6, 1 / 3], "the first is the precision: divide by all who are sick, not by all who are called so"),
        Mistake([4 / 5, 1 / 2], "the second divides by all who are called healthy: divide by all who are healthy"),
        Mistake([4 / 8, 1 / 8], "divide by the sick, or by the healthy, not by all films"),
        Mistake([4, 1], "those are counts: divide by the number of the sick, and of the healthy"),
        Mistake([1 / 3, 4 / 5], "return the sensitivity first, then the specificity"),
    ]
    given = called(answer, TRUTH, PROBABILITY, 0.5, expected=what, signature=signature)
    array(_pair(given), np.array([4 / 5, 1 / 3]), what=what, mistakes=mistakes, hint=hint)
    for threshold, right in ((0.75, [2 / 5, 1.0]), (0.1, [1.0, 0.0])):
        what = f"(sensitivity, specificity) at the threshold {threshold}"
        given = called(answer, TRUTH, PROBABILITY, threshold, expected=what, signature=signature)
        array(_pair(given), np.array(right), what=what, hint=f"use the threshold that is given; {hint}")
    return "Neither depends on how many of the films are sick; the precision does."


def _pair(given: Any) -> Any:
    """Two numbers, also where each is an array of one."""
    if isinstance(given, tuple | list | np.ndarray) and len(given) == 2 and all(np.size(one) == 1 for one in given):
        return [np.asarray(one).reshape(()) for one in given]
    raise NotYetError("the pair (sensitivity, specificity)", type(given).__name__, "return sensitivity, specificity")


SICK = (0.2, 0.4, 0.75, 0.8, 0.85, 0.95)
HEALTHY = (0.05, 0.12, 0.15, 0.22, 0.25, 0.28, 0.35, 0.45, 0.55, 0.88)
CHOICES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def cheapest(answer: Any) -> str:
    """A function of truth, probability, thresholds and the costs of a missed patient and a false alarm."""
    signature = "cheapest(truth, probability, thresholds, missed, alarm)"
    hint = "missed × (sick films under the threshold) + alarm × (healthy films at or over it); then the smallest"
    truth = np.array([1] * len(SICK) + [0] * len(HEALTHY))
    probability = np.array([*SICK, *HEALTHY])
    what = "the cheapest of the thresholds 0.1, 0.3, 0.5, 0.7, 0.9 where a missed patient costs 4 and an alarm 1"
    mistakes: Sequence[Mistake] = [
        Mistake(0.9, "that is cheapest where an alarm costs 4 and a missed patient 1: have the two changed places?"),
        Mistake(0.7, "that is where the errors are fewest, each counted alike: weigh them by what they cost"),
        Mistake(0.1, "weigh the numbers of films: 1 more alarm may be worth it, but not 5 more"),
        Mistake(8, "that is the smallest cost: return the threshold that has it"),
        Mistake(1, "that is the place of the threshold in the array: return the threshold itself"),
    ]
    given = called(answer, truth, probability, CHOICES, 4, 1, expected=what, signature=signature)
    number(given, 0.3, what=what, mistakes=mistakes, hint=hint)
    for missed, alarm, right in ((1, 1, 0.7), (1, 4, 0.9), (40, 1, 0.1)):
        what = f"the cheapest threshold where a missed patient costs {missed} and an alarm {alarm}"
        given = called(answer, truth, probability, CHOICES, missed, alarm, expected=what, signature=signature)
        number(given, right, what=what, hint=f"use the costs that are given: {hint}")
    return "The network has not changed, and the answer has: what an error costs is for people to say."


EXERCISES: dict[str, Judge] = {
    "convolve": convolve,
    "side": side,
    "parameters": parameters,
    "rates": rates,
    "cheapest": cheapest,
}

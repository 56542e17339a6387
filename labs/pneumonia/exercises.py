"""The exercises of the notebook on pneumonia."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number
from utils.teaching.variants import Variants

IMAGE = np.array(
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
    """A function of an image, (height, width), and a kernel, (F, F): the response at every position where it fits."""
    signature = "convolve(image, kernel)"
    hint = "at (row, column): the sum of image[row : row + F, column : column + F] * kernel"
    for image, kernel in ((IMAGE, KERNEL), (IMAGE[:4], KERNEL[1:, 1:])):
        size = len(kernel)
        right = _slid(image, kernel)
        before = (size - 1) // 2
        padded = _slid(np.pad(image, (before, size - 1 - before)), kernel)
        mistakes = [
            Mistake(
                _slid(image, kernel[::-1, ::-1]), "the kernel is not flipped: networks compute a cross-correlation"
            ),
            Mistake(_slid(image, kernel.T), "the rows and columns of the kernel are swapped"),
            Mistake(padded, "there is no padding here: keep only the positions where the whole kernel fits"),
            Mistake(right / size**2, "take the sum of the products, not their mean"),
            Mistake(np.maximum(right, 0), "that is its ReLU, which comes after the convolution"),
            Mistake(right[::size, ::size], "move the kernel by one pixel at a time, not by its own width"),
            Mistake(right[:-1, :-1], "the last row and column are missing: the range ends at H − F + 1"),
        ]
        what = f"the response of a kernel of {size} × {size} at each position of an image of {image.shape[0]} × 6"
        given = called(answer, image, kernel, expected=what, signature=signature)
        array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "A convolution applies the same few weights at every position of the image."


def _slid(image: Array, kernel: Array) -> Array:
    """The response at every position where the kernel fits: (height − F + 1, width − F + 1)."""
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.asarray((windows * kernel).sum(axis=(2, 3)))


def filtered(answer: Any) -> str:
    """A function of an image and a kernel with odd sides: the convolution at every pixel, with extended borders."""
    signature = "filtered(image, kernel)"
    hint = "turn the kernel by 180°, repeat the edge pixels beyond the edges, then take the sum of products per pixel"
    flipped = KERNEL[::-1, ::-1]
    for image in (IMAGE, IMAGE[:4]):
        extended = np.pad(image, 1, mode="edge")
        right = _slid(extended, flipped)
        mistakes = [
            Mistake(_slid(extended, KERNEL), "that is the cross-correlation: a convolution flips the kernel"),
            Mistake(_slid(extended, KERNEL[::-1]), "flip the columns of the kernel too: it is turned by 180°"),
            Mistake(_slid(extended, KERNEL[:, ::-1]), "flip the rows of the kernel too: it is turned by 180°"),
            Mistake(_slid(extended, KERNEL.T), "that is the transposed kernel: turn it by 180°"),
            Mistake(_slid(np.pad(image, 1), flipped), "that pads with zeros: repeat the edge pixels (mode='edge')"),
            Mistake(_slid(image, flipped), "that crops: the response has the size of the image"),
            *(
                Mistake(
                    _slid(np.pad(image, 1, mode=mode), flipped), f"that is another border ({mode}): repeat the edge"
                )
                for mode in ("reflect", "wrap")
            ),
        ]
        what = f"the convolution of an image of {image.shape[0]} × {image.shape[1]}, with extended borders"
        given = called(answer, image, KERNEL, expected=what, signature=signature)
        array(given, right, what=what, mistakes=mistakes, hint=hint)
    return "Networks learn their kernels, so they need no flip; signal processing defines the convolution with it."


def side(answer: Any) -> str:
    """A function of width, kernel, padding and stride: the side of the output of a convolution."""
    signature = "side(width, kernel, padding, stride)"
    hint = "(W − F + 2P) / S, rounded down, plus 1"
    for width, kernel, padding, stride in ((67, 9, 6, 3), (64, 5, 0, 3), (32, 3, 1, 1)):
        span = width - kernel + 2 * padding
        right = span // stride + 1
        what = f"the side for W = {width}, F = {kernel}, P = {padding}, S = {stride}"
        mistakes = [
            Mistake(span / stride + 1, "a position where the kernel exceeds the edge does not count: round down"),
            Mistake(-(-span // stride) + 1, "a position where the kernel exceeds the edge does not count: round down"),
            Mistake(span // stride, "the first position counts too: there is 1 more position than steps"),
            Mistake((span - padding) // stride + 1, "the padding is on both sides: 2P"),
            Mistake((span - 2 * padding) // stride + 1, "the padding makes the image wider: add 2P"),
            Mistake((span + kernel) // stride + 1, "the kernel must fit: subtract its width"),
            Mistake(span + 1, "a stride of S keeps only one position in S"),
        ]
        given = called(answer, width, kernel, padding, stride, expected=what, signature=signature)
        number(given, right, what=what, mistakes=mistakes, hint=hint, close=1e-9)
    return "The formula holds for pooling too; a stride of 2 halves the side and quarters the work."


def parameters(answer: Any, filters: int = 16, size: int = 5, channels: int = 8) -> str:
    """The parameters of a convolution of square filters over some channels, with biases."""
    weights = size**2 * channels
    square = f"{size} × {size}"
    number(
        answer,
        filters * weights + filters,
        what=f"the parameters of {filters} filters of {square} over {channels} channels",
        mistakes=[
            Mistake(filters * weights, "each filter has a bias too"),
            Mistake(
                filters * size**2 + filters,
                f"a filter covers all channels of its input: it has {square} weights for each",
            ),
            Mistake(filters * size * channels + filters, "the kernel is a square: F² weights for each channel"),
            Mistake(filters * weights + channels, "each filter has a bias, not each input channel"),
            Mistake(filters * weights + filters * channels, "a filter has one bias, not one for each channel"),
            Mistake(weights + 1, f"that is one filter: there are {filters} of them"),
        ],
        hint="K·F²·D + K, with K filters of F × F over D channels",
        close=1e-9,
    )
    return "The formula does not contain the size of the image: the weights are shared by all positions."


TRUTH = np.array([1, 1, 1, 1, 1, 0, 0, 0])
PROBABILITY = np.array([0.9, 0.6, 0.5, 0.3, 0.8, 0.5, 0.2, 0.7])


def rates(answer: Any) -> str:
    """A function of truth and probability, (images,) each, and a threshold: (sensitivity, specificity)."""
    signature = "rates(truth, probability, threshold)"
    hint = (
        "sensitivity: fraction of the sick predicted positive; specificity: fraction of the healthy predicted negative"
    )
    what = "(sensitivity, specificity) of five sick and three healthy at the threshold 0.5"
    mistakes = [
        Mistake([3 / 5, 2 / 3], "a probability equal to the threshold is positive: use >="),
        Mistake([4 / 5, 2 / 3], "the second is the false positive rate: specificity is 1 minus that"),
        Mistake([1 / 5, 1 / 3], "the first is the fraction of missed patients: sensitivity is 1 minus that"),
        Mistake(
            [4 / 6, 1 / 3], "the first is the precision: divide by all who are sick, not by the predicted positives"
        ),
        Mistake([4 / 5, 1 / 2], "the second divides by the predicted negatives: divide by all who are healthy"),
        Mistake([4 / 8, 1 / 8], "divide by the number of the sick, or of the healthy, not by all images"),
        Mistake([4, 1], "those are counts: divide by the number of the sick, and of the healthy"),
        Mistake([1 / 3, 4 / 5], "return the sensitivity first, then the specificity"),
    ]
    given = called(answer, TRUTH, PROBABILITY, 0.5, expected=what, signature=signature)
    array(_pair(given), np.array([4 / 5, 1 / 3]), what=what, mistakes=mistakes, hint=hint)
    for threshold, right in ((0.75, [2 / 5, 1.0]), (0.1, [1.0, 0.0])):
        what = f"(sensitivity, specificity) at the threshold {threshold}"
        given = called(answer, TRUTH, PROBABILITY, threshold, expected=what, signature=signature)
        array(_pair(given), np.array(right), what=what, hint=f"use the given threshold; {hint}")
    return "Neither depends on the fraction of sick patients; the precision does."


def _pair(given: Any, what: str = "(sensitivity, specificity)") -> Any:
    """Two numbers; each may be an array of one value."""
    if isinstance(given, tuple | list | np.ndarray) and len(given) == 2 and all(np.size(one) == 1 for one in given):
        return [np.asarray(one).reshape(()) for one in given]
    raise NotYetError(f"the pair {what}", type(given).__name__, f"return {what.strip('()')}")


def error_types(answer: Any) -> str:
    """A function of truth and prediction, (rows,) of 0 and 1 each: the numbers of (type 1 errors, type 2 errors)."""
    signature = "error_types(truth, predicted)"
    hint = "type 1: healthy, but predicted sick (false positive); type 2: sick, but predicted healthy (false negative)"
    what = "(type 1 errors, type 2 errors) of seven sick and ten healthy"
    # True positives, false negatives, false positives, true negatives: all four counts differ.
    truth = np.repeat([1, 1, 0, 0], [5, 2, 3, 7])
    predicted = np.repeat([1, 0, 1, 0], [5, 2, 3, 7])
    mistakes = [
        Mistake([3, 7], "the second are true negatives: healthy and predicted healthy, which is no error at all"),
        Mistake([2, 3], "the two are swapped: a false alarm is a type 1 error, a missed patient a type 2 error"),
        Mistake([5, 2], "the first are true positives: sick and predicted sick, which is no error"),
        Mistake([5, 7], "those are the correct predictions: count the errors"),
        Mistake([3 / 10, 2 / 7], "those are rates: count the rows"),
        Mistake([3 / 17, 2 / 17], "those are fractions of all rows: count the rows"),
        Mistake([8, 9], "those are the predicted positives and negatives: count only the wrong ones"),
    ]
    given = called(answer, truth, predicted, expected=what, signature=signature)
    array(_pair(given, "(type 1 errors, type 2 errors)"), np.array([3, 2]), what=what, mistakes=mistakes, hint=hint)
    for predicted, right in ((np.ones(17, int), [10, 0]), (np.zeros(17, int), [0, 7])):
        what = f"(type 1 errors, type 2 errors) if all are predicted {'sick' if predicted[0] else 'healthy'}"
        given = called(answer, truth, predicted, expected=what, signature=signature)
        array(_pair(given, "(type 1 errors, type 2 errors)"), np.array(right), what=what, hint=hint)
    return "The null hypothesis is that the patient is healthy: type 1 rejects it wrongly, type 2 keeps it wrongly."


def roc_point(answer: Any) -> str:
    """A function of truth, probability and threshold: the point (x, y) of the ROC curve in the usual convention."""
    signature = "roc_point(truth, probability, threshold)"
    hint = "x: fraction of the healthy that are predicted positive; y: fraction of the sick that are predicted positive"
    what = "the point (x, y) of the ROC curve at the threshold 0.5"
    mistakes = [
        Mistake([4 / 5, 2 / 3], "the axes are swapped: the false positive rate goes to the right, sensitivity upwards"),
        Mistake([1 / 3, 4 / 5], "x is the specificity: that is the other convention, mirrored; take 1 minus it"),
        Mistake([4 / 5, 1 / 3], "that is sensitivity and specificity: x is 1 minus the specificity, y the sensitivity"),
        Mistake([2 / 3, 1 / 5], "y is the fraction of missed patients: the sensitivity is 1 minus that"),
        Mistake([2 / 6, 4 / 5], "x divides by the predicted positives: divide by all who are healthy"),
        Mistake([2 / 3, 4 / 6], "y is the precision: divide by all who are sick"),
        Mistake([2 / 3, 3 / 5], "a probability equal to the threshold is positive: use >="),
        Mistake([1 / 3, 3 / 5], "a probability equal to the threshold is positive: use >="),
        Mistake([2, 4], "those are counts: divide by the number of the healthy, and of the sick"),
    ]
    given = called(answer, TRUTH, PROBABILITY, 0.5, expected=what, signature=signature)
    array(_pair(given, "(x, y)"), np.array([2 / 3, 4 / 5]), what=what, mistakes=mistakes, hint=hint)
    for threshold, right in ((0.75, [0.0, 2 / 5]), (0.1, [1.0, 1.0])):
        what = f"the point (x, y) of the ROC curve at the threshold {threshold}"
        given = called(answer, TRUTH, PROBABILITY, threshold, expected=what, signature=signature)
        array(_pair(given, "(x, y)"), np.array(right), what=what, hint=f"use the given threshold; {hint}")
    return "From the threshold 1 down to 0 the point moves from the lower left to the upper right corner."


SICK = (0.2, 0.4, 0.75, 0.8, 0.85, 0.95)
HEALTHY = (0.05, 0.12, 0.15, 0.22, 0.25, 0.28, 0.35, 0.45, 0.55, 0.88)
CHOICES = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def cheapest(answer: Any) -> str:
    """A function of truth, probability, thresholds and the costs of a missed patient and a false alarm."""
    signature = "cheapest(truth, probability, thresholds, missed, alarm)"
    hint = "missed × (sick below the threshold) + alarm × (healthy at or above it); then the smallest"
    truth = np.array([1] * len(SICK) + [0] * len(HEALTHY))
    probability = np.array([*SICK, *HEALTHY])
    what = "the cheapest of the thresholds 0.1, 0.3, 0.5, 0.7, 0.9 if a missed patient costs 4 and a false alarm 1"
    mistakes: Sequence[Mistake] = [
        Mistake(0.9, "that is cheapest if a false alarm costs 4 and a missed patient 1: did you swap the two?"),
        Mistake(0.7, "that threshold has the fewest errors: weight them by their costs"),
        Mistake(0.1, "multiply the costs by numbers of patients, not by rates"),
        Mistake(8, "that is the smallest cost: return its threshold"),
        Mistake(1, "that is the index of the threshold: return the threshold itself"),
    ]
    given = called(answer, truth, probability, CHOICES, 4, 1, expected=what, signature=signature)
    number(given, 0.3, what=what, mistakes=mistakes, hint=hint)
    for missed, alarm, right in ((1, 1, 0.7), (1, 4, 0.9), (40, 1, 0.1)):
        what = f"the cheapest threshold if a missed patient costs {missed} and a false alarm {alarm}"
        given = called(answer, truth, probability, CHOICES, missed, alarm, expected=what, signature=signature)
        number(given, right, what=what, hint=f"use the given costs: {hint}")
    return "The network is the same, but the decision differs: the costs of errors are for people to set."


EXERCISES: dict[str, Judge] = {
    "convolve": convolve,
    "filtered": filtered,
    "side": side,
    "parameters": parameters,
    "rates": rates,
    "roc_point": roc_point,
    "error_types": error_types,
    "cheapest": cheapest,
}

HINTS = {
    "convolve": "two loops, over rows and columns, fill an array of zeros of shape (H − F + 1, W − F + 1) with np.sum",
    "filtered": "flip the kernel with kernel[::-1, ::-1], pad the image by half of its sides with "
    "np.pad(…, mode='edge'), then convolve as before",
    "error_types": "np.sum((prediction == 1) & (truth == 0)) false positives are of type 1, and "
    "np.sum((prediction == 0) & (truth == 1)) false negatives of type 2",
    "roc_point": "x is the rate of false positives among the rows where truth is 0, y the sensitivity: the rate of "
    "called rows where truth is 1",
    "side": "(width - kernel + 2 * padding) // stride + 1",
    "parameters": "one filter has F × F × D weights and one bias; multiply by the number of filters",
    "rates": "called = probability >= threshold; take the mean of called where truth is 1, and of ~called where 0",
    "cheapest": "for each threshold count np.sum(~called & (truth == 1)) and np.sum(called & (truth == 0)), and weight "
    "them by their costs; return thresholds[np.argmin(costs)]",
}

VARIANTS = {
    "parameters": Variants(
        "{filters} filters of {size} × {size} over {channels} channels",
        {"filters": (10, 12, 24, 32, 48), "size": (3, 7, 9), "channels": (4, 6, 12, 20)},
    )
}

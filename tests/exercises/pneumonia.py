"""Answers to the exercises on pneumonia."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import cv2
import keras
import numpy as np
from scipy import ndimage
from scipy.signal import convolve2d, correlate2d

from tests.exercises import Answers, Wrong


def by_loops(film: Any, kernel: Any) -> Any:
    size = len(kernel)
    return [
        [(film[row : row + size, column : column + size] * kernel).sum() for column in range(film.shape[1] - size + 1)]
        for row in range(film.shape[0] - size + 1)
    ]


def by_windows(film: Any, kernel: Any) -> Any:
    return np.einsum("ijkl,kl->ij", np.lib.stride_tricks.sliding_window_view(film, kernel.shape), kernel)


def by_shifts(film: Any, kernel: Any) -> Any:
    size = len(kernel)
    height, width = film.shape[0] - size + 1, film.shape[1] - size + 1
    shifted = (kernel[i, j] * film[i : i + height, j : j + width] for i in range(size) for j in range(size))
    return sum(shifted)


def by_keras(film: Any, kernel: Any) -> Any:
    return keras.ops.conv(film[None, :, :, None].astype("float32"), kernel[:, :, None, None].astype("float32"))[
        0, :, :, 0
    ]


def always_three(film: Any, kernel: Any) -> Any:
    return by_loops(film, np.pad(kernel, (0, 3 - len(kernel))))


def rates(truth: Any, probability: Any, threshold: Any) -> Any:
    called = probability >= threshold
    return called[truth == 1].mean(), (~called)[truth == 0].mean()


def rates_by_counting(truth: Any, probability: Any, threshold: Any) -> Any:
    pairs = list(zip(truth, probability, strict=True))
    found = sum(1 for sick, chance in pairs if sick and chance >= threshold)
    left = sum(1 for sick, chance in pairs if not sick and chance < threshold)
    return [found / sum(truth), left / (len(truth) - sum(truth))]


def rates_by_products(truth: Any, probability: Any, threshold: Any) -> Any:
    called = (probability >= threshold).astype(int)
    return np.array([(called * truth).sum() / truth.sum(), ((1 - called) * (1 - truth)).sum() / (1 - truth).sum()])


def cost(truth: Any, probability: Any, threshold: Any, missed: Any, alarm: Any) -> Any:
    called = probability >= threshold
    return missed * np.sum((truth == 1) & ~called) + alarm * np.sum((truth == 0) & called)


def cheapest(truth: Any, probability: Any, thresholds: Any, missed: Any, alarm: Any) -> Any:
    return min(thresholds, key=lambda threshold: cost(truth, probability, threshold, missed, alarm))


def cheapest_by_argmin(truth: Any, probability: Any, thresholds: Any, missed: Any, alarm: Any) -> Any:
    return thresholds[np.argmin([cost(truth, probability, at, missed, alarm) for at in thresholds])]


def cheapest_at_once(truth: Any, probability: Any, thresholds: Any, missed: Any, alarm: Any) -> Any:
    called = probability >= thresholds[:, None]
    costs = missed * (~called & (truth == 1)).sum(axis=1) + alarm * (called & (truth == 0)).sum(axis=1)
    return float(thresholds[costs.argmin()])


def cheapest_by_rates(truth: Any, probability: Any, thresholds: Any, missed: Any, alarm: Any) -> Any:
    def total(at: Any) -> Any:
        found, left = rates(truth, probability, at)
        return missed * (1 - found) + alarm * (1 - left)

    return min(thresholds, key=total)


def by_scipy(film: Any, kernel: Any) -> Any:
    return ndimage.convolve(film, kernel, mode="nearest")


def by_opencv(film: Any, kernel: Any) -> Any:
    return cv2.filter2D(film, -1, kernel[::-1, ::-1], borderType=cv2.BORDER_REPLICATE)


def by_padding(film: Any, kernel: Any) -> Any:
    margin = len(kernel) // 2
    return convolve2d(np.pad(film, margin, mode="edge"), kernel, mode="valid")


def by_clipping(film: Any, kernel: Any) -> Any:
    height, width = film.shape
    rows, columns = (range(-(side // 2), side // 2 + 1) for side in kernel.shape)
    return [
        [
            sum(
                kernel[i + len(kernel) // 2, j + kernel.shape[1] // 2]
                * film[min(max(row - i, 0), height - 1), min(max(column - j, 0), width - 1)]
                for i in rows
                for j in columns
            )
            for column in range(width)
        ]
        for row in range(height)
    ]


def point(truth: Any, probability: Any, threshold: Any) -> Any:
    found, left = rates(truth, probability, threshold)
    return 1 - left, found


def counted(truth: Any, predicted: Any) -> Any:
    pairs = Counter(zip(truth.tolist(), predicted.tolist(), strict=True))
    return pairs[0, 1], pairs[1, 0]


ANSWERS = {
    "convolve": Answers(
        right=[
            by_loops,
            by_windows,
            by_shifts,
            by_keras,
            lambda film, kernel: correlate2d(film, kernel, mode="valid"),
        ],
        wrong=[
            Wrong(lambda film, kernel: convolve2d(film, kernel, mode="valid"), "not flipped"),
            Wrong(lambda film, kernel: correlate2d(film, kernel.T, mode="valid"), "are swapped"),
            Wrong(lambda film, kernel: correlate2d(film, kernel, mode="same"), "no padding"),
            Wrong(lambda film, kernel: by_windows(film, kernel) / kernel.size, "not their mean"),
            Wrong(lambda film, kernel: np.maximum(by_windows(film, kernel), 0), "ReLU"),
            Wrong(lambda film, kernel: by_windows(film, kernel)[:: len(kernel), :: len(kernel)], "one pixel at a time"),
            Wrong(lambda film, kernel: by_windows(film, kernel)[:-1, :-1], "last row and column"),
            Wrong(lambda film, kernel: by_windows(film, kernel).sum(), "check the shape"),
            Wrong(always_three, "ends at H − F + 1"),
            Wrong(lambda film, kernel: by_windows(film, kernel) + 1, "at (row, column)"),
            Wrong(np.zeros((3, 4)), "the function itself"),
        ],
    ),
    "filtered": Answers(
        right=[by_scipy, by_opencv, by_padding, by_clipping],
        wrong=[
            Wrong(lambda film, kernel: ndimage.correlate(film, kernel, mode="nearest"), "flips the kernel"),
            Wrong(lambda film, kernel: by_scipy(film, kernel[::-1]), "flip the rows of the kernel too"),
            Wrong(lambda film, kernel: by_scipy(film, kernel[:, ::-1]), "flip the columns of the kernel too"),
            Wrong(lambda film, kernel: ndimage.correlate(film, kernel.T, mode="nearest"), "transposed"),
            Wrong(lambda film, kernel: ndimage.convolve(film, kernel, mode="constant"), "pads with zeros"),
            Wrong(lambda film, kernel: convolve2d(film, kernel, mode="valid"), "that crops"),
            Wrong(lambda film, kernel: ndimage.convolve(film, kernel, mode="mirror"), "another border (reflect)"),
            Wrong(lambda film, kernel: ndimage.convolve(film, kernel, mode="wrap"), "another border (wrap)"),
            Wrong(lambda film, kernel: by_scipy(film, kernel) / 9, "turn the kernel by 180°"),
            Wrong(np.zeros((5, 6)), "the function itself"),
        ],
    ),
    "roc_point": Answers(
        right=[
            point,
            lambda t, p, at: [((p >= at) & (t == 0)).sum() / (t == 0).sum(), ((p >= at) & (t == 1)).sum() / t.sum()],
            lambda t, p, at: np.array([(p[t == label] >= at).mean() for label in (0, 1)]),
        ],
        wrong=[
            Wrong(lambda t, p, at: point(t, p, at)[::-1], "the axes are swapped"),
            Wrong(lambda t, p, at: (rates(t, p, at)[1], rates(t, p, at)[0]), "x is the specificity"),
            Wrong(rates, "sensitivity and specificity"),
            Wrong(lambda t, p, at: (point(t, p, at)[0], 1 - point(t, p, at)[1]), "missed patients"),
            Wrong(lambda t, p, at: (point(t, p, at)[0], t[p >= at].mean()), "precision"),
            Wrong(lambda t, p, at: ((p > at)[t == 0].mean(), (p > at)[t == 1].mean()), "use >="),
            Wrong(lambda t, p, at: (((p >= at) & (t == 0)).sum(), ((p >= at) & (t == 1)).sum()), "counts"),
            Wrong(lambda t, p, at: point(t, p, 0.5), "given threshold"),
            Wrong(lambda t, p, at: point(t, p, at)[1], "return x, y"),
            Wrong(lambda t, p, at: (0.5, 0.5), "x: fraction of the healthy"),
        ],
    ),
    "error_types": Answers(
        right=[
            counted,
            lambda t, said: (np.sum((t == 0) & (said == 1)), np.sum((t == 1) & (said == 0))),
            lambda t, said: [(said > t).sum(), (said < t).sum()],
        ],
        wrong=[
            Wrong(lambda t, said: (counted(t, said)[0], np.sum((t == 0) & (said == 0))), "true negatives"),
            Wrong(lambda t, said: counted(t, said)[::-1], "swapped"),
            Wrong(lambda t, said: (np.sum((t == 1) & (said == 1)), counted(t, said)[1]), "true positives"),
            Wrong(lambda t, said: (np.sum((t == 1) & (said == 1)), np.sum((t == 0) & (said == 0))), "correct predict"),
            Wrong(lambda t, said: (said[t == 0].mean(), 1 - said[t == 1].mean()), "those are rates"),
            Wrong(lambda t, said: (np.mean(said > t), np.mean(said < t)), "fractions of all rows"),
            Wrong(lambda t, said: (said.sum(), (1 - said).sum()), "only the wrong ones"),
            Wrong(lambda t, said: np.sum(t != said), "return type 1 errors, type 2 errors"),
            Wrong(lambda t, said: (3, 2), "type 1: healthy"),
        ],
    ),
    "side": Answers(
        right=[
            lambda width, kernel, padding, stride: (width - kernel + 2 * padding) // stride + 1,
            lambda width, kernel, padding, stride: math.floor((width - kernel + 2 * padding) / stride) + 1,
            lambda width, kernel, padding, stride: len(range(0, width + 2 * padding - kernel + 1, stride)),
            lambda width, kernel, padding, stride: np.floor((width - kernel + 2 * padding + stride) / stride),
        ],
        wrong=[
            Wrong(lambda width, kernel, padding, stride: (width - kernel + 2 * padding) / stride + 1, "round down"),
            Wrong(
                lambda width, kernel, padding, stride: math.ceil((width - kernel + 2 * padding) / stride) + 1,
                "exceeds the edge",
            ),
            Wrong(lambda width, kernel, padding, stride: (width - kernel + 2 * padding) // stride, "first position"),
            Wrong(lambda width, kernel, padding, stride: (width - kernel + padding) // stride + 1, "both sides"),
            Wrong(lambda width, kernel, padding, stride: (width - kernel) // stride + 1, "add 2P"),
            Wrong(lambda width, kernel, padding, stride: (width + 2 * padding) // stride + 1, "must fit"),
            Wrong(lambda width, kernel, padding, stride: width - kernel + 2 * padding + 1, "one position in S"),
            Wrong(lambda width, kernel, padding, stride: 24, "rounded down, plus 1"),
            Wrong(24, "the function itself"),
        ],
    ),
    "parameters": Answers(
        right=[3216, 3216.0, np.int64(3216), np.array([3216]), keras.ops.convert_to_tensor(3216)],
        wrong=[
            Wrong(3200, "bias"),
            Wrong(416, "all channels"),
            Wrong(656, "square"),
            Wrong(3208, "each filter has a bias, not"),
            Wrong(3328, "one bias"),
            Wrong(201, "one filter"),
            Wrong((3200, 16), "K·F²·D + K"),
            Wrong(3217, "K·F²·D + K"),
        ],
    ),
    "rates": Answers(
        right=[rates, rates_by_counting, rates_by_products],
        wrong=[
            Wrong(
                lambda t, p, at: ((p > at)[t == 1].mean(), (p <= at)[t == 0].mean()),
                "use >=",
            ),
            Wrong(lambda t, p, at: (rates(t, p, at)[0], 1 - rates(t, p, at)[1]), "false positive rate"),
            Wrong(lambda t, p, at: (1 - rates(t, p, at)[0], rates(t, p, at)[1]), "missed patients"),
            Wrong(lambda t, p, at: (t[p >= at].mean(), rates(t, p, at)[1]), "precision"),
            Wrong(lambda t, p, at: (rates(t, p, at)[0], (1 - t)[p < at].mean()), "predicted negatives"),
            Wrong(lambda t, p, at: (((p >= at) & (t == 1)).mean(), ((p < at) & (t == 0)).mean()), "not by all images"),
            Wrong(lambda t, p, at: (((p >= at) & (t == 1)).sum(), ((p < at) & (t == 0)).sum()), "counts"),
            Wrong(lambda t, p, at: rates(t, p, at)[::-1], "sensitivity first"),
            Wrong(lambda t, p, at: rates(t, p, at)[0], "return sensitivity, specificity"),
            Wrong(lambda t, p, at: rates(t, p, 0.5), "given threshold"),
            Wrong(lambda t, p, at: (0.5, 0.5), "of the sick"),
        ],
    ),
    "cheapest": Answers(
        right=[cheapest, cheapest_by_argmin, cheapest_at_once],
        wrong=[
            Wrong(lambda t, p, choices, missed, alarm: cheapest(t, p, choices, alarm, missed), "swap the two"),
            Wrong(lambda t, p, choices, missed, alarm: cheapest(t, p, choices, 1, 1), "fewest errors"),
            Wrong(cheapest_by_rates, "numbers of patients"),
            Wrong(
                lambda t, p, choices, missed, alarm: min(cost(t, p, at, missed, alarm) for at in choices),
                "return its threshold",
            ),
            Wrong(
                lambda t, p, choices, missed, alarm: np.argmin([cost(t, p, at, missed, alarm) for at in choices]),
                "index of the threshold",
            ),
            Wrong(lambda t, p, choices, missed, alarm: cheapest(t, p, choices, 4, 1), "given costs"),
            Wrong(lambda t, p, choices, missed, alarm: 0.3, "given costs"),
            Wrong(lambda t, p, choices, missed, alarm: 0.5, "then the smallest"),
        ],
    ),
}

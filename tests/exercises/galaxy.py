"""Answers to the exercises on galaxies."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import scipy.special

from tests.exercises import Answers, Wrong


def softmax(scores: Any) -> Any:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def softmax_by_rows(scores: Any) -> Any:
    rows = [np.exp(row - max(row)) for row in scores]
    return [list(row / sum(row)) for row in rows]


def overflowing(scores: Any) -> Any:
    return np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)


def views(image: Any) -> Any:
    return [np.rot90(side, turns) for side in (image, image[:, ::-1]) for turns in range(4)]


def views_by_transposing(image: Any) -> Any:
    both = [image, image.transpose(1, 0, 2)]
    return np.stack([one[::down, ::right] for one in both for down in (1, -1) for right in (1, -1)])


def views_by_turning_on(image: Any) -> Any:
    found = []
    for mirrored in (False, True):
        view = np.flip(image, axis=0) if mirrored else image
        for _ in range(4):
            found.append(view.astype("float32"))
            view = np.rot90(view, -1)
    return np.array(found)


def twice_the_same(image: Any) -> Any:
    flips = [image, image[::-1], image[:, ::-1], image[::-1, ::-1]]
    return flips + [np.rot90(flip, 2) for flip in flips]


def in_the_wrong_plane(image: Any) -> Any:
    return [view[..., ::-1] for view in views(image)]


ANSWERS = {
    "softmax": Answers(
        right=[
            softmax,
            softmax_by_rows,
            lambda scores: scipy.special.softmax(scores, axis=1),
            lambda scores: keras.ops.softmax(keras.ops.convert_to_tensor(scores, "float32"), axis=-1),
        ],
        wrong=[
            Wrong(overflowing, "subtract each row's largest"),
            Wrong(np.exp, "divide by the sum"),
            Wrong(lambda scores: np.exp(scores) / np.exp(scores).sum(), "a separate image"),
            Wrong(lambda scores: np.exp(scores) / np.exp(scores).sum(axis=0), "columns"),
            Wrong(lambda scores: scipy.special.log_softmax(scores, axis=1), "logarithm"),
            Wrong(lambda scores: 1 / (1 + np.exp(-scores)), "sigmoid"),
            Wrong(lambda scores: np.eye(scores.shape[1])[scores.argmax(axis=1)], "the largest alone"),
            Wrong(lambda scores: scores / scores.sum(), "exp(score)"),
            Wrong(lambda scores: softmax(scores)[0], "check the shape"),
        ],
    ),
    "flat": Answers(
        right=[392, 392.0, np.int64(392), np.array(392), keras.ops.convert_to_tensor(392)],
        wrong=[
            Wrong(512, "round down"),
            Wrong(49, "8 maps"),
            Wrong(7, "the side"),
            Wrong(1800, "once more"),
            Wrong(7688, "first pooling"),
            Wrong(72, "begin with 128"),
            Wrong(3136, "covers all"),
            Wrong((7, 7, 8), "four times"),
            Wrong(393, "four times"),
        ],
    ),
    "views": Answers(
        right=[views, views_by_transposing, views_by_turning_on, lambda image: tuple(reversed(views(image)))],
        wrong=[
            Wrong(lambda image: views(image)[:4], "of the mirrored image"),
            Wrong(lambda image: [image, image[:, ::-1]], "of the mirrored image"),
            Wrong(twice_the_same, "some are the same"),
            Wrong(lambda image: [image] * 8, "some are the same"),
            Wrong(in_the_wrong_plane, "channels stay"),
            Wrong(lambda image: [np.roll(view, 1, axis=0) for view in views(image)], "height and width"),
            Wrong(lambda image: views(image)[:7], "collect eight"),
            Wrong(lambda image: [view[..., 0] for view in views(image)], "collect eight"),
            Wrong(lambda image: 8, "collect eight"),
        ],
    ),
    "recalls": Answers(
        right=[
            lambda table: np.diag(table) / table.sum(axis=1),
            lambda table: [row[number] / sum(row) for number, row in enumerate(table)],
            lambda table: (table / table.sum(axis=1, keepdims=True)).diagonal(),
            lambda table: np.einsum("ii->i", table) / np.einsum("ij->i", table),
        ],
        wrong=[
            Wrong(lambda table: np.diag(table) / table.sum(axis=0), "precision"),
            Wrong(lambda table: np.diag(table) / table.sum(), "not by all images"),
            Wrong(np.diag, "counts"),
            Wrong(lambda table: 1 - np.diag(table) / table.sum(axis=1), "missed"),
            Wrong(lambda table: np.trace(table) / table.sum(), "accuracy"),
            Wrong(lambda table: np.mean(np.diag(table) / table.sum(axis=1)), "their mean"),
            Wrong(lambda table: table / table.sum(axis=1, keepdims=True), "only the diagonal"),
            Wrong(lambda table: 2 * np.diag(table) / (table.sum(axis=0) + table.sum(axis=1)), "F1"),
            Wrong(lambda table: table.max(axis=1) / table.sum(axis=0), "precision"),
            Wrong(lambda table: np.diag(table) / len(table), "the diagonal divided"),
        ],
    ),
}

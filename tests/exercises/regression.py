"""Answers to the exercises on regression."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tests.exercises import Answers, Wrong


def slopes(w: Any, b: Any, x: Any, y: Any) -> Any:
    error = w * x + b - y
    return 2 * np.mean(error * x), 2 * np.mean(error)


def step(w: Any, b: Any, x: Any, y: Any, rate: Any) -> Any:
    by_w, by_b = slopes(w, b, x, y)
    return w - rate * by_w, b - rate * by_b


def step_by_loop(w: Any, b: Any, x: Any, y: Any, rate: Any) -> Any:
    by_w = by_b = 0.0
    for one, target in zip(x, y, strict=True):
        by_w += 2 * (w * one + b - target) * one / len(x)
        by_b += 2 * (w * one + b - target) / len(x)
    return [w - rate * by_w, b - rate * by_b]


def step_by_matrix(w: Any, b: Any, x: Any, y: Any, rate: Any) -> Any:
    design = np.stack([x, np.ones_like(x)], axis=1)
    start = np.array([w, b])
    return start - rate * 2 / len(x) * design.T @ (design @ start - y)


def step_by_tensors(w: Any, b: Any, x: Any, y: Any, rate: Any) -> Any:
    return tuple(keras.ops.convert_to_tensor(value, dtype="float32") for value in step(w, b, x, y, rate))


def step_after_step(w: Any, b: Any, x: Any, y: Any, rate: Any) -> Any:
    w = w - rate * slopes(w, b, x, y)[0]
    return w, b - rate * slopes(w, b, x, y)[1]


def step_with_one_slope(w: Any, b: Any, x: Any, y: Any, rate: Any) -> Any:
    by_b = slopes(w, b, x, y)[1]
    return w - rate * by_b, b - rate * by_b


def in_place(w: Any, b: Any, x: Any, y: Any, rate: Any) -> Any:
    x *= 0  # must not change the data of the check
    return step(w, b, x, y, rate)


ANSWERS = {
    "rmse": Answers(
        right=[
            lambda truth, prediction: np.sqrt(np.mean((prediction - truth) ** 2)),
            lambda truth, prediction: ((truth - prediction) ** 2).mean() ** 0.5,
            lambda truth, prediction: float(np.linalg.norm(truth - prediction)) / len(truth) ** 0.5,
            lambda truth, prediction: keras.ops.sqrt(keras.ops.mean(keras.ops.square(truth - prediction))),
            lambda truth, prediction: np.array([np.sqrt(np.square(truth - prediction).mean())]),
        ],
        wrong=[
            Wrong(lambda truth, prediction: np.mean((prediction - truth) ** 2), "MPa²"),
            Wrong(lambda truth, prediction: np.sqrt(np.sum((prediction - truth) ** 2)), "divide by the number"),
            Wrong(lambda truth, prediction: np.sqrt(np.sum((prediction - truth) ** 2)) / len(truth), "inside the root"),
            Wrong(lambda truth, prediction: abs(prediction - truth).mean(), "mean absolute error"),
            Wrong(lambda truth, prediction: np.mean(prediction - truth), "cancel"),
            Wrong(lambda truth, prediction: (prediction - truth) ** 2, "RMSE ="),
            Wrong(lambda truth, prediction: np.sqrt(np.mean(prediction**2 - truth**2)), "RMSE ="),
            Wrong(lambda truth: 3.5, "call rmse(truth, prediction) yourself"),
            Wrong(3.5, "the function itself"),
        ],
    ),
    "parameters": Answers(
        right=[621, 621.0, np.int64(621), np.array(621), keras.ops.convert_to_tensor(621)],
        wrong=[
            Wrong(580, "bias"),
            Wrong(600, "output layer"),
            Wrong(201, "two hidden layers"),
            Wrong(638, "not trained"),
            Wrong(321, "inputs × units"),
            Wrong([180, 420, 21], "add up"),
            Wrong(True, "inputs × units"),
        ],
    ),
    "gradient_step": Answers(
        right=[step, step_by_loop, step_by_matrix, step_by_tensors],
        wrong=[
            Wrong(lambda w, b, x, y, rate: (w, b), "nothing moved"),
            Wrong(lambda w, b, x, y, rate: step(w, b, x, y, -rate), "subtract"),
            Wrong(lambda w, b, x, y, rate: step(w, b, x, y, rate / 2), "factor 2"),
            Wrong(lambda w, b, x, y, rate: step(w, b, x, y, rate * len(x)), "mean over the rows"),
            Wrong(lambda w, b, x, y, rate: step(w, b, x, y, 1), "learning rate is missing"),
            Wrong(step_with_one_slope, "factor x"),
            Wrong(step_after_step, "both slopes"),
            Wrong(lambda w, b, x, y, rate: step(w, b, x, y, rate)[::-1], "w first"),
            Wrong(lambda w, b, x, y, rate: step(w, b, x, y, rate)[0], "return w, b"),
            Wrong(lambda w, b, x, y, rate: step(w, b, x, y, 0.1), "slopes are the means"),
            Wrong(in_place, "slopes are the means"),
        ],
    ),
    "normalise": Answers(
        right=[
            lambda train, rows: (rows - train.mean(axis=0)) / train.std(axis=0),
            lambda train, rows: (rows - np.mean(train, 0)) / np.sqrt(np.var(train, 0)),
            lambda train, rows: np.stack(
                [(rows[:, i] - train[:, i].mean()) / train[:, i].std() for i in range(rows.shape[1])], axis=1
            ),
            lambda train, rows: ((rows - train.mean(0)) / train.std(0)).astype("float32").tolist(),
        ],
        wrong=[
            Wrong(lambda train, rows: (rows - rows.mean(axis=0)) / rows.std(axis=0), "training alone"),
            Wrong(lambda train, rows: (rows - train.mean()) / train.std(), "axis 0"),
            Wrong(lambda train, rows: (rows - train.mean(axis=0)) / train.var(axis=0), "root of the variance"),
            Wrong(lambda train, rows: rows - train.mean(axis=0), "divide"),
            Wrong(lambda train, rows: rows / train.std(axis=0), "subtract the mean"),
            Wrong(lambda train, rows: (train - train.mean(axis=0)) / train.std(axis=0), "other ones"),
            Wrong(lambda train, rows: (rows - train.min(axis=0)) / np.ptp(train, axis=0), "standard deviation"),
            Wrong(lambda train, rows: (rows - train.mean(axis=0)).mean(axis=0), "shape"),
        ],
    ),
}

"""Answers to the exercises on classification."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from scipy.special import log_softmax
from scipy.special import softmax as softmax_of_scipy

from tests.exercises import Answers, Wrong


def softmax(logits: Any) -> Any:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def softmax_by_loop(logits: Any) -> Any:
    rows = []
    for row in logits:
        raised = [math.exp(value - max(row)) for value in row]
        rows.append([value / sum(raised) for value in raised])
    return rows


def overflowing(logits: Any) -> Any:
    raised = np.exp(logits)
    return raised / raised.sum(axis=1, keepdims=True)


def cost_by_loop(probabilities: Any, labels: Any) -> Any:
    costs = [-math.log(row[label]) for row, label in zip(probabilities, labels, strict=True)]
    return sum(costs) / len(costs)


def cost_by_one_hot(probabilities: Any, labels: Any) -> Any:
    truth = np.eye(probabilities.shape[1])[labels]
    return -(truth * np.log(probabilities)).sum(axis=1).mean()


def true_of(probabilities: Any, labels: Any) -> Any:
    return probabilities[np.arange(len(labels)), labels]


def dropout_in_place(values: Any, kept: Any, rate: Any) -> Any:
    values[~kept] = 0
    return values / (1 - rate)


def stop(losses: Any, patience: Any) -> Any:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss < losses[best]:
            best = epoch
        if epoch - best == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def stop_by_counting(losses: Any, patience: Any) -> Any:
    lowest, kept, waited = math.inf, 0, 0
    ended = 0
    for ended, loss in enumerate(losses, 1):
        waited += 1
        if loss < lowest:
            lowest, kept, waited = loss, ended, 0
        if waited >= patience:
            break
    return [ended, kept]


def stop_by_slices(losses: Any, patience: Any) -> Any:
    for ended in range(1, len(losses) + 1):
        kept = int(np.argmin(losses[:ended])) + 1
        if ended - kept == patience:
            break
    return np.array([ended, kept], dtype="float64")


def stop_on_equal(losses: Any, patience: Any) -> Any:
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def stop_on_bad_in_all(losses: Any, patience: Any) -> Any:
    best = bad = 0
    for epoch, loss in enumerate(losses[1:], 1):
        if loss < losses[best]:
            best = epoch
        else:
            bad += 1
        if bad == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


def stop_on_rises(losses: Any, patience: Any) -> Any:
    rises = 0
    for epoch in range(1, len(losses)):
        rises = rises + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if rises == patience:
            return epoch + 1, int(np.argmin(losses[: epoch + 1])) + 1
    return len(losses), int(np.argmin(losses)) + 1


def stop_on_rises_and_keep_the_last_fall(losses: Any, patience: Any) -> Any:
    best = rises = 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[epoch - 1]:
            best, rises = epoch, 0
        else:
            rises += 1
        if rises == patience:
            return epoch + 1, best + 1
    return len(losses), best + 1


ANSWERS = {
    "softmax": Answers(
        right=[
            softmax,
            softmax_by_loop,
            lambda logits: softmax_of_scipy(logits, axis=1),
            lambda logits: np.exp(log_softmax(logits, axis=1)),
            lambda logits: keras.ops.softmax(logits.astype("float32"), axis=-1),
            lambda logits: np.stack([np.exp(row - row.max()) / np.exp(row - row.max()).sum() for row in logits]),
        ],
        wrong=[
            Wrong(np.exp, "add up to 1"),
            Wrong(lambda logits: np.exp(logits) / np.exp(logits).sum(), "its own sum"),
            Wrong(lambda logits: np.exp(logits) / np.exp(logits).sum(axis=0), "sum along axis 1"),
            Wrong(lambda logits: logits / logits.sum(axis=1, keepdims=True), "exponential"),
            Wrong(lambda logits: softmax(-logits), "sign"),
            Wrong(lambda logits: log_softmax(logits, axis=1), "logarithms"),
            Wrong(lambda logits: np.eye(3)[logits.argmax(axis=1)], "every class"),
            Wrong(overflowing, "overflows"),
            Wrong(lambda logits: overflowing(logits - logits.max()), "each row's largest"),
            Wrong(lambda logits: softmax(logits)[0], "divide each row"),
            Wrong(softmax(np.zeros((2, 3))), "the function itself"),
        ],
    ),
    "cross_entropy": Answers(
        right=[
            lambda probabilities, labels: -np.mean(np.log(true_of(probabilities, labels))),
            cost_by_loop,
            cost_by_one_hot,
            lambda probabilities, labels: np.log(1 / true_of(probabilities, labels)).mean(),
            lambda probabilities, labels: keras.ops.mean(
                keras.losses.sparse_categorical_crossentropy(labels, probabilities.astype("float32"))
            ),
            lambda probabilities, labels: -np.log(np.take_along_axis(probabilities, labels[:, None], axis=1)).mean(),
        ],
        wrong=[
            Wrong(lambda p, y: np.log(true_of(p, y)).mean(), "minus the logarithm"),
            Wrong(lambda p, y: -np.log(true_of(p, y)).sum(), "mean over the rows"),
            Wrong(lambda p, y: -np.log10(true_of(p, y)).mean(), "natural logarithm"),
            Wrong(lambda p, y: -np.log2(true_of(p, y)).mean(), "in bits"),
            Wrong(lambda p, y: -np.log(true_of(p, y).mean()), "first, then the mean"),
            Wrong(lambda p, y: 1 - true_of(p, y).mean(), "without limit"),
            Wrong(lambda p, y: -np.log(p).mean(), "only the probability of the true class"),
            Wrong(lambda p, y: -np.log(p.max(axis=1)).mean(), "not the largest"),
            Wrong(lambda p, y: -(p * np.log(p)).sum(axis=1).mean(), "use the labels"),
            Wrong(lambda p, y: -np.log(true_of(p, y)), "then the mean"),
            Wrong(lambda p, y: -np.log(p[:, y]).mean(), "np.arange"),
            Wrong(lambda p, y: 0.557, "np.arange"),
        ],
    ),
    "parameters": Answers(
        right=[50890, 50890.0, np.int64(50890), np.array([50890]), keras.ops.convert_to_tensor(50890)],
        wrong=[
            Wrong(784 * 64 + 640, "in the last layer"),
            Wrong(784 * 64 + 64 + 640, "the output units"),
            Wrong(784 * 64 + 640 + 10, "hidden units have a bias"),
            Wrong(784 * 64 + 64, "output layer has weights"),
            Wrong(28 * 64 + 64 + 650, "28 × 28 pixels"),
            Wrong(784 * 64 + 64 + 7850, "not the pixels"),
            Wrong(50891, "inputs × units"),
            Wrong([50240, 650], "inputs × units"),
        ],
    ),
    "dropout": Answers(
        right=[
            lambda values, kept, rate: np.where(kept, values / (1 - rate), 0),
            lambda values, kept, rate: values * kept / (1 - rate),
            dropout_in_place,
            lambda values, kept, rate: (values * kept * (1 / (1 - rate))).tolist(),
            lambda values, kept, rate: keras.ops.where(kept, values, 0.0) / (1 - rate),
        ],
        wrong=[
            Wrong(lambda values, kept, rate: values * kept, "mean shrinks"),
            Wrong(lambda values, kept, rate: values * kept * (1 - rate), "compensate"),
            Wrong(lambda values, kept, rate: values * kept / rate, "fraction that is kept"),
            Wrong(lambda values, kept, rate: values * kept / kept.mean(), "depends on the rate"),
            Wrong(lambda values, kept, rate: values * ~kept / (1 - rate), "stay"),
            Wrong(lambda values, kept, rate: np.where(kept, values / (1 - rate), values), "become 0"),
            Wrong(lambda values, kept, rate: values[kept] / (1 - rate), "keep the shape"),
            Wrong(lambda values, kept, rate: values / (1 - rate), "become 0"),
            Wrong(lambda values, kept, rate: values * kept * 1.25, "1 − rate"),
            Wrong(lambda values, kept, rate: values * kept + rate, "zero if"),
        ],
    ),
    "early_stopping": Answers(
        right=[stop, stop_by_counting, stop_by_slices],
        wrong=[
            Wrong(lambda losses, patience: stop(losses, patience)[::-1], "epochs first"),
            Wrong(lambda losses, patience: np.array(stop(losses, patience)) - 1, "from 1"),
            Wrong(lambda losses, patience: np.array(stop(losses, patience)) - [0, 1], "kept from 1"),
            Wrong(lambda losses, patience: np.array(stop(losses, patience)) - [1, 0], "epochs from 1"),
            Wrong(lambda losses, patience: stop(losses, patience + 1), "epoch too many"),
            Wrong(lambda losses, patience: (stop(losses, patience)[0],) * 2, "restore the best weights"),
            Wrong(lambda losses, patience: (len(losses), int(np.argmin(losses)) + 1), "never trained"),
            Wrong(stop_on_equal, "equal loss"),
            Wrong(stop_on_bad_in_all, "restart the count"),
            Wrong(stop_on_rises, "not with the previous one"),
            Wrong(stop_on_rises_and_keep_the_last_fall, "not with the previous one"),
            Wrong(lambda losses, patience: stop(losses, patience)[0], "return epochs, kept"),
            Wrong(lambda losses, patience: (5, 2), "patience"),
        ],
    ),
}

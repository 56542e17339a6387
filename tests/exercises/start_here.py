"""Answers to the exercises of the first notebook."""

from __future__ import annotations

import math

import numpy as np

from tests.exercises import Answers, Wrong

ANSWERS = {
    "steps": Answers(
        right=[
            lambda rows, batch: -(-rows // batch),
            lambda rows, batch: math.ceil(rows / batch),
            lambda rows, batch: np.ceil(rows / batch),
            lambda rows, batch: (rows + batch - 1) // batch,
            lambda rows, batch: rows // batch + (rows % batch > 0),
            lambda rows, batch: len(range(0, rows, batch)),
        ],
        wrong=[
            Wrong(lambda rows, batch: rows // batch, "last four rows"),
            Wrong(lambda rows, batch: rows / batch, "round up"),
            Wrong(lambda rows, batch: rows, "batch of rows"),
            Wrong(lambda rows, batch: rows // batch + 1, "evenly"),
            Wrong(lambda rows, batch: 4, "rounded up"),
            Wrong(lambda rows, batch: round(rows / batch), "last four rows"),
            Wrong(4, "the function itself"),
        ],
    ),
    "baseline": Answers(
        right=[
            lambda train, test: ((test - train.mean()) ** 2).mean() ** 0.5,
            lambda train, test: np.sqrt(np.mean(np.square(test - np.mean(train)))),
            lambda train, test: math.sqrt(sum((t - sum(train) / len(train)) ** 2 for t in test) / len(test)),
            lambda train, test: np.linalg.norm(test - train.mean()) / np.sqrt(len(test)),
        ],
        wrong=[
            Wrong(lambda train, test: test.std(), "take the training mean"),
            Wrong(lambda train, test: train.std(), "on the test rows"),
            Wrong(lambda train, test: ((test - train.mean()) ** 2).mean(), "root"),
            Wrong(lambda train, test: abs(test - train.mean()).mean(), "mean absolute error"),
            Wrong(lambda train, test: ((test - np.median(train)) ** 2).mean() ** 0.5, "median"),
            Wrong(lambda train, test: ((train - test.mean()) ** 2).mean() ** 0.5, "training mean"),
            Wrong(lambda train, test: test - train.mean(), "test target − training mean"),
        ],
    ),
    "leaks": Answers(
        right=[
            lambda train, test: np.isin(test, train).sum(),
            lambda train, test: sum(group in set(train) for group in test),
            lambda train, test: len([group for group in test if group in train]),
            lambda train, test: float(np.count_nonzero((test[:, None] == train).any(axis=1))),
        ],
        wrong=[
            Wrong(lambda train, test: len(set(train) & set(test)), "counts groups"),
            Wrong(lambda train, test: np.isin(train, test).sum(), "training rows"),
            Wrong(lambda train, test: np.isin(test, train).mean(), "fraction"),
            Wrong(lambda train, test: (~np.isin(test, train)).sum(), "without a leak"),
            Wrong(lambda train, test: 3, "own group"),
            Wrong(lambda train, test: np.isin(test, train), "np.isin"),
        ],
    ),
}

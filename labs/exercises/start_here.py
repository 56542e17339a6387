"""The exercises of the first notebook."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.teaching.answers import Judge, Mistake, called, number

TRAIN_TARGETS = np.array([20.0, 30.0, 70.0], dtype="float32")
TEST_TARGETS = np.array([60.0, 20.0, 35.0], dtype="float32")
TRAIN_GROUPS = np.array([4, 4, 7, 9, 9, 9])
TEST_GROUPS = np.array([7, 7, 9, 1])


def steps(answer: Any) -> str:
    """A function of rows and batch size: gradient steps of an epoch."""
    what = "gradient steps of an epoch of 100 rows in batches of 32"
    signature = "steps(rows, batch_size)"
    mistakes = [
        Mistake(100 // 32, "the last four rows are left out: they make a batch of their own, a smaller one"),
        Mistake(100 / 32, "a step takes a batch, whole or not: round up"),
        Mistake(100, "a step takes a batch of rows, not one"),
    ]
    hint = "rows / batch size, rounded up"
    given = called(answer, 100, 32, expected=what, signature=signature)
    number(given, 4, what=what, mistakes=mistakes, hint=hint, close=1e-9)
    for rows, size, right in ((64, 32, 2), (1, 32, 1), (65, 32, 3)):
        what = f"steps of {rows} rows in batches of {size}"
        even = [Mistake(rows // size + 1, "where the rows fill their batches evenly, there is no batch left over")]
        given = called(answer, rows, size, expected=what, signature=signature)
        number(given, right, what=what, mistakes=even, hint=hint, close=1e-9)
    return "Smaller batches make more steps of an epoch, and each of them noisier."


def baseline(answer: Any) -> str:
    """A function of training and test targets, (rows,) each: the RMSE of always predicting training's mean."""
    what = "the RMSE on the test rows of a model that always says the training mean"
    mean = float(TRAIN_TARGETS.mean())
    right = float(np.sqrt(((TEST_TARGETS - mean) ** 2).mean()))
    mistakes = [
        Mistake(
            float(TEST_TARGETS.std()),
            "the mean of the test targets is not known when the model is made: take training's",
        ),
        Mistake(float(TRAIN_TARGETS.std()), "that is the error on the training rows: judge on the test rows"),
        Mistake(right**2, "that is the mean squared error: take its root"),
        Mistake(float(np.abs(TEST_TARGETS - mean).mean()), "that is the mean absolute error: square, mean, root"),
        Mistake(
            float(np.sqrt(((TEST_TARGETS - np.median(TRAIN_TARGETS)) ** 2).mean())), "that is the median: take the mean"
        ),
    ]
    given = called(
        answer, TRAIN_TARGETS, TEST_TARGETS, expected=what, signature="baseline(train_targets, test_targets)"
    )
    number(given, right, what=what, mistakes=mistakes, hint="√(mean of (test target − training mean)²)")
    return "A model that does not beat this number has learned nothing from its inputs."


def leaks(answer: Any) -> str:
    """A function of training and test groups, (rows,) each: how many test rows have a group that was trained on."""
    what = "how many test rows have a group that is also in training"
    mistakes = [
        Mistake(2, "that counts groups; count the test rows that belong to them"),
        Mistake(4, "that counts training rows; count test rows"),
        Mistake(3 / 4, "that is their share; give how many"),
        Mistake(1, "that counts the rows that are clean"),
    ]
    given = called(answer, TRAIN_GROUPS, TEST_GROUPS, expected=what, signature="leaks(train_groups, test_groups)")
    number(
        given, 3, what=what, mistakes=mistakes, hint="np.isin says of each test row whether its group is in training"
    )
    given = called(answer, TRAIN_GROUPS, TEST_GROUPS + 100, expected=what, signature="leaks(train_groups, test_groups)")
    number(given, 0, what="0 where the two share no group", hint="look at each test row's own group")
    return "0 is what an honest split has; the labs count it in every run."


EXERCISES: dict[str, Judge] = {"steps": steps, "baseline": baseline, "leaks": leaks}

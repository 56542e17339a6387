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
    """A function of rows and batch size: gradient steps per epoch."""
    what = "the gradient steps in an epoch of 100 rows with batches of 32"
    signature = "steps(rows, batch_size)"
    mistakes = [
        Mistake(100 // 32, "the last four rows are missing: they form a smaller batch"),
        Mistake(100 / 32, "a smaller last batch counts as a step: round up"),
        Mistake(100, "a step uses a batch of rows, not a single row"),
    ]
    hint = "rows / batch size, rounded up"
    given = called(answer, 100, 32, expected=what, signature=signature)
    number(given, 4, what=what, mistakes=mistakes, hint=hint, close=1e-9)
    for rows, size, right in ((64, 32, 2), (1, 32, 1), (65, 32, 3)):
        what = f"the steps for {rows} rows in batches of {size}"
        even = [Mistake(rows // size + 1, "if the rows divide evenly into batches, there is no extra batch")]
        given = called(answer, rows, size, expected=what, signature=signature)
        number(given, right, what=what, mistakes=even, hint=hint, close=1e-9)
    return "Smaller batches give more steps per epoch, with noisier gradients."


def baseline(answer: Any) -> str:
    """A function of training and test targets, (rows,) each: the RMSE of always predicting the training mean."""
    what = "the RMSE on the test rows of a model that always predicts the training mean"
    mean = float(TRAIN_TARGETS.mean())
    right = float(np.sqrt(((TEST_TARGETS - mean) ** 2).mean()))
    mistakes = [
        Mistake(
            float(TEST_TARGETS.std()),
            "the mean of the test targets is unknown when the model is trained: take the training mean",
        ),
        Mistake(float(TRAIN_TARGETS.std()), "that is the error on the training rows: compute it on the test rows"),
        Mistake(right**2, "that is the mean squared error: take its square root"),
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
    """A function of training and test groups, (rows,) each: the number of test rows whose group is in training."""
    what = "the number of test rows whose group is also in training"
    mistakes = [
        Mistake(2, "that counts groups: count the test rows in them"),
        Mistake(4, "that counts training rows: count test rows"),
        Mistake(3 / 4, "that is a fraction: return the number of rows"),
        Mistake(1, "that counts the rows without a leak"),
    ]
    given = called(answer, TRAIN_GROUPS, TEST_GROUPS, expected=what, signature="leaks(train_groups, test_groups)")
    number(
        given, 3, what=what, mistakes=mistakes, hint="np.isin tests for each test row whether its group is in training"
    )
    given = called(answer, TRAIN_GROUPS, TEST_GROUPS + 100, expected=what, signature="leaks(train_groups, test_groups)")
    number(given, 0, what="0 if the two share no group", hint="check each test row's own group")
    return "It must be 0 for a fair test; the labs check this in every run."


EXERCISES: dict[str, Judge] = {"steps": steps, "baseline": baseline, "leaks": leaks}

HINTS = {
    "steps": "math.ceil(rows / batch_size), or without an import: -(-rows // batch_size)",
    "baseline": "error = test_targets - train_targets.mean(); return the root of the mean of error ** 2",
    "leaks": "np.isin(test_groups, train_groups) is an array of True and False, one per test row: count the True ones",
}

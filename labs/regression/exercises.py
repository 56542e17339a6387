"""The exercises of the notebook on regression."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from utils.teaching.answers import Array, Judge, Mistake, NotYetError, array, called, number
from utils.teaching.variants import Variants

TRUTH = np.array([30.0, 42.5, 55.0, 18.0], dtype="float32")
PREDICTION = np.array([33.0, 40.5, 49.0, 18.0], dtype="float32")


def rmse(answer: Any) -> str:
    """A function of truth and prediction, (rows,) each: the root of the mean squared error."""
    what = "the root mean squared error of four predictions"
    errors = PREDICTION.astype("float64") - TRUTH
    squares = float((errors**2).sum())
    mistakes = [
        Mistake(squares / 4, "that is the mean squared error, in MPa²: take its square root to get MPa"),
        Mistake(
            math.sqrt(squares), "that is the root of the sum: divide by the number of rows before you take the root"
        ),
        Mistake(math.sqrt(squares) / 4, "take the mean inside the root, not outside"),
        Mistake(
            float(np.abs(errors).mean()), "that is the mean absolute error: square each error, then mean, then root"
        ),
        Mistake(float(errors.mean()), "errors of opposite sign cancel: square them before you take the mean"),
    ]
    given = called(answer, TRUTH, PREDICTION, expected=what, signature="rmse(truth, prediction)")
    number(given, math.sqrt(squares / 4), what=what, mistakes=mistakes, hint="RMSE = √(mean of (prediction − truth)²)")
    swapped = called(answer, PREDICTION, TRUTH, expected=what, signature="rmse(truth, prediction)")
    number(
        swapped, math.sqrt(squares / 4), what="the same value when the two are swapped", hint="square the difference"
    )
    return "The RMSE has the unit of the target, and it weighs large errors more than the mean absolute error does."


def parameters(answer: Any, inputs: int = 8, width: int = 20) -> str:
    """The trainable parameters of the inputs, two hidden layers and one output."""
    first, second, last = inputs * width + width, width * width + width, width + 1
    unused = 2 * inputs + 1  # means, variances and the counter of Keras's Normalization
    number(
        answer,
        first + second + last,
        what=f"the trainable parameters of {inputs} → {width} → {width} → 1",
        mistakes=[
            Mistake(inputs * width + width * width + width, "each unit has a bias too"),
            Mistake(
                first + second, "the output layer has weights too: one per unit of the layer before it, and a bias"
            ),
            Mistake(first + last, "there are two hidden layers: the second one takes the outputs of the first"),
            Mistake(first + second + last + unused, "the means and variances of the normalisation are not trained"),
        ],
        hint="a dense layer has inputs × units weights and one bias per unit; add up the three layers",
        close=1e-9,
    )
    return "The size of a dense layer grows with the product of two widths: doubling both nearly quadruples it."


X = np.array([0.0, 1.0, 2.0, 4.0])
Y = np.array([1.0, 2.5, 6.0, 8.0])


def gradient_step(answer: Any) -> str:
    """A function of w, b, x, y and rate: one step down the mean squared error of w·x + b; gives (w, b)."""
    signature = "gradient_step(w, b, x, y, rate)"
    hint = "the slopes are the means of 2·error·x and of 2·error, with error = w·x + b − y"
    for w, b, rate in ((0.5, 1.0, 0.1), (2.0, -1.0, 0.02)):
        what = f"(w, b) after one step from ({w}, {b}) at rate {rate}"
        start, slopes = np.array([w, b]), _slopes(w, b)
        right = start - rate * slopes
        mistakes = [
            Mistake(start, "nothing moved: subtract the learning rate times the slope"),
            Mistake(start + rate * slopes, "that increases the loss: subtract the step instead of adding it"),
            Mistake(start - rate * slopes / 2, "the derivative of a square brings a factor 2"),
            Mistake(start - rate * slopes * len(X), "take the mean over the rows: a sum grows with the data"),
            Mistake(start - slopes, "the learning rate is missing"),
            Mistake(
                start - rate * slopes[1], "the slope by w has a factor x, because w multiplies x in the prediction"
            ),
            Mistake([right[0], b - rate * _slopes(right[0], b)[1]], "compute both slopes before you change w"),
            Mistake(right[::-1], "return w first, then b"),
        ]
        given = called(answer, w, b, X, Y, rate, expected=what, signature=signature)
        array(_pair(given), right, what=what, mistakes=mistakes, hint=hint)
    return "A network does this for each of its weights; Adam also adapts the size of each step."


def _slopes(w: float, b: float) -> Array:
    """Of the mean squared error, by w and by b: (2,)."""
    error = w * X + b - Y
    return np.array([2 * (error * X).mean(), 2 * error.mean()])


def _pair(given: Any) -> Any:
    """Two numbers; each may be an array of one value."""
    if isinstance(given, tuple | list) and len(given) == 2:
        return [np.asarray(value).reshape(()) if np.size(value) == 1 else value for value in given]
    if isinstance(given, np.ndarray) and given.shape == (2,):
        return given
    raise NotYetError("the pair (w, b)", type(given).__name__, "end with `return w, b`")


TRAIN = np.array([[100.0, 1.0], [300.0, 3.0], [500.0, 28.0]])
TEST = np.array([[200.0, 7.0], [700.0, 365.0]])


def normalise(answer: Any) -> str:
    """A function of training and other rows, (rows, features): the others, by the training rows' mean and std."""
    what = "the other rows, normalised with the training rows"
    mean, std = TRAIN.mean(axis=0), TRAIN.std(axis=0)
    own = (TEST - TEST.mean(axis=0)) / TEST.std(axis=0)
    both = np.concatenate([TRAIN, TEST])
    mistakes = [
        Mistake(own, "that uses the mean and standard deviation of the other rows: take them from training alone"),
        Mistake(
            (TEST - both.mean(axis=0)) / both.std(axis=0),
            "the test rows are included in the mean: use the training rows alone",
        ),
        Mistake(
            (TEST - TRAIN.mean()) / TRAIN.std(),
            "each feature has its own mean and standard deviation: compute them along axis 0",
        ),
        Mistake((TEST - mean) / TRAIN.var(axis=0), "divide by the standard deviation, the root of the variance"),
        Mistake(TEST - mean, "divide by the standard deviation too"),
        Mistake(TEST / std, "subtract the mean first"),
        Mistake((TRAIN - mean) / std, "those are the training rows: return the other ones"),
    ]
    signature = "normalise(train, rows)"
    given = called(answer, TRAIN, TEST, expected=what, signature=signature)
    array(given, (TEST - mean) / std, what=what, mistakes=mistakes, hint="(rows − mean) / standard deviation")
    return "The network's first layer does the same, with statistics of the training rows."


EXERCISES: dict[str, Judge] = {
    "rmse": rmse,
    "parameters": parameters,
    "gradient_step": gradient_step,
    "normalise": normalise,
}

HINTS = {
    "rmse": "np.sqrt(np.mean(…)) of the squared differences: the square is innermost, the root is outermost",
    "parameters": "three lines: inputs × width + width, width × width + width, width × 1 + 1; then their sum",
    "gradient_step": "error = w * x + b - y; the new w is w - rate * 2 * np.mean(error * x), b likewise without x",
    "normalise": "train.mean(axis=0) and train.std(axis=0) have one value per feature; use them on rows",
}

VARIANTS = {
    "parameters": Variants(
        "{inputs} inputs, two hidden layers of {width} units, and one output",
        {"inputs": (5, 6, 7, 9, 11, 12), "width": (10, 12, 15, 24, 30, 32)},
    )
}

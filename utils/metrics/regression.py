"""Metrics of regression."""

from __future__ import annotations

import numpy as np

from utils.metrics.metric import Array


def rmse(truth: Array, prediction: Array) -> float:
    """Root of the mean squared error, in the target's unit. Both (rows,)."""
    return float(np.sqrt(np.mean((prediction - truth) ** 2)))


def standardized_mse(truth: Array, prediction: Array, std: float) -> float:
    """Mean squared error of targets that were divided by a standard deviation: 1 is about that of the mean.

    Args:
        truth: (rows,).
        prediction: (rows,).
        std: the standard deviation, in the target's unit.
    """
    return float(np.mean(((prediction - truth) / std) ** 2))


def mae(truth: Array, prediction: Array) -> float:
    """Mean absolute error, in the target's unit. Both (rows,)."""
    return float(np.mean(np.abs(prediction - truth)))


def r2(truth: Array, prediction: Array) -> float:
    """Coefficient of determination: 1 is perfect, 0 is that of the mean of `truth`. Both (rows,).

    NaN if all true values are equal.
    """
    spread = np.sum((truth - np.mean(truth)) ** 2)
    return float(1 - np.sum((prediction - truth) ** 2) / spread) if spread > 0 else float("nan")

"""What a trained model looks at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.metrics import Metric

Array = NDArray[Any]


def permutation_importance(
    predict: Callable[[Array], Array],
    inputs: Array,
    targets: Array,
    metric: Metric,
    *,
    repeats: int = 20,
    seed: int = 0,
) -> Array:
    """How much worse the metric becomes when a column's values are dealt out anew among the rows.

    Args:
        predict: raw inputs to predictions.
        inputs: (rows, features), held out.
        targets: (rows,).
        metric: its direction decides the sign: positive is worse.
        repeats: shuffles of each column.
        seed: draws them.

    Returns:
        (features, repeats), in the metric's unit.

    Source:
        Breiman, Random Forests, Machine Learning 45 (2001), section 10; Fisher, Rudin and Dominici (2019).
    """
    random = np.random.default_rng(seed)
    rows, features = inputs.shape
    # All shuffled tables go through the model in one call.
    tables = np.broadcast_to(inputs, (features, repeats, rows, features)).copy()
    for feature in range(features):
        for repeat in range(repeats):
            tables[feature, repeat, :, feature] = random.permutation(inputs[:, feature])
    predictions = predict(tables.reshape(-1, features)).reshape(features, repeats, rows)
    sign = 1 if metric.better == "lower" else -1
    whole = metric.function(targets, predict(inputs))
    return np.array(
        [[sign * (metric.function(targets, guess) - whole) for guess in guesses] for guesses in predictions]
    )

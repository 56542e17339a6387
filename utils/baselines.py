"""What a network has to beat: scikit-learn's models on the very rows that the network had."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.splits import Splits


def regression_baselines(splits: Splits, seed: int) -> dict[str, NDArray[Any]]:
    """Test predictions of the mean, of linear regression and of histogram gradient boosting.

    Each is fitted on training and validation rows together: none of them chooses anything on validation, and the
    network has seen both. Default settings, so that nothing was tuned on either side of the comparison.

    Args:
        splits: tables, inputs (rows, features).
        seed: of the boosting.

    Returns:
        By name, (test rows,) float64.
    """
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    inputs = np.concatenate([splits.train.inputs, splits.validation.inputs]).astype("float64")
    targets = np.concatenate([splits.train.targets, splits.validation.targets]).astype("float64")
    models = {
        "mean": DummyRegressor(),
        "linear_regression": make_pipeline(StandardScaler(), LinearRegression()),
        "gradient_boosting": HistGradientBoostingRegressor(random_state=seed),
    }
    return {
        name: model.fit(inputs, targets).predict(splits.test.inputs.astype("float64")) for name, model in models.items()
    }

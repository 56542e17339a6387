"""Classical models as baselines: a support vector machine, a decision tree and a random forest, on the same rows.

All three together take at most about half a minute on one core, by the limits on the rows below. A name says on how
many rows a model was fitted, unless on all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.datasets.splits import Splits
from utils.metrics.baselines import ON_PIXELS, fitting_rows, large, plain, probabilities_of

Array = NDArray[Any]

MACHINE_ROWS = {"table": 5_000, "images": 2_000}
"""Largest number of rows for the support vector machine, whose time grows with their square."""
TREE_ROWS = {"table": 20_000, "images": 5_000}
"""Largest number of rows for the tree and the forest."""
LEAF = 5
"""Fewest rows in a leaf of the single tree: with one row each, its probabilities would be 0 and 1."""
FOLDS = 3
"""Folds of the cross-validation that calibrates the probabilities of the machine."""


def classical_baselines(config: Any, splits: Splits) -> dict[str, Array]:
    """Test predictions of a support vector machine, a decision tree and a random forest.

    Each is fitted on training and validation rows together, or on a random choice of these. The inputs are those of
    the linear models: one-hot encoded levels, or pixels of images that are at most 32 pixels high or wide. Settings are
    scikit-learn's defaults without tuning, but for LEAF; the machine has an RBF kernel on standardized columns (and a
    standardized target), and its probabilities are calibrated by cross-validation.

    Args:
        config: the lab's config, for its seed.
        splits: tables, or images, (rows, height, width, channels) uint8.

    Returns:
        By name, (test rows,) or (test rows, classes) float64. The machine is left out if a class has a single row.
    """
    kind = "table" if splits.features else "images"
    pixels = ON_PIXELS if kind == "images" and large(splits.train.inputs) else ""
    every = len(splits.train) + len(splits.validation)
    tested = plain(splits, splits.test.inputs, np.arange(len(splits.test)))
    inputs, targets = fitting_rows(splits, config.seed, max(MACHINE_ROWS[kind], TREE_ROWS[kind]))
    shuffled = np.random.default_rng(config.seed).permutation(len(targets))
    found = {}
    for name, most in (
        ("support_vector_machine", MACHINE_ROWS),
        ("decision_tree", TREE_ROWS),
        ("random_forest", TREE_ROWS),
    ):
        rows = np.sort(shuffled[: most[kind]])
        model = _model(name, splits, targets[rows], config.seed)
        if model is not None:
            model.fit(inputs[rows], targets[rows])
            whole = name + pixels + ("" if len(rows) == every else f"_on_{len(rows)}_rows")
            found[whole] = probabilities_of(splits, model, tested) if splits.class_names else model.predict(tested)
    return found


def _model(name: str, splits: Splits, targets: Array, seed: int) -> Any:
    """A model that is not fitted; None if a class has too few rows for a cross-validation."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC, SVR
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    of_classes = bool(splits.class_names)
    if name == "decision_tree":
        tree = DecisionTreeClassifier if of_classes else DecisionTreeRegressor
        return tree(min_samples_leaf=LEAF, random_state=seed)
    if name == "random_forest":
        return (RandomForestClassifier if of_classes else RandomForestRegressor)(random_state=seed)
    if not of_classes:
        return TransformedTargetRegressor(make_pipeline(StandardScaler(), SVR()), transformer=StandardScaler())
    folds = min(FOLDS, np.unique(targets, return_counts=True)[1].min())
    machine = make_pipeline(StandardScaler(), SVC())
    return CalibratedClassifierCV(machine, ensemble=False, cv=int(folds)) if folds > 1 else None

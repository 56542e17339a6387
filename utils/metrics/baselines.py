"""Baselines that a network has to beat: models of scikit-learn on the same rows."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.named_arrays import take
from utils.datasets.splits import Splits
from utils.datasets.tables.columns import coded, one_hot


def _alone() -> AbstractContextManager[Any]:
    """Boosting runs in one thread: OpenMP's threads are a hundred times slower on a busy machine."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(1, user_api="openmp")
    return limits


def regression_baselines(splits: Splits, seed: int) -> dict[str, NDArray[Any]]:
    """Test predictions of the mean, of linear regression and of histogram gradient boosting.

    Each is fitted on the training and validation rows together: none of them uses validation to choose anything, and
    the network has used both. The settings are the defaults, without tuning.

    Args:
        splits: tables.
        seed: seed of the boosting.

    Returns:
        By name, (test rows,) float64.
    """
    from sklearn.dummy import DummyRegressor
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def encoded(inputs: Any) -> NDArray[Any]:
        return one_hot(inputs, splits.features, splits.categories)

    inputs = np.concatenate([encoded(splits.train.inputs), encoded(splits.validation.inputs)])
    targets = np.concatenate([splits.train.targets, splits.validation.targets]).astype("float64")
    models = {
        "mean": DummyRegressor(),
        "linear_regression": make_pipeline(StandardScaler(), LinearRegression()),
        "gradient_boosting": HistGradientBoostingRegressor(random_state=seed),
    }
    tested = encoded(splits.test.inputs)
    with _alone():
        return {name: model.fit(inputs, targets).predict(tested) for name, model in models.items()}


ON_FROZEN_FEATURES = "logistic_regression_on_frozen_features"
"""The name of a baseline that `utils.pretrained.feature_baseline` fits on the training rows alone."""
LOGISTIC_ROWS = 5_000
"""Largest number of rows for logistic regression on images; more would take longer than the network."""
READ_AT_A_TIME = 256
"""Number of images in memory at full size while they are downscaled."""
REDUCED = 32
"""Side in pixels to which larger images are downscaled for it: one weight per pixel would overfit."""
ON_PIXELS = f"_at_{REDUCED}_pixels"
"""What the name of a baseline says of it."""


def classification_baselines(splits: Splits, seed: int) -> dict[str, NDArray[Any]]:
    """Test probabilities of the class frequencies, of logistic regression and, for tables, of gradient boosting.

    Each is fitted on training and validation rows together. Images are flattened and scaled to [0, 1]; larger ones
    are first averaged down to REDUCED pixels per side. The regression uses at most LOGISTIC_ROWS of them. Its name
    says both.

    Args:
        splits: tables, or images, (rows, height, width, channels) uint8.
        seed: seed of the boosting and of the choice of rows.

    Returns:
        By name, (test rows, classes) float64.
    """
    from sklearn.dummy import DummyClassifier
    from sklearn.ensemble import HistGradientBoostingClassifier

    pictures = not splits.features
    parts = (splits.train, splits.validation)
    targets = np.concatenate([part.targets for part in parts])
    prior = DummyClassifier(strategy="prior").fit(np.zeros((len(targets), 1)), targets)
    guesses = {"class_frequencies": probabilities_of(splits, prior, np.zeros((len(splits.test), 1)))}
    inputs, chosen = fitting_rows(splits, seed, LOGISTIC_ROWS if pictures else len(targets))
    name = "logistic_regression"
    name += ON_PIXELS if pictures and large(splits.train.inputs) else ""
    name += "" if len(chosen) == len(targets) else f"_on_{len(chosen)}_rows"
    model = _logistic(splits).fit(inputs, chosen)
    guesses[name] = probabilities_of(splits, model, plain(splits, splits.test.inputs, np.arange(len(splits.test))))
    if not pictures:
        first, second, tested = (coded(p.inputs, splits.features, splits.categories) for p in (*parts, splits.test))
        categorical = [feature in splits.categories for feature in splits.features]
        boosting = HistGradientBoostingClassifier(categorical_features=categorical, random_state=seed)
        with _alone():
            boosting.fit(np.concatenate([first, second]), targets)
            guesses["gradient_boosting"] = probabilities_of(splits, boosting, tested)
    return guesses


def fitting_rows(splits: Splits, seed: int, most: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Inputs (as of `plain`) and targets of training and validation rows, or of a random choice of `most` of them."""
    parts = (splits.train, splits.validation)
    targets = np.concatenate([part.targets for part in parts])
    chosen = np.sort(np.random.default_rng(seed).permutation(len(targets))[:most])
    first = len(parts[0])
    halves = chosen[chosen < first], chosen[chosen >= first] - first
    inputs = [plain(splits, part.inputs, rows) for part, rows in zip(parts, halves, strict=True) if len(rows)]
    return np.concatenate(inputs), targets[chosen]


def probabilities_of(splits: Splits, model: Any, inputs: NDArray[Any]) -> NDArray[np.float64]:
    """A fitted model's probabilities, (rows, classes); 0 for a class that it was not fitted on."""
    whole = np.zeros((len(inputs), len(splits.class_names)))
    whole[:, model.classes_] = model.predict_proba(inputs)
    return whole


def plain(splits: Splits, inputs: Any, rows: NDArray[np.intp]) -> NDArray[Any]:
    """Rows for a linear model: pixels in [0, 1], one-hot encoded levels. Large images are read in small batches."""
    if splits.features:
        return one_hot(take(inputs, rows), splits.features, splits.categories)
    parts = np.array_split(rows, max(1, len(rows) // READ_AT_A_TIME))
    return np.concatenate([_pixels(inputs[part]) for part in parts])


def _pixels(pictures: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Pixels (images, values) in [0, 1]; larger images are downscaled."""
    small = np.stack([_reduced(picture) for picture in pictures]) if large(pictures) else pictures
    return small.reshape(len(pictures), -1) / 255.0


def large(pictures: Any) -> bool:
    """Whether images are downscaled."""
    return min(pictures.shape[1:3]) > REDUCED


def _reduced(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(height, width, channels) averaged down to (REDUCED, REDUCED, channels)."""
    from PIL import Image

    small = Image.fromarray(picture.squeeze()).resize((REDUCED, REDUCED), Image.Resampling.BOX)
    return np.asarray(small).reshape(REDUCED, REDUCED, -1)


def _logistic(splits: Splits) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if not splits.features:
        return LogisticRegression(max_iter=1000, tol=1e-2)  # pixels already have the same scale
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))

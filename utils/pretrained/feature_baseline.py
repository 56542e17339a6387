"""Logistic regression on features of a frozen backbone: what a network for images has to beat.

Its strength is chosen on validation. The transfer lab also trains its head at this strength.
"""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.choices import Augmentation
from utils.base.named_arrays import take
from utils.datasets.locate import lacks_package
from utils.datasets.splits import Split, Splits
from utils.metrics.baselines import ON_FROZEN_FEATURES
from utils.metrics.classical import classical_baselines
from utils.pretrained import backbones
from utils.pretrained.backbones import BACKBONES, FEATURES
from utils.pretrained.feature_cache import Extractor, Pictures, PicturesInMemory

Array = NDArray[Any]

STRENGTHS = tuple(10.0 ** (step / 2) for step in range(-8, 3))
"""Values of scikit-learn's C that are tried, the strongest penalty first."""
PATIENCE = 2
"""Number of values without a lower loss on validation after which no weaker penalty is tried."""
LEAST_VARIANCE = 0.3
"""Smallest variance that a feature is standardized with, relative to the mean variance of the features."""
ROWS, VALIDATION_ROWS = 5_000, 2_000
"""Largest numbers of rows to fit on and to choose the strength on."""
BACKBONE = next(iter(BACKBONES))
"""The backbone of `image_baselines`; its weights are in a package."""
SIDES = (112, 224)
"""Smallest and largest side in pixels at which `image_baselines` passes images through the backbone."""
PICTURES, VALIDATION_PICTURES = 2_000, 500
"""Largest numbers of training and validation images of `image_baselines`: it takes seconds, not minutes."""


@dataclass(frozen=True)
class Regression:
    """Logistic regression on standardized features.

    Attributes:
        strength: scikit-learn's C: the larger, the weaker the penalty.
        l2: weight of the squared weights of a softmax layer in the mean cross-entropy that gives the same predictions.
        mean: (columns,) of the training features.
        deviation: (columns,) standard deviations, none of them too small.
        losses: (judged,) cross-entropy in nat of the validation rows by which the strength was chosen.
        judged: (judged,) their row numbers: all, unless there are very many.
        rows: number of rows that it is fitted on.
        model: the fitted model of scikit-learn.
    """

    strength: float
    l2: float
    mean: Array
    deviation: Array
    losses: Array
    judged: NDArray[np.intp]
    rows: int
    model: Any

    def probabilities(self, features: Any, classes: int) -> NDArray[np.float64]:
        """Probabilities of features (rows, columns), in memory or on disk: (rows, classes)."""
        whole = np.zeros((len(features), classes))
        whole[:, self.model.classes_] = self.model.predict_proba((features[:] - self.mean) / self.deviation)
        return whole

    def name(self, rows: int) -> str:
        """Its name as a baseline; says on how many of the rows it is fitted, unless on all."""
        return ON_FROZEN_FEATURES + ("" if rows == self.rows else f"_of_{self.rows}_rows")


def standardization(features: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and variance to standardize features with, (columns,) each; reads some rows at a time.

    A feature that is nearly always 0 would become huge where it is not, so no variance is below a fraction of the mean
    variance of all features.

    Args:
        features: (rows, columns), in memory or on disk.
    """
    total = np.zeros((2, *features.shape[1:]))
    for start in range(0, len(features), 1024):
        values = features[start : start + 1024].astype("float64")
        total += values.sum(axis=0), (values**2).sum(axis=0)
    mean, square = total / len(features)
    variance = np.maximum(square - mean**2, 0)
    return mean, np.maximum(variance, LEAST_VARIANCE * variance.mean() or 1.0)


def regress(features: Any, targets: Array, held: Any, held_targets: Array) -> Regression:
    """Fit logistic regression on features, at the strength with the lowest cross-entropy on validation.

    Args:
        features: training features, (rows, columns), in memory or on disk; at most ROWS of them are used.
        targets: class numbers, (rows,).
        held: validation features, likewise at most VALIDATION_ROWS.
        held_targets: their class numbers.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    chosen, judged = spaced(len(targets), ROWS), spaced(len(held_targets), VALIDATION_ROWS)
    mean, variance = standardization(features)
    deviation = np.sqrt(variance)
    rows, truth = (features[chosen] - mean) / deviation, targets[chosen]
    best: Regression | None = None
    model, worse = LogisticRegression(max_iter=1000, tol=1e-3, warm_start=True), 0
    for strength in STRENGTHS:
        # Threads of BLAS that wait for each other on a busy machine take twenty times as long as one.
        with threadpool_limits(1), warnings.catch_warnings():
            # A fit that stops early only has a slightly stronger penalty.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.set_params(C=strength).fit(rows, truth)
        l2, fitted = _l2(model, len(rows)), copy.deepcopy(model)
        found = Regression(strength, l2, mean, deviation, np.empty(0), judged, len(rows), fitted)
        losses = cross_entropies(held_targets[judged], found.probabilities(held[judged], int(targets.max()) + 1))
        if best is None or losses.mean() < best.losses.mean():
            best, worse = replace(found, losses=losses), 0
        elif (worse := worse + 1) == PATIENCE:
            break
    assert best is not None, "there are strengths"
    return best


def _l2(model: Any, rows: int) -> float:
    """The weight of the squared weights of a softmax layer that corresponds to C.

    With two classes scikit-learn has one vector of weights: the difference of the two vectors of the layer, whose
    squared norms add up to half of that of the difference.
    """
    return float((1.0 if len(model.classes_) == 2 else 0.5) / (model.C * rows))


def cross_entropies(targets: Array, probabilities: Array) -> NDArray[np.float64]:
    """The cross-entropy of each row in nat, from class numbers (rows,) and probabilities (rows, classes)."""
    own = probabilities[np.arange(len(targets)), targets]
    return np.asarray(-np.log(np.maximum(own, 1e-12)), dtype="float64")


def image_baselines(config: Any, splits: Splits) -> dict[str, NDArray[np.float64]]:  # noqa: ARG001
    """Test probabilities of logistic regression on features of a frozen backbone, for a lab on images.

    The features are the last ones of EfficientNet-Lite0. They are computed once and cached.

    Args:
        config: the lab's config, which changes nothing here.
        splits: images, inputs (rows, height, width, 1 or 3) uint8, in memory or on disk.

    Returns:
        By name, (test rows, classes) float64; nothing for tables, or if the weights are not installed.
    """
    inputs = splits.train.inputs
    if splits.features or inputs.ndim != 4 or inputs.dtype != np.uint8 or lacks_package(BACKBONES[BACKBONE].entry):
        return {}
    side = int(np.clip(max(inputs.shape[1:3]), *SIDES))
    extractor = Extractor(backbones.obtain(BACKBONE), side, Augmentation())

    def features(part: Split, rows: NDArray[np.intp]) -> Any:
        return extractor.views(_pictures(take(part.inputs, rows)), FEATURES)[0]

    chosen = spaced(len(splits.train), PICTURES), spaced(len(splits.validation), VALIDATION_PICTURES)
    train, validation = (
        (features(part, rows), part.targets[rows])
        for part, rows in zip((splits.train, splits.validation), chosen, strict=True)
    )
    regression = regress(*train, *validation)
    tested = features(splits.test, np.arange(len(splits.test)))
    return {regression.name(len(splits.train)): regression.probabilities(tested, len(splits.class_names))}


def slow_baselines(config: Any, splits: Splits) -> dict[str, NDArray[np.float64]]:
    """The classical models of `utils.metrics.classical`, and for images logistic regression on frozen features.

    Arguments and result as of `image_baselines`, but tables are accepted, too.
    """
    return {**classical_baselines(config, splits), **image_baselines(config, splits)}


def _pictures(inputs: Any) -> Pictures:
    return PicturesInMemory(inputs) if isinstance(inputs, np.ndarray) else inputs


def spaced(rows: int, most: int) -> NDArray[np.intp]:
    """At most that many row numbers, evenly spaced, ascending."""
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.intp)

"""The pneumonia lab: what it trains, and how it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs import find_definition
from labs.pneumonia import data, figures, model
from labs.pneumonia.config import FIXED, Config
from utils.datasets.splits import Splits
from utils.images import augment
from utils.metrics import classification, two_classes
from utils.metrics.baselines import classification_baselines
from utils.metrics.metric import Metric
from utils.networks.compiling import compile_arguments, cross_entropy
from utils.pretrained.feature_baseline import slow_baselines
from utils.runs.supervised import SupervisedLab

METRICS: dict[str, Metric] = {
    "auc": Metric(classification.auc, "higher"),
    **two_classes.METRICS,
    "log_loss": classification.METRICS["log_loss"],
    "ece": classification.METRICS["ece"],
}


class PneumoniaLab(SupervisedLab):
    """Convolutional networks for chest X-rays, evaluated as medicine evaluates a test."""

    definition = find_definition("pneumonia")
    metrics = METRICS
    caution = "A teaching model, not a medical device: it must not be used to judge the radiograph of a patient."
    load = staticmethod(data.load)
    read = staticmethod(data.read)
    build = staticmethod(model.build)
    transform = staticmethod(augment.transform)
    slow_baselines = staticmethod(slow_baselines)
    figures = staticmethod(figures.draw)

    def compile(self, config: Config, splits: Splits) -> dict[str, Any]:
        """Cross-entropy over two classes, as in the course."""
        loss = cross_entropy(2, config.label_smoothing)
        return compile_arguments(config, loss, rows=len(splits.train), metrics=["accuracy"])

    def baselines(self, config: Config, splits: Splits) -> Mapping[str, NDArray[Any]]:
        """Class frequencies and logistic regression on the same radiographs, downscaled."""
        return classification_baselines(splits, config.seed)

    def threshold(self, config: Config, truth: NDArray[Any], probabilities: NDArray[Any]) -> float:
        """The probability from which pneumonia is predicted, chosen on validation by the config's policy."""
        return two_classes.choose_threshold(truth, probabilities, config.policy, config.reach)

    def details(self, splits: Splits, predictions: NDArray[Any], threshold: float | None) -> dict[str, Any]:
        """The test split at fixed thresholds and at the chosen one, and the errors by the cause in the file names."""
        assert threshold is not None, "this lab always chooses one"
        test = splits.test
        chosen, *fixed = two_classes.operating_points(test.targets, predictions, [threshold, *FIXED])
        positive = two_classes.found(predictions, threshold)
        kinds = data.kinds(test, splits.class_names)
        by_kind = {
            str(kind): {
                "rows": int((kinds == kind).sum()),
                "called_class_1": int(positive[kinds == kind].sum()),
                "mean_probability": float(predictions[kinds == kind, 1].mean()),
            }
            for kind in np.unique(kinds)
        }
        return {
            "positive": splits.class_names[1],
            "chosen": chosen,
            "fixed": {f"{point['threshold']:g}": point for point in fixed},
            "by_kind": by_kind,
        }

    def remarks(self, details: Mapping[str, Any]) -> Sequence[str]:
        """Which class is the positive one."""
        return [
            f"The positive class is {details['positive']}: sensitivity is the fraction of its radiographs that are "
            "found, specificity the fraction of the others that are not reported."
        ]


lab = PneumoniaLab()

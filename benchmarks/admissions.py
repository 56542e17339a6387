"""Compare the presets of the classification lab on admissions with their baselines, over random splits.

    python -m benchmarks.admissions [splits | cross-validation]

A test split has 80 rows, on which one accuracy says little: the models are compared on the same rows of 20 splits.
The settings were chosen by a cross-validation without the test rows of split 0, which is measured, too. About three
minutes on one core.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any, Literal

from tyro.conf import Positional

from benchmarks.pages.results import record, recorded
from labs.cli import options
from labs.cli.main import status_of
from utils.base.keras_import import import_keras

SPLITS = range(20)
"""The seeds of the splits, and of the trainings."""
METRICS = ("log_loss", "accuracy")
PRESETS = ("course", "best")
FOLDS = 5
HIDDEN = {"layers": 1, "epochs": 60, "learning_rate": 1e-3}
TRIED: dict[str, dict[str, Any]] = {
    "best": {},
    "without dropout": {"dropout": 0.0},
    "dropout 0.5": {"dropout": 0.5},
    "16 hidden units, dropout 0.3": {**HIDDEN, "units": 16, "dropout": 0.3},
    "64 hidden units, dropout 0.3": {**HIDDEN, "units": 64, "dropout": 0.3},
    "64 hidden units, dropout 0.5": {**HIDDEN, "units": 64, "dropout": 0.5},
    "layers of 256, 128 and 64, 20 epochs": {**HIDDEN, "layers": 3, "units": 256, "epochs": 20, "batch_size": 64},
}
"""Differences from `best`, by description; 16 hidden units were `best` before."""


def by_split() -> dict[str, dict[str, list[float]]]:
    """The test metrics of the presets and of the baselines, by split."""
    import keras

    from labs.classification.lab import lab
    from utils.export.predictor import predictor
    from utils.metrics.baselines import classification_baselines
    from utils.training.results import silent

    found: dict[str, dict[str, list[float]]] = {}

    def note(name: str, targets: Any, probabilities: Any) -> None:
        for metric in METRICS:
            value = float(lab.metrics[metric].function(targets, probabilities))
            found.setdefault(name, {}).setdefault(metric, []).append(value)

    for seed in SPLITS:
        for preset in PRESETS:
            config = replace(lab.preset(preset, "admissions"), split_seed=seed, seed=seed)
            splits = lab.load(config)
            model, _ = lab.train(config, splits, None, silent)
            note(preset, splits.test.targets, predictor(model).predict(splits.test.inputs))
            keras.backend.clear_session()
        # All presets have the same test rows, and the baselines use training and validation rows alike.
        for name, probabilities in classification_baselines(splits, seed).items():
            note(name, splits.test.targets, probabilities)
    return found


def by_cross_validation() -> dict[str, list[float]]:
    """The log loss of settings on each fold of the rows for training and validation of split 0."""
    import keras
    import numpy as np
    from sklearn.model_selection import StratifiedKFold

    from labs.classification.lab import lab
    from utils.base.named_arrays import concatenate, take
    from utils.datasets.splits import Split
    from utils.export.predictor import predictor
    from utils.metrics.baselines import classification_baselines
    from utils.training.results import silent

    splits = lab.load(lab.preset("best", "admissions"))
    parts = (splits.train, splits.validation)
    inputs, targets = concatenate([part.inputs for part in parts]), np.concatenate([part.targets for part in parts])
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(targets, targets)
    log_loss = lab.metrics["log_loss"].function
    found: dict[str, list[float]] = {}
    for seed, (kept, held) in enumerate(folds):
        train, held_out, none = (Split(take(inputs, rows), targets[rows]) for rows in (kept, held, kept[:0]))
        # No setting uses validation: its rows are those that are held out.
        fold = replace(splits, train=train, validation=held_out, test=held_out)
        for name, changes in TRIED.items():
            config = replace(lab.preset("best", "admissions"), seed=seed, **changes)
            model, _ = lab.train(config, fold, None, silent)
            found.setdefault(name, []).append(float(log_loss(targets[held], predictor(model).predict(held_out.inputs))))
            keras.backend.clear_session()
        for name, predicted in classification_baselines(replace(fold, validation=none), seed).items():
            found.setdefault(name, []).append(float(log_loss(targets[held], predicted)))
    return found


@dataclass(frozen=True)
class Admissions:
    """Compare the presets of the classification lab on admissions with their baselines, over random splits."""

    only: Positional[Literal["all", "splits", "cross-validation"]] = "all"
    """What is measured; the rest of the record stays."""

    def execute(self) -> int:
        """Measure and record."""
        import_keras()
        found: dict[str, Any] = {"splits": list(SPLITS)}
        if self.only != "all":
            earlier = recorded("admissions")
            found |= {name: earlier[name] for name in ("models", "cross_validation") if name in earlier}
        if self.only != "cross-validation":
            found["models"] = by_split()
        if self.only != "splits":
            found["cross_validation"] = by_cross_validation()
        record("admissions", found)
        return 0


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Admissions, sys.argv[1:], "python -m benchmarks.admissions")))

"""Compare the presets of the classification lab on admissions with their baselines, over random splits.

    python -m benchmarks.admissions

A test split has 80 rows, on which one accuracy says little: the models are compared on the same rows of 20 splits.
About two minutes on one core.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.pages.results import record
from labs.cli import options
from labs.cli.main import status_of
from utils.base.keras_import import import_keras

SPLITS = range(20)
"""The seeds of the splits, and of the trainings."""
METRICS = ("log_loss", "accuracy")
PRESETS = ("course", "best")


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


@dataclass(frozen=True)
class Admissions:
    """Compare the presets of the classification lab on admissions with their baselines, over random splits."""

    def execute(self) -> int:
        """Measure and record."""
        import_keras()
        record("admissions", {"splits": list(SPLITS), "models": by_split()})
        return 0


if __name__ == "__main__":
    sys.exit(status_of(lambda: options.execute(Admissions, sys.argv[1:], "python -m benchmarks.admissions")))

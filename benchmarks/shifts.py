"""How much a shift of a radiograph changes the prediction of an MLP and of CNNs with and without pooling.

    python -m benchmarks.shifts

The radiographs are those of PneumoniaMNIST, 28 × 28, with its official splits.
"""

from __future__ import annotations

from typing import Any

from benchmarks.pages.results import record
from utils.base.keras_import import import_keras

SEEDS = (1, 2, 3, 4, 5)
SHIFTS = (1, 2, 3, 4)
"""Pixels, of 28."""
DATA = "pneumoniamnist"


def measured() -> dict[str, Any]:
    """By network, over the seeds: AUC on the test split, and the mean change of the probability for each shift."""
    import_keras()
    import numpy as np

    from labs.pneumonia import experiments
    from labs.pneumonia.config import Config
    from labs.pneumonia.lab import lab
    from utils.metrics.classification import auc

    splits = lab.splits(Config(data=DATA, network="residual"))  # at its own size
    test = splits.test.inputs[:]
    found: dict[str, dict[str, Any]] = {}
    for seed in SEEDS:
        for name, model in experiments.train_for_shifts(splits, seed).items():
            area = auc(splits.test.targets, model.predict(test, verbose=0))
            one = found.setdefault(name, {"parameters": model.count_params(), "auc": [], "changes": []})
            one["auc"].append(area)
            one["changes"].append(experiments.shift_changes(model, test, SHIFTS).tolist())
    for one in found.values():
        for key in ("auc", "changes"):
            values = np.array(one[key])
            one[f"{key}_mean"] = values.mean(axis=0).tolist()
            one[f"{key}_std"] = values.std(axis=0, ddof=1).tolist()
    return {"data": DATA, "rows": len(test), "seeds": list(SEEDS), "shifts": list(SHIFTS), "networks": found}


if __name__ == "__main__":
    record("shifts", measured())

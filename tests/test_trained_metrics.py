"""The trained metrics are where they were recorded, and a broken training is noticed."""

from __future__ import annotations

import statistics
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.results import recorded
from labs.regression.lab import lab
from utils import harness
from utils.splits import Splits

pytestmark = pytest.mark.metrics

SEEDS = (101, 102, 103)


def mean_rmse(splits: Splits) -> float:
    """Mean test RMSE of the quick preset over seeds that were not recorded."""
    found = []
    for seed in SEEDS:
        fitted = harness.fit(lab, replace(lab.preset("quick"), seed=seed), splits)
        found.append(harness.evaluate(fitted).metrics["test"]["rmse"]["value"])
    return statistics.mean(found)


def band() -> tuple[float, float]:
    """Where the mean of three seeds lies, by Student's t at 1 % from the recorded seeds."""
    from scipy.stats import t

    quick = recorded("regression")["data"]["concrete"]["quick"]
    centre, n = quick["test"]["rmse"], len(quick["seeds"])
    half = t.ppf(0.995, n - 1) * centre["std"] * np.sqrt(1 / n + 1 / len(SEEDS))
    return centre["mean"] - half, centre["mean"] + half


def test_quick_is_in_its_band() -> None:
    low, high = band()
    assert low <= mean_rmse(lab.splits(lab.preset("quick"))) <= high


def test_shuffled_targets_leave_the_band() -> None:
    splits = lab.splits(lab.preset("quick"))
    shuffled = np.random.default_rng(0).permutation(splits.train.targets)
    half = np.where(np.arange(len(shuffled)) % 2, shuffled, splits.train.targets)
    low, high = band()
    assert not low <= mean_rmse(replace(splits, train=replace(splits.train, targets=half))) <= high

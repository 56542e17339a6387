"""Classical models as baselines: on the same rows as the others, within limits that their names state."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from utils.base.named_arrays import take
from utils.datasets.splits import Source, Split, Splits
from utils.metrics import classical
from utils.metrics.classical import classical_baselines

CONFIG: Any = SimpleNamespace(seed=3)
MADE = Source("made", "", "", simulated=False)
NAMES = ["support_vector_machine", "decision_tree", "random_forest"]


def table(rows: int, *, classes: int = 0) -> Splits:
    """Rows of a number and a category of three levels that decide the target."""
    random = np.random.default_rng(0)
    inputs = {"x": random.normal(0, 100, rows).astype("float32"), "c": random.integers(0, 3, rows)}
    values = inputs["x"] / 100 + 2 * (inputs["c"] == 1)
    noisy = values + random.normal(0, 0.1, rows)
    targets = (noisy > 1).astype("int64") if classes else values.astype("float32") * 50
    one, two, three = (Split(take(inputs, slice(start, None, 4)), targets[start::4]) for start in range(3))
    names = tuple("ab") if classes else ()
    about: Any = {"features": ("x", "c"), "categories": {"c": ("0", "1", "2")}, "class_names": names}
    return Splits(one, two, three, MADE, "y", **about)


def pictures(side: int, targets: Any) -> Splits:
    """Images whose brightness is that of their class."""
    random = np.random.default_rng(0)
    labels = np.asarray(targets)
    made = random.integers(0, 60, (len(labels), side, side, 1)) + 60 * labels[:, None, None, None]
    part = Split(made.astype("uint8"), labels)
    return Splits(part, part, part, MADE, "y", class_names=tuple("abc"))


def test_numbers() -> None:
    splits = table(400)
    found = classical_baselines(CONFIG, splits)
    assert list(found) == NAMES
    for name, prediction in found.items():
        assert prediction.shape == splits.test.targets.shape
        errors = np.abs(prediction - splits.test.targets)
        assert errors.mean() < 0.3 * splits.test.targets.std(), name
    again = classical_baselines(CONFIG, splits)
    assert all((again[name] == found[name]).all() for name in NAMES)


def test_classes() -> None:
    splits = table(400, classes=2)
    for name, probabilities in classical_baselines(CONFIG, splits).items():
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, err_msg=name)
        assert (probabilities.argmax(axis=1) == splits.test.targets).mean() > 0.9, name
        assert not set(np.unique(probabilities)) <= {0.0, 1.0}, name


@pytest.mark.parametrize(("side", "suffix"), [(8, ""), (40, "_at_32_pixels")])
def test_images_and_limits(side: int, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classical, "MACHINE_ROWS", {"images": 20})
    monkeypatch.setattr(classical, "TREE_ROWS", {"images": 50})
    found = classical_baselines(CONFIG, pictures(side, [0, 1, 2] * 10))
    rows = (20, 50, 50)
    assert list(found) == [f"{name}{suffix}_on_{count}_rows" for name, count in zip(NAMES, rows, strict=True)]
    assert all((probabilities.argmax(axis=1) == [0, 1, 2] * 10).all() for probabilities in found.values())


def test_a_class_with_a_single_row_leaves_the_machine_out() -> None:
    splits = pictures(8, [0, 0, 0, 1, 1, 1])
    few = Split(splits.train.inputs[:4], np.array([0, 0, 0, 1]))
    splits = Splits(few, Split(few.inputs[:2], few.targets[:2]), splits.test, MADE, "y", class_names=tuple("abc"))
    found = classical_baselines(CONFIG, splits)
    assert list(found) == NAMES[1:]
    assert all(probabilities.shape == (6, 3) and not probabilities[:, 2].any() for probabilities in found.values())

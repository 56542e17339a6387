"""Checks of splits: whether a model can be trained and tested on them, and what leaks between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.base.named_arrays import listed
from utils.datasets.splits import Splits, row_digests

Array = NDArray[Any]


def check_splits(splits: Splits, batch_size: int | None = None) -> Splits:
    """The splits, if a model can be trained and tested on them.

    Args:
        splits: training, validation and test rows.
        batch_size: rows per gradient step, or None where steps do not take rows of the splits.

    Raises:
        CallerError: a split is too small, a class is missing from training, or a batch exceeds the training split.
    """
    if batch_size is not None and batch_size > len(splits.train):
        raise CallerError(
            f"--batch-size: {batch_size} is more than the {len(splits.train)} training rows",
            f"give at most {len(splits.train)}",
        )
    trained = np.unique(listed(splits.train.targets)[0])
    for name, part in splits.parts().items():
        found = np.unique(listed(part.targets)[0])
        if len(found) < 2:
            raise CallerError(
                f"the {name} split has {len(part)} rows, too few to compare models",
                "use more data, or larger fractions for test and validation",
            )
        unseen = np.setdiff1d(found, trained)
        if splits.class_names and len(unseen):
            raise CallerError(
                f"the {name} split has rows of {splits.class_names[unseen[0]]}, but the training split has none",
                "add rows of that class, or leave it out",
            )
    return splits


def audit(splits: Splits) -> dict[str, Any]:
    """Leakage between the splits, and the accuracy of the majority class.

    Returns:
        `duplicates_across_splits`: distinct inputs that are in more than one split.
        `groups_across_splits`: groups with rows in more than one split.
        `test_rows_of_trained_groups`: test rows whose group also has rows in training or validation.
        `majority`: fraction of the test rows with the most frequent class of training; None for regression.
        `classes`: for classification, rows of each class by split.
    """
    parts = splits.parts()
    grouped = [part.groups for part in parts.values() if part.groups is not None]
    leaked = 0
    if grouped:
        leaked = int(np.isin(grouped[2], np.concatenate(grouped[:2])).sum())
    names = () if isinstance(splits.train.targets, Mapping) else splits.class_names
    counts = {split: np.bincount(part.targets, minlength=len(names)) for split, part in parts.items() if names}
    classes = {split: dict(zip(names, rows.tolist(), strict=True)) for split, rows in counts.items()}
    return {
        "duplicates_across_splits": _shared([row_digests(part.inputs) for part in parts.values()]),
        "groups_across_splits": _shared(grouped),
        "test_rows_of_trained_groups": leaked,
        "majority": float(counts["test"][counts["train"].argmax()] / counts["test"].sum()) if names else None,
        "classes": classes,
    }


def _shared(labels: list[Array]) -> int:
    """Number of distinct labels that are in more than one of the arrays."""
    if not labels:
        return 0
    _, counts = np.unique(np.concatenate([np.unique(label) for label in labels]), return_counts=True)
    return int((counts > 1).sum())

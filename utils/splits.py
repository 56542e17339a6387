"""Which rows train, which choose, which judge: made so that nothing leaks from one to the other, and audited."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.errors import CallerError

Array = NDArray[Any]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """The rows of one split.

    Attributes:
        inputs: raw model inputs, (rows, …), float32 or uint8.
        targets: (rows,) float32 for regression, int64 class numbers for classification.
        groups: (rows,) of the patient, song or concrete mix that each row comes from, or None.
    """

    inputs: Array
    targets: Array
    groups: Array | None = None

    def __len__(self) -> int:
        return len(self.inputs)


@dataclass(frozen=True)
class Source:
    """Where the rows come from: catalogue name, where it was found, digest of its bytes, real or SIMULATED."""

    name: str
    found: str
    digest: str
    simulated: bool


@dataclass(frozen=True)
class Splits:
    """Training, validation and test rows of one data set.

    Attributes:
        source: the data set.
        features: names of the input columns, for tables.
        target: what is predicted, as a name fit for an output of a model (`compressive_strength`).
        unit: unit of a regression target.
        class_names: by class number, for classification.
        load_seconds: what reading and splitting took.
    """

    train: Split
    validation: Split
    test: Split
    source: Source
    target: str
    features: tuple[str, ...] = ()
    unit: str = ""
    class_names: tuple[str, ...] = ()
    load_seconds: float = 0.0

    def parts(self) -> dict[str, Split]:
        """The three splits by name, training first."""
        return {"train": self.train, "validation": self.validation, "test": self.test}


class RowSplit(NamedTuple):
    """Row numbers of the three splits, each ascending."""

    train: Rows
    validation: Rows
    test: Rows

    def take(self, inputs: Array, targets: Array, groups: Array | None = None) -> tuple[Split, Split, Split]:
        """The three splits of arrays that hold all rows."""

        def part(rows: Rows) -> Split:
            return Split(inputs[rows], targets[rows], None if groups is None else groups[rows])

        return part(self.train), part(self.validation), part(self.test)


def row_digests(inputs: Array) -> Array:
    """A digest of each row's bytes, (rows,) of 16 bytes: equal rows and no others have equal digests."""
    rows = np.ascontiguousarray(inputs + 0.0 if inputs.dtype.kind == "f" else inputs)  # −0.0 becomes 0.0
    digests = [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]
    return np.array(digests, dtype="V16")


def glue(*labels: Array) -> Rows:
    """One group number a row, such that rows which share any label share the group, also through other rows.

    Args:
        labels: arrays of (rows,): patients, digests, song names.

    Example:
        glue(np.array(["a", "a", "b", "c"]), np.array([1, 2, 2, 3]))  # [0, 0, 0, 1]
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows = len(labels[0])
    starts, ends, nodes = [], [], rows
    for label in labels:
        values, numbers = np.unique(label, return_inverse=True)
        starts.append(np.arange(rows))
        ends.append(numbers.ravel() + nodes)
        nodes += len(values)
    edges = (np.concatenate(starts), np.concatenate(ends))
    graph = coo_array((np.ones(len(edges[0]), dtype=bool), edges), shape=(nodes, nodes))
    return connected_components(graph, directed=False)[1][:rows].astype(np.intp)


def split_rows(groups: Array, *, test: float, validation: float, seed: int) -> RowSplit:
    """Hold out groups at random: no group has rows in two splits.

    Args:
        groups: (rows,) of group labels; a label of its own for each row splits row by row.
        test: share of the groups that is held out to judge the model.
        validation: share of the remaining groups that chooses epochs and thresholds.
        seed: draws the groups.

    Raises:
        CallerError: a split would be empty.

    Source:
        scikit-learn's GroupShuffleSplit.
    """
    from sklearn.model_selection import GroupShuffleSplit

    def hold_out(rows: Rows, share: float) -> tuple[Rows, Rows]:
        try:
            kept, held = next(GroupShuffleSplit(1, test_size=share, random_state=seed).split(rows, groups=groups[rows]))
        except ValueError as error:
            raise CallerError(
                f"{len(np.unique(groups))} groups of rows cannot be split three ways ({error})",
                "use more data, or other shares for test and validation",
            ) from error
        return rows[kept], rows[held]

    rest, tested = hold_out(np.arange(len(groups)), test)
    trained, validated = hold_out(rest, validation)
    return RowSplit(trained, validated, tested)


def audit(splits: Splits) -> dict[str, int | float | None]:
    """What leaks between the splits, and what guessing would reach.

    Returns:
        `duplicates_across_splits`: distinct inputs that stand in more than one split.
        `groups_across_splits`: groups with rows in more than one split.
        `test_rows_of_trained_groups`: test rows whose group also has rows in training or validation.
        `majority`: share of the test split's most frequent class; None for regression.
    """
    parts = splits.parts().values()
    grouped = [part.groups for part in parts if part.groups is not None]
    leaked = 0
    if grouped:
        leaked = int(np.isin(grouped[2], np.concatenate(grouped[:2])).sum())
    classes = np.bincount(splits.test.targets) if splits.class_names else None
    return {
        "duplicates_across_splits": _shared([row_digests(part.inputs) for part in parts]),
        "groups_across_splits": _shared(grouped),
        "test_rows_of_trained_groups": leaked,
        "majority": None if classes is None else float(classes.max() / classes.sum()),
    }


def _shared(labels: list[Array]) -> int:
    """How many distinct labels stand in more than one of the arrays."""
    if not labels:
        return 0
    _, counts = np.unique(np.concatenate([np.unique(label) for label in labels]), return_counts=True)
    return int((counts > 1).sum())

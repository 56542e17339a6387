"""Training, validation and test splits without leakage between them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays, listed, row_count, take
from utils.datasets.catalog import kind_of_data

Array = NDArray[Any]
Rows = NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """The rows of one split.

    Attributes:
        inputs: raw model inputs, (rows, …) numbers or strings, in memory or on disk, or a dict of named arrays.
        targets: (rows,) float32 for regression, int64 class numbers for classification, or a dict of named arrays.
        groups: (rows,) the patient, song or concrete mix of each row, or None.
        names: (rows,) names of the files or samples, or None.
    """

    inputs: Arrays
    targets: Arrays
    groups: Array | None = None
    names: Array | None = None

    def __len__(self) -> int:
        return row_count(self.inputs)


@dataclass(frozen=True)
class Source:
    """The source of the rows: catalogue name, where it was found, digest, and whether a program made them."""

    name: str
    found: str
    digest: str
    simulated: bool

    @property
    def kind(self) -> str:
        """See `kind_of_data`."""
        return kind_of_data({"simulated": self.simulated, "found": self.found})


@dataclass(frozen=True)
class Splits:
    """Training, validation and test rows of one data set.

    Attributes:
        source: the data set.
        features: names of the input columns, for tables.
        categories: levels of a table's categorical columns in the training rows, by name of the column; the code of a
            level is its index.
        target: name of the target, valid as the name of a model's output (`compressive_strength`).
        unit: unit of a regression target.
        class_names: names by class number, for classification.
        centre: fraction of height and width that was kept around the centre of each image file.
        load_seconds: duration of reading and splitting.
    """

    train: Split
    validation: Split
    test: Split
    source: Source
    target: str
    features: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unit: str = ""
    class_names: tuple[str, ...] = ()
    centre: float = 1.0
    load_seconds: float = 0.0

    def parts(self) -> dict[str, Split]:
        """The three splits by name, training first."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def amount(self) -> str:
        """How much there is to learn from, for messages."""
        return f"{len(self.train)} training rows"


class RowSplit(NamedTuple):
    """Row numbers of the three splits, each ascending."""

    train: Rows
    validation: Rows
    test: Rows

    def take(
        self, inputs: Arrays, targets: Arrays, groups: Array | None = None, names: Array | None = None
    ) -> tuple[Split, Split, Split]:
        """The three splits of arrays that hold all rows."""

        def part(rows: Rows) -> Split:
            about = (None if labels is None else labels[rows] for labels in (groups, names))
            return Split(take(inputs, rows), take(targets, rows), *about)

        return part(self.train), part(self.validation), part(self.test)


def row_digests(inputs: Arrays) -> Array:
    """A digest of each row's bytes, (rows,) of 16 bytes: equal rows and no others have equal digests."""
    digests = []
    for start in range(0, row_count(inputs), 1024):
        arrays = [_comparable(array[start : start + 1024]) for array in listed(inputs)]
        digests += [
            hashlib.blake2b(b"".join(map(_as_bytes, row)), digest_size=16).digest() for row in zip(*arrays, strict=True)
        ]
    return np.array(digests, dtype="V16")


def _comparable(rows: Array) -> Array:
    return np.ascontiguousarray(rows + 0.0 if rows.dtype.kind == "f" else rows)  # −0.0 becomes 0.0


def _as_bytes(value: Any) -> bytes:
    # Without an end, the words "lo" and "wx" of two columns would be "low" and "x".
    return str(value).encode() + b"\0" if isinstance(value, str) else bytes(value.tobytes())


def glue(*labels: Array) -> Rows:
    """One group number per row: rows that share a label are in the same group, also through other rows.

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


def split_rows(groups: Array, *, test: float, validation: float, seed: int, classes: Array | None = None) -> RowSplit:
    """Hold out groups at random: no group has rows in two splits.

    Args:
        groups: (rows,) group labels; distinct labels split row by row.
        test: fraction of the groups in the test split.
        validation: fraction of the remaining groups in the validation split.
        seed: seed of the random choice of groups.
        classes: (rows,) class numbers, for a stratified split.

    Raises:
        CallerError: there are too few groups, in total or of a class.
    """
    rest, tested = hold_out(groups, test, seed, classes)
    trained, validated = hold_out(groups, validation, seed, classes, rest)
    return RowSplit(trained, validated, tested)


def hold_out(
    groups: Array, share: float, seed: int, classes: Array | None = None, rows: Rows | None = None
) -> tuple[Rows, Rows]:
    """Split rows in two, by group.

    Args:
        groups: (all rows,) group labels.
        share: fraction of the groups that is held out.
        seed: seed of the random choice of groups.
        classes: (all rows,) class numbers, for a stratified split. A group has the class of most of its rows.
        rows: rows to split; defaults to all.

    Returns:
        Row numbers that are kept and row numbers that are held out, ascending.

    Raises:
        CallerError: there are too few groups, in total or of a class.

    Source:
        scikit-learn's GroupShuffleSplit and StratifiedShuffleSplit (if each row is a group, the same rows
        as the second).
    """
    from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

    rows = np.arange(len(groups)) if rows is None else rows
    try:
        if classes is None:
            splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
            kept, held = next(splitter.split(rows, groups=groups[rows]))
        else:
            _, first, members = np.unique(groups[rows], return_index=True, return_inverse=True)
            order = np.argsort(np.argsort(first))  # groups in the order of their first rows: rows keep it
            members = order[members]
            stratum = _commonest(members, classes[rows])
            drawn = StratifiedShuffleSplit(1, test_size=share, random_state=seed)
            _, held_groups = next(drawn.split(stratum, stratum))
            is_held = np.isin(members, held_groups)
            kept, held = np.flatnonzero(~is_held), np.flatnonzero(is_held)
    except ValueError as error:
        held_together = len(np.unique(groups[rows]))
        rarest = "" if classes is None else f", {np.bincount(classes[rows]).min()} rows of the rarest class"
        raise CallerError(
            f"{held_together} groups of rows{rarest}: too few to hold out {share:.2g} (equal rows are in one group)",
            "use more data, more of the rarest class, or other fractions for test and validation",
        ) from error
    return np.sort(rows[kept]), np.sort(rows[held])


def keep_official(
    official: Sequence[str], groups: Array, *, test: float, validation: float, seed: int, classes: Array
) -> RowSplit:
    """Keep a published split; if it has no test or no validation rows, take them from its training rows.

    Args:
        official: (rows,) `train`, `validation` or `test`.
        groups: (rows,) group labels; a group is in one split.
        test: fraction of the training groups for the test split, stratified, if there is no official one.
        validation: fraction of the remaining training groups for validation, likewise.
        seed: seed of that choice.
        classes: (rows,) class numbers.

    Raises:
        CallerError: see `hold_out`.
    """
    names = np.asarray(official)
    trained, validated, tested = (np.flatnonzero(names == name) for name in ("train", "validation", "test"))
    if not len(tested):
        trained, tested = hold_out(groups, test, seed, classes, trained)
    if not len(validated):
        trained, validated = hold_out(groups, validation, seed, classes, trained)
    return RowSplit(trained, validated, tested)


class Shares(Protocol):
    """The fields of a lab's config that define its splits."""

    @property
    def test_fraction(self) -> float:
        """Fraction of the groups in the test split."""

    @property
    def validation_fraction(self) -> float:
        """Fraction of the rest in the validation split."""

    @property
    def split_seed(self) -> int:
        """Seed of both splits."""


def split_classes(shares: Shares, groups: Array, classes: Array, official: Sequence[str] | None = None) -> RowSplit:
    """Split rows with classes as a lab's config says: keep a published split, else make stratified splits.

    Args:
        shares: the lab's config.
        groups: (rows,) group labels; a group is in one split.
        classes: (rows,) class numbers.
        official: see `keep_official`; None if there is no published split.

    Raises:
        CallerError: see `hold_out`.
    """
    test, validation, seed = shares.test_fraction, shares.validation_fraction, shares.split_seed
    if official:
        return keep_official(official, groups, test=test, validation=validation, seed=seed, classes=classes)
    return split_rows(groups, test=test, validation=validation, seed=seed, classes=classes)


def _commonest(members: Rows, classes: Array) -> Array:
    """The class that most rows of each group have, (groups,)."""
    counts = np.zeros((members.max() + 1, int(classes.max()) + 1), dtype=np.intp)
    np.add.at(counts, (members, classes), 1)
    return counts.argmax(axis=1)

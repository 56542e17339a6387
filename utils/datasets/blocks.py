"""Splits of files that are sorted by label and source: consecutive rows of a label are held out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.errors import CallerError
from utils.datasets.splits import RowSplit

Array = NDArray[Any]


def split_blocks(classes: Array, groups: Array, *, test: float, validation: float) -> RowSplit:
    """Hold out the last rows of each class: neighbours in the file, such as reviews of one movie, are in one split.

    The last fraction `test` of each class is the test split, and the last fraction `validation` of its remaining rows
    is the validation split. Rows of a group that is divided all go to the split of the group's first row, training
    before validation before test.

    Args:
        classes: (rows,) class numbers, in the order of the file.
        groups: (rows,) group labels, such as digests of the texts: rows of one group are in one split.
        test: fraction of each class in the test split.
        validation: fraction of each class's remaining rows in the validation split.

    Raises:
        CallerError: a class has too few rows for all three splits.
    """
    part = np.zeros(len(classes), dtype=np.int8)
    for number in np.unique(classes):
        rows = np.flatnonzero(classes == number)
        tested = round(len(rows) * test)
        validated = round((len(rows) - tested) * validation)
        if min(tested, validated) < 1 or tested + validated >= len(rows):
            raise CallerError(
                f"a class has {len(rows)} rows: too few to hold out {test:.2g} and {validation:.2g} of the rest",
                "use more data, or other fractions for test and validation",
            )
        part[rows[len(rows) - tested - validated :]] = 1
        part[rows[len(rows) - tested :]] = 2
    _, members = np.unique(groups, return_inverse=True)
    earliest = np.full(members.max(initial=-1) + 1, 2, dtype=np.int8)
    np.minimum.at(earliest, members, part)
    part = earliest[members]
    return RowSplit(*(np.flatnonzero(part == number) for number in range(3)))

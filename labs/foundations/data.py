"""The data sets of the lab as splits: bike rentals by time, admissions, digits or clothes, and generated points."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from labs.foundations.config import Config, check
from labs.foundations.points import COLOURS, points
from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled, labelled_table, of_splits
from utils.datasets.named import (
    ADMISSIONS,
    BIKE_SHARING,
    classes_of_table,
    digits_5k_splits,
    idx_splits,
    read_named_table,
    table_splits,
)
from utils.datasets.splits import RowSplit, Splits, split_classes
from utils.datasets.tables.csv_tables import read_rows
from utils.images.decode import read_pictures
from utils.images.labelled_images import labelled_images

TEST_DAYS, VALIDATION_DAYS = 21, 60
"""The course's split of the bike rentals: the last 21 days for the test, the 60 days before for validation."""


def load(config: Config) -> Splits:
    """The data set of the config, split.

    Returns:
        Inputs: tables with levels a dict of (rows,) arrays by column, numbers float32, levels int64; points
        (rows, 2) float32; images (rows, 28, 28, 1) uint8. Targets (rows,): float32 bikes per hour, or int64 class
        numbers. Groups of the bike rentals: the days.

    Raises:
        CallerError: options that do not fit together or not to the data set, or the data are not available.
    """
    check(config)
    if config.data_dir is not None:
        raise CallerError("--data-dir: this lab reads data sets of the catalogue", "leave --data-dir out")
    obtained = obtain.obtain(config.data, "foundations")
    name = obtained.entry.name
    for option, value in (("--crossed", config.crossed), ("--square-root", config.square_root)):
        if value and name != "bike-sharing":
            raise CallerError(f"{option}: only for bike-sharing, not for {name}", f"leave {option} out")
    return check_splits(READERS[name](config, obtained), config.batch_size)


def _bikes(config: Config, obtained: obtain.Obtained) -> Splits:  # noqa: ARG001
    """The hours of 2011 and 2012, split by time as in the course, but by whole days."""
    read = read_named_table(obtained.paths[0], BIKE_SHARING)
    days = read.groups
    assert days is not None, "the format names the day"
    order = np.arange(days.max() + 1)
    tested, validated = order[-TEST_DAYS:], order[-TEST_DAYS - VALIDATION_DAYS : -TEST_DAYS]
    in_test, in_validation = np.isin(days, tested), np.isin(days, validated)
    rows = RowSplit(*(np.flatnonzero(each) for each in (~in_test & ~in_validation, in_validation, in_test)))
    return table_splits(obtained, BIKE_SHARING, read, rows)


def _admissions(config: Config, obtained: obtain.Obtained) -> Splits:
    return classes_of_table(config, obtained, ADMISSIONS)


def _points(config: Config, obtained: obtain.Obtained) -> Splits:
    inputs, targets = points()
    rows = split_classes(config, np.arange(len(inputs)), targets)
    digest = f"sha256:{hashlib.sha256(inputs.tobytes() + targets.tobytes()).hexdigest()}"
    source = obtained.source(digest)
    return Splits(*rows.take(inputs, targets), source, target="colour", features=("x1", "x2"), class_names=COLOURS)


READERS: dict[str, Callable[[Config, obtain.Obtained], Splits]] = {
    "bike-sharing": _bikes,
    "admissions": _admissions,
    "points": _points,
    "mnist-5k": digits_5k_splits,
    "mnist": idx_splits,
    "fashion-mnist": idx_splits,
}
"""By data set."""


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Rows of other data for `evaluate`: the test split of a data set, or a folder of images by class or of CSV files.

    Raises:
        CallerError: the data cannot be obtained, or do not have the columns or classes of the run.
    """
    if config.data_dir is None:
        return of_splits(load(config), labels)
    return labelled_table(config.data_dir, labels) if labels["features"] else labelled_images(config.data_dir, labels)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Arrays:
    """Inputs for `predict`: rows of CSV files with the columns of the run, or images at the size that the model takes.

    Raises:
        CallerError: a file cannot be read, or its columns are not those of the run.
    """
    if labels["features"]:
        return read_rows(paths, labels)
    height, width, channels = labels["input_shape"]
    return read_pictures(paths, (height, width), "grey" if channels == 1 else "rgb")

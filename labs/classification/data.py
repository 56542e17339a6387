"""Data sets of the lab as splits: digits and clothing as images, cars and students as tables, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from labs.classification.config import Config
from utils.base.errors import CallerError
from utils.base.named_arrays import Arrays
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled, labelled_table, of_splits
from utils.datasets.named import ADMISSIONS, TableFormat, classes_of_table, digits_5k_splits, idx_splits
from utils.datasets.splits import Splits
from utils.datasets.tables.columns import Column
from utils.datasets.tables.csv_tables import read_rows
from utils.images import image_folders
from utils.images.decode import read_pictures
from utils.images.labelled_images import labelled_images

TABLES = {
    "car-evaluation": TableFormat(
        features=(
            Column("buying", ("low", "med", "high", "vhigh")),
            Column("maint", ("low", "med", "high", "vhigh")),
            Column("doors", ("2", "3", "4", "5more")),
            Column("persons", ("2", "4", "more")),
            Column("lug_boot", ("small", "med", "big")),
            Column("safety", ("low", "med", "high")),
        ),
        target=Column("class", ("unacc", "acc", "good", "vgood")),
        class_names=("unacceptable", "acceptable", "good", "very good"),
        order=("buying", "maint", "doors", "persons", "lug_boot", "safety", "class"),
    ),
    "admissions": ADMISSIONS,
}


def load(config: Config) -> Splits:
    """The data set of the config, split.

    Official test splits are kept; else a stratified share is held out. Equal inputs are never in two splits, but
    for those that an official split has so; the audit counts them.

    Returns:
        Images: inputs (rows, height, width, channels) uint8. Tables: a dict of (rows,) arrays by column, numbers
        float32, ranks int64, words as strings. Targets (rows,) int64.

    Raises:
        CallerError: the data is not available or cannot be used.
    """
    if config.data_dir is not None and config.data != "auto":
        raise CallerError(f"--data {config.data} and --data-dir exclude each other", "give one of the two")
    of_images = config.network == "cnn" or config.active or config.mirrored
    if config.data_dir is None and config.data in TABLES and of_images:
        option = "--network cnn" if config.network == "cnn" else "--mirrored" if config.mirrored else "augmentation"
        raise CallerError(f"{option}: {config.data} is a table, not images", "give --network mlp, and no augmentation")
    if config.data_dir is not None:
        return check_splits(_folder(config, config.data_dir), config.batch_size)
    obtained = obtain.obtain(config.data, "classification")
    return check_splits(READERS[obtained.entry.name](config, obtained), config.batch_size)


def _table(config: Config, obtained: obtain.Obtained) -> Splits:
    return classes_of_table(config, obtained, TABLES[obtained.entry.name])


def _folder(config: Config, root: Path) -> Splits:
    """A folder of images by class, at `--image-size`."""
    size = (config.image_size, config.image_size)
    return image_folders.split(image_folders.load(root, size, "rgb" if config.colour else "grey"), config)


READERS: dict[str, Callable[[Config, obtain.Obtained], Splits]] = {
    "mnist-5k": digits_5k_splits,
    "mnist": idx_splits,
    "fashion-mnist": idx_splits,
    **dict.fromkeys(TABLES, _table),
}
"""By data set: a new one is read by a function named here, or by a line in TABLES."""


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Rows of other data for `evaluate`: the test split of a data set, or a folder of images by class or of CSV files.

    Raises:
        CallerError: the data cannot be obtained, or do not have the classes of the run.
    """
    if config.data_dir is None:
        return of_splits(load(config), labels)
    return labelled_table(config.data_dir, labels) if labels["features"] else labelled_images(config.data_dir, labels)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Arrays:
    """Inputs for `predict`: rows of CSV files, or images at the size that the model takes."""
    if labels["features"]:
        return read_rows(paths, labels)
    height, width, channels = labels["input_shape"]
    return read_pictures(paths, (height, width), "grey" if channels == 1 else "rgb")

"""Data sets of the lab as splits: digits and clothing as images, cars and students as tables, or a folder of images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from labs.classification.config import Config
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled, labelled_table, of_splits
from utils.datasets.named import ADMISSIONS, CLOTHES, DIGITS, TableFormat, digits_5k, idx_images, read_named_table
from utils.datasets.splits import Source, Splits, glue, row_digests, split_classes
from utils.datasets.tables.csv_tables import Column, categories, read_rows
from utils.images import image_folders
from utils.images.decode import read_pictures
from utils.images.labelled_images import labelled_images

Array = NDArray[Any]

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
        Images: inputs (rows, height, width, channels) uint8. Tables: (rows, columns) float32, numbers and codes of
        levels. Targets (rows,) int64.

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


def _source(obtained: obtain.Obtained) -> Source:
    return Source(obtained.entry.name, obtained.found, obtained.digest, obtained.entry.simulated)


def _digits_5k(config: Config, obtained: obtain.Obtained) -> Splits:
    inputs, targets = digits_5k(obtained.paths[0])
    rows = split_classes(config, glue(row_digests(inputs)), targets)
    return Splits(*rows.take(inputs, targets), _source(obtained), target="digit", class_names=DIGITS)


def _idx(config: Config, obtained: obtain.Obtained) -> Splits:
    """MNIST or Fashion-MNIST: four IDX files, the official test split kept."""
    fashion = obtained.entry.name == "fashion-mnist"
    names = CLOTHES if fashion else DIGITS
    inputs, targets, official = idx_images(obtained.entry.name, obtained.paths, len(names))
    rows = split_classes(config, glue(row_digests(inputs)), targets, official)
    target = "clothing" if fashion else "digit"
    return Splits(*rows.take(inputs, targets), _source(obtained), target=target, class_names=names)


def _table(config: Config, obtained: obtain.Obtained) -> Splits:
    table = TABLES[obtained.entry.name]
    inputs, targets, _ = read_named_table(obtained.paths[0], table)
    rows = split_classes(config, glue(row_digests(inputs)), targets)
    return Splits(
        *rows.take(inputs, targets),
        _source(obtained),
        target=table.target_name,
        features=tuple(column.name for column in table.features),
        categories=categories(table.features),
        class_names=table.class_names,
    )


def _folder(config: Config, root: Path) -> Splits:
    """A folder of images by class, at `--image-size`."""
    size = (config.image_size, config.image_size)
    return image_folders.split(image_folders.load(root, size, "rgb" if config.colour else "grey"), config)


READERS: dict[str, Callable[[Config, obtain.Obtained], Splits]] = {
    "mnist-5k": _digits_5k,
    "mnist": _idx,
    "fashion-mnist": _idx,
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


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Array:
    """Inputs for `predict`: rows of CSV files, or images at the size that the model takes."""
    if labels["features"]:
        return read_rows(paths, labels)
    height, width, channels = labels["input_shape"]
    return read_pictures(paths, (height, width), "grey" if channels == 1 else "rgb")

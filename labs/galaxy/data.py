"""Galaxies as splits: SIMULATED ones, the course's file, or a folder of images by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.galaxy.config import Config
from labs.galaxy.simulator import galaxies
from utils.base.errors import CallerError
from utils.datasets import obtain, simulation
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled, of_splits
from utils.datasets.splits import RowSplit, Splits, glue, hold_out, row_digests, split_classes
from utils.datasets.tables.array_files import read_npz
from utils.images import image_folders
from utils.images.decode import read_pictures
from utils.images.labelled_images import labelled_images

Array = NDArray[Any]

TARGET = "shape"
CLASS_NAMES = ("normal", "ringed", "merger", "other")
"""Classes of the course's file, in the order of the columns of its labels."""
SIDE = 128
COURSE_TEST, COURSE_SEED = 0.2, 222
"""The course's own split: `train_test_split(…, test_size=0.20, stratify=labels, shuffle=True, random_state=222)`."""
SIMULATED_SEED = 0
"""Seed of the simulated galaxies, the same for every run: runs with other seeds are evaluated on the same images."""


def load(config: Config) -> Splits:
    """The images of the config, split.

    Returns:
        Inputs (images, height, width, 3) uint8, on disk except for the course's file; targets (images,) int64.

    Raises:
        CallerError: the data is not available or cannot be used.
    """
    if config.data_dir is not None:
        if config.data not in ("auto", "galaxy-zoo"):
            raise CallerError(f"--data {config.data} and --data-dir exclude each other", "give one of the two")
        return check_splits(_folder(config, config.data_dir), config.batch_size)
    obtained = obtain.obtain(config.data, "galaxy")
    splits = _simulated(config, obtained) if obtained.entry.simulated else _course(config, obtained)
    return check_splits(splits, config.batch_size)


def _simulated(config: Config, obtained: obtain.Obtained) -> Splits:
    sample = simulation.load(galaxies, config.galaxies, SIMULATED_SEED, config.image_size or SIDE)
    rows = split_classes(config, np.arange(len(sample.labels)), sample.labels)
    source = obtained.source(sample.digest)
    return Splits(*rows.take(sample.pictures, sample.labels), source, target=TARGET, class_names=sample.class_names)


def _course(config: Config, obtained: obtain.Obtained) -> Splits:
    """The course's file with the course's split; validation is taken from the training part."""
    shapes = {"data": (None, SIDE, SIDE, 3), "labels": (None, len(CLASS_NAMES))}
    arrays = read_npz(obtained.paths[0], shapes)
    inputs, targets = levels(arrays["data"], obtained.paths[0]), numbers(arrays["labels"], obtained.paths[0])
    if len(inputs) != len(targets):
        raise CallerError(f"{obtained.paths[0]}: {len(inputs)} images, {len(targets)} labels", "download it again")
    rows = course_rows(config, glue(row_digests(inputs)), targets)
    inputs = image_folders.resized(inputs, config.image_size or SIDE)
    source = obtained.source()
    return Splits(*rows.take(inputs, targets), source, target=TARGET, class_names=CLASS_NAMES)


def course_rows(config: Config, groups: Array, targets: Array) -> RowSplit:
    """The course's training and test rows; validation is held out of the training rows."""
    from sklearn.model_selection import train_test_split

    # The course stratifies by one-hot rows, which scikit-learn sorts in another order than class numbers.
    stratum = np.eye(len(CLASS_NAMES))[targets]
    trained, tested = train_test_split(
        np.arange(len(targets)), test_size=COURSE_TEST, stratify=stratum, shuffle=True, random_state=COURSE_SEED
    )
    kept, validated = hold_out(groups, config.validation_fraction, config.split_seed, targets, np.sort(trained))
    return RowSplit(kept, validated, np.sort(tested))


def levels(pictures: Array, path: Path) -> NDArray[np.uint8]:
    """Images as integer levels from 0 to 255, from such levels (also as floats) or from values in [0, 1].

    Raises:
        CallerError: they are neither.
    """
    low, high = float(pictures.min()), float(pictures.max())
    if low < 0 or high > 255 or not np.isfinite([low, high]).all():
        raise CallerError(
            f"{path}: pixels from {low:g} to {high:g}", "levels from 0 to 255, or values from 0 to 1, are expected"
        )
    if pictures.dtype == np.uint8:
        return pictures
    scale = 255 if high <= 1 else 1
    whole = np.empty(pictures.shape, np.uint8)
    for row, picture in enumerate(pictures):  # one at a time: all images in float64 would need eight times the memory
        whole[row] = np.rint(picture * scale)
    return whole


def numbers(labels: Array, path: Path) -> NDArray[np.int64]:
    """Class numbers of one-hot rows, (rows, classes) to (rows,).

    Raises:
        CallerError: a row is not one-hot.
    """
    if not np.isin(labels, (0, 1)).all() or not (labels.sum(axis=1) == 1).all():
        raise CallerError(f"{path}: labels that are not a single 1 among zeros", "download the file from its publisher")
    return labels.argmax(axis=1).astype(np.int64)


def _folder(config: Config, root: Path) -> Splits:
    """A folder of images by class; each image is cropped to its centre."""
    size = config.image_size or SIDE
    found = image_folders.load(root, (size, size), "rgb", centre=config.centre)
    return image_folders.split(found, config, target=TARGET, centre=config.centre)


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Rows of other data for `evaluate`: the test split of a data set, or a folder of images by class.

    Raises:
        CallerError: the data cannot be obtained, or do not have the classes of the run.
    """
    if config.data_dir is not None:
        return labelled_images(config.data_dir, labels)
    return of_splits(load(config), labels)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Array:
    """Inputs for `predict`: centres of images at the size that the model takes, (images, height, width, 3) uint8."""
    height, width, _ = labels["input_shape"]
    return read_pictures(paths, (height, width), "rgb", centre=labels["centre"])

"""Chest X-rays as splits: the embedded ones, PneumoniaMNIST, SIMULATED ones, or a folder, split by patient."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.pneumonia.config import Config
from labs.pneumonia.simulator import radiographs
from utils.base.errors import CallerError
from utils.datasets import obtain, simulation
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled, of_splits
from utils.datasets.splits import Source, Split, Splits, glue, split_classes
from utils.datasets.tables.array_files import read_npz
from utils.images import image_archives, image_folders
from utils.images.decode import read_pictures
from utils.images.image_folders import Images
from utils.images.labelled_images import labelled_images
from utils.metrics.positive_class import with_positive

Array = NDArray[Any]

TARGET = "diagnosis"
CLASS_NAMES = ("normal", "pneumonia")
COURSE_SIDE, SIDE, SMALL, ENLARGED = 256, 128, 28, 112
SIMULATED_SEED = 0
"""Seed of the simulated radiographs, the same for every run: runs with other seeds are evaluated on the same ones."""

# person12_bacteria_46.jpeg; persons with bacteria and viruses are numbered separately, so the patient is both together.
SICK = re.compile(r"(?P<patient>person\d+_(?P<kind>bacteria|virus))_")
# IM-0115-0001.jpeg, NORMAL2-IM-0429-0001-0002.jpeg: the first number is the child, the others its radiographs.
HEALTHY = re.compile(r"(?P<patient>(?:NORMAL\d*-)?IM-\d+)-")


def load(config: Config) -> Splits:
    """The radiographs of the config, split.

    The official test split is kept; validation is taken from the training patients, and if there is no official
    split, test too. Equal radiographs and radiographs of one patient are in one split.

    Returns:
        Inputs (radiographs, height, width, 1) uint8, on disk except for PneumoniaMNIST; targets (radiographs,) int64,
        1 is the positive class: pneumonia, or what the folder's names or `--positive` say.

    Raises:
        CallerError: the data is not available or cannot be used.
    """
    if config.data_dir is not None:
        if config.data not in ("auto", "chest-xray"):
            raise CallerError(f"--data {config.data} and --data-dir exclude each other", "give one of the two")
        splits = _folder(config, config.data_dir)
    else:
        obtained = obtain.obtain(config.data, "pneumonia")
        splits = LOADERS[obtained.entry.name](config, obtained)
    return check_splits(with_positive(splits, config.positive), config.batch_size)


def patients(names: Sequence[str]) -> Array:
    """The patient of each file name of the Guangzhou set, (radiographs,); any other file is a separate patient."""
    found = []
    for name in names:
        match = SICK.match(Path(name).name) or HEALTHY.match(Path(name).name)
        found.append(match["patient"] if match else name)
    return np.array(found)


def kinds(split: Split, class_names: Sequence[str]) -> Array:
    """The cause in the file name of each radiograph (`bacteria`, `virus`), else its class name, (radiographs,)."""
    named = np.array(class_names, dtype=object)[split.targets]
    for row, name in enumerate(split.names if split.names is not None else ()):
        if match := SICK.match(Path(name).name):
            named[row] = match["kind"]
    return named


def _simulated(config: Config, obtained: obtain.Obtained) -> Splits:
    sample = simulation.load(radiographs, config.films, SIMULATED_SEED, config.image_size or SIDE)
    rows = split_classes(config, np.arange(len(sample.labels)), sample.labels)
    source = obtained.source(sample.digest)
    return Splits(*rows.take(sample.pictures, sample.labels), source, target=TARGET, class_names=sample.class_names)


def _embedded(config: Config, obtained: obtain.Obtained) -> Splits:
    """The radiographs at SIDE of the official splits; for the course's networks enlarged to the course's size."""
    size = config.image_size or (SIDE if config.network == "residual" else COURSE_SIDE)
    found = image_archives.load(obtained.paths[0], (size, size), "grey")
    source = obtained.source()
    return _by_patient(config, found, source)


def _small(config: Config, obtained: obtain.Obtained) -> Splits:
    """PneumoniaMNIST: the official splits, all three."""
    images = dict.fromkeys(("train_images", "val_images", "test_images"), (None, SMALL, SMALL))
    labels = {name.replace("images", "labels"): (None, 1) for name in images}
    arrays = read_npz(obtained.paths[0], {**images, **labels})
    size = config.image_size or (SMALL if config.network == "residual" else ENLARGED)
    parts = {}
    for image, label in zip(images, labels, strict=True):
        films, answers = arrays[image], arrays[label]
        if films.dtype != np.uint8 or len(films) != len(answers) or not np.isin(answers, (0, 1)).all():
            raise CallerError(
                f"{obtained.paths[0]}: radiographs {films.dtype} {films.shape}, labels {answers.dtype} {answers.shape}",
                "uint8 radiographs and a label of 0 or 1 for each are expected; download the data set again",
            )
        parts[image] = Split(image_folders.resized(films[..., None], size), answers.ravel().astype("int64"))
    source = obtained.source()
    return Splits(
        parts["train_images"], parts["val_images"], parts["test_images"], source, TARGET, class_names=CLASS_NAMES
    )


LOADERS = {"chest-xray-128": _embedded, "pneumoniamnist": _small, "simulated-radiographs": _simulated}
"""By data set."""


def _folder(config: Config, root: Path) -> Splits:
    """A folder of radiographs in two classes."""
    size = config.image_size or COURSE_SIDE
    found = image_folders.load(root, (size, size), "grey")
    if len(found.class_names) != 2:
        raise CallerError(
            f"--data-dir {root}: {len(found.class_names)} classes: {', '.join(found.class_names)}",
            "this lab needs two classes: give a folder with NORMAL and PNEUMONIA, or use the classification lab",
        )
    return _by_patient(config, found)


def _by_patient(config: Config, found: Images, source: Source | None = None) -> Splits:
    """Keep the official test split; validation patients are held out of the training patients."""
    groups = glue(np.array(found.digests), patients(found.names))
    # Kaggle's copy has 16 radiographs in val/, too few to choose a threshold on: they go to the training patients.
    official = ["train" if split == "validation" else split for split in found.official or ()]
    return image_folders.split(found, config, target=TARGET, groups=groups, official=official, source=source)


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Rows of other data for `evaluate`: the test split of a data set, or a folder of radiographs by class.

    Raises:
        CallerError: the data cannot be obtained, or do not have the classes of the run.
    """
    if config.data_dir is not None:
        return labelled_images(config.data_dir, labels, patients)
    return of_splits(load(config), labels)


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Array:
    """Inputs for `predict`: radiographs at the size that the model takes, (images, height, width, 1) uint8."""
    height, width, _ = labels["input_shape"]
    return read_pictures(paths, (height, width), "grey")

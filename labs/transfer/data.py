"""Images as splits: the photographs of solar cells, or a folder of images by class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labs.transfer.config import Config
from utils.base.console import say
from utils.base.errors import CallerError
from utils.datasets import obtain
from utils.datasets.audit import check_splits
from utils.datasets.labelled import Labelled, of_splits
from utils.datasets.splits import Source, Splits, glue, split_classes
from utils.images import image_folders
from utils.images.decode import read_pictures
from utils.images.image_folders import Folder
from utils.images.labelled_images import labelled_images
from utils.pretrained import backbones

Array = NDArray[Any]

CLASS_NAMES = ("functional", "defective")
CELLS = 60
"""Of a solar module."""
DEFECTIVE = 0.5
"""Probability above which a cell counts as defective, as in the papers that report accuracy on two classes."""


def load(config: Config) -> Splits:
    """The images of the config, split. The backbone's weights are located first, because nothing works without them.

    Returns:
        Inputs (images, side, side, 3) uint8, on disk; targets (images,) int64.

    Raises:
        CallerError: the weights or the data are not available or cannot be used.
    """
    if config.data_dir is not None and config.data != "auto":
        raise CallerError(f"--data {config.data} and --data-dir exclude each other", "give one of the two")
    weights = backbones.obtain(config.backbone, config.weights)
    say(f"backbone: {config.backbone}, {weights.found}, {weights.digest}; {weights.backbone.entry.licence}")
    if config.data_dir is not None:
        return check_splits(_folder(config, config.data_dir))
    return check_splits(_cells(config, obtain.obtain(config.data, "transfer")))


def side_of(config: Config) -> int:
    """Height and width of the images."""
    return config.image_size or backbones.BACKBONES[config.backbone].side


def _cells(config: Config, obtained: obtain.Obtained) -> Splits:
    """The images of solar cells. Their table has the probability of a defect and the kind of each cell."""
    table, *files = obtained.paths
    names, defective, kinds = read_table(table)
    if sorted(names) != sorted(f"images/{path.name}" for path in files):
        raise CallerError(f"{table} lists other images than those in the folder", "install elpv-dataset again")
    entry = obtained.entry
    say(f"{entry.name}: {entry.licence} ({entry.citation})")
    side = side_of(config)
    found = image_folders.decoded(Folder(table.parent, CLASS_NAMES, names, defective, ()), (side, side), "rgb")
    modules, equal = modules_of(kinds), glue(np.array(found.digests))
    if config.split == "module":
        rows = split_classes(config, glue(equal, modules), kinds, found.official)
    else:
        # Both kinds in the same proportions, so that no split is easier than another.
        rows = split_classes(config, equal, 2 * kinds + defective, found.official)
    source = Source(entry.name, obtained.found, obtained.digest, simulated=False)
    split = rows.take(found.pictures, found.labels, modules, np.array(found.names))
    return Splits(*split, source, target="condition", class_names=CLASS_NAMES)


def modules_of(kinds: Array) -> Array:
    """The probable solar module of each cell, (cells,), inferred from the order of the table.

    Cells next to each other in the table look alike, and less so the further apart they are, up to about sixty rows. A
    module has sixty cells, all of one kind. So a new module is assumed after sixty rows and where the kind changes.
    """
    starts = np.flatnonzero(np.diff(kinds, prepend=-1))
    begun = np.repeat(starts, np.diff(np.append(starts, len(kinds))))
    place = np.arange(len(kinds)) - begun
    return begun + place // CELLS * CELLS


def read_table(path: Path) -> tuple[tuple[str, ...], Array, Array]:
    """The table of the solar cells.

    Returns:
        Names of the images; whether each is defective, (images,) int64; whether it is polycrystalline, likewise.
    """
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    probabilities = np.array([float(probability) for _, probability, _ in lines])
    kinds = np.array([kind == "poly" for *_, kind in lines])
    return tuple(name for name, *_ in lines), (probabilities > DEFECTIVE).astype(np.int64), kinds.astype(np.int64)


def _folder(config: Config, root: Path) -> Splits:
    """A folder of images by class."""
    side = side_of(config)
    found = image_folders.load(root, (side, side), "rgb", centre=config.centre)
    groups = None if config.group is None else named(config.group, found.names)
    return image_folders.split(found, config, groups=groups, centre=config.centre)


def named(pattern: str, names: Sequence[str]) -> Array:
    """The first match of a regular expression in the name of each file, (images,); files without one are groups alone.

    Raises:
        CallerError: it is not a regular expression, or no name matches it.
    """
    try:
        found = [re.search(pattern, Path(name).name) for name in names]
    except re.error as error:
        raise CallerError(f"--group {pattern}: not a regular expression ({error})", "give one, in quotes") from None
    if not any(found):
        raise CallerError(f"--group {pattern}: no file name matches, for example {names[0]}", "correct the expression")
    return np.array([match[0] if match else name for match, name in zip(found, names, strict=True)])


def labelled(config: Config, labels: Mapping[str, Any]) -> Labelled:
    """Rows of other data for `evaluate`: the test split of a data set, or a folder of images by class.

    Raises:
        CallerError: the data cannot be obtained, or do not have the classes of the run.
    """
    if config.data_dir is None:
        return of_splits(load(config), labels)
    return labelled_images(config.data_dir, labels, lambda names: _groups_of(config.group, names))


def _groups_of(pattern: str | None, names: Sequence[str]) -> Array | None:
    """The groups of other files; None where the run has no pattern, or names there are made otherwise."""
    if pattern is None:
        return None
    try:
        return named(pattern, names)
    except CallerError as error:
        say(f"note: {error.message}; the intervals take each image as independent")
        return None


def read(paths: Sequence[Path], labels: Mapping[str, Any]) -> Array:
    """Inputs for `predict`: images at the size that the model takes, (images, height, width, 3) uint8."""
    height, width, _ = labels["input_shape"]
    return read_pictures(paths, (height, width), "rgb", centre=labels["centre"])

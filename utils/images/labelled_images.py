"""A folder of images by class that a saved model is measured on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utils.base.paths import printable
from utils.datasets.labelled import Labelled, renumbered
from utils.datasets.splits import Source, Split
from utils.images import image_folders
from utils.images.decode import Mode


def labelled_images(
    root: Path, labels: Mapping[str, Any], groups: Callable[[Sequence[str]], NDArray[Any] | None] = lambda _: None
) -> Labelled:
    """The test images of a folder, or all of them if it has no test split, as the model of a run takes them.

    Args:
        root: the folder; see `image_folders.scan`.
        labels: the run's `labels.json`: classes, size, channels and centre.
        groups: from the file names to the group of each (the patient), which the intervals respect; by default none.

    Raises:
        CallerError: the classes are not those of the run; see also `image_folders.load`.
    """
    height, width, channels = labels["input_shape"]
    mode: Mode = "grey" if channels == 1 else "rgb"
    found = image_folders.load(root, (height, width), mode, centre=labels["centre"])
    targets = renumbered(f"--data-dir {root}", found.labels, found.class_names, labels["class_names"])
    rows = np.arange(len(targets))
    if found.official:
        rows = np.flatnonzero(np.array(found.official) == "test")
    names = np.array(list(map(printable, found.names)))[rows]
    split = Split(found.pictures.take(rows), targets[rows], groups(names.tolist()), names)
    source = Source(printable(found.root.resolve().name), "your folder", found.digest, simulated=False)
    return Labelled(split, source, "its test split" if found.official else "all its rows")
